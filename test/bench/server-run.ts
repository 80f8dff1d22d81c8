import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../../src/simulator/server-process.ts';
import { goesWithUs } from '../e2e/last-resort.ts';
import { Children } from './children.ts';
import type { ClusterAddress } from './cluster-address.ts';
import { type Contestant, commandLine } from './contestant.ts';
import { type Means, asPod } from './launch.ts';
import { LoadClient } from './load-client-process.ts';

const LISTEN_WITHIN_MS = 60_000;
const LAST_WORDS = 12;
const ANSWER_WITHIN_MS = 10_000;

/** A metrics server that runs, and whoever asks it. */
export interface RunningServer {
  readonly pid: number;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly client: LoadClient;
  /** When it was started and when it listened, on the monotonic clock. */
  readonly startedMs: number;
  readonly listeningMs: number;
  /** Rejects with its last words when it ended by itself. */
  readonly check: () => Promise<void>;
  /** Of its event loop, since it was asked last, in ms; only where somebody watches it. */
  readonly longestDelayMs: () => Promise<number>;
  /** All that it has written so far. */
  readonly readLog: () => Promise<string>;
}

/** What of a cluster a server and its client need. */
type Surrounding = Pick<
  ClusterAddress,
  'port' | 'token' | 'ca' | 'kubeletCa' | 'kubeconfig' | 'admin'
>;

/** Starts one of the two against the cluster. It ends with the house. */
export async function startServer(
  contestant: Contestant,
  cluster: Surrounding,
  means: Means,
  house: AsyncDisposableStack,
): Promise<RunningServer> {
  const folder = goesWithUs(mkdtempSync(join(tmpdir(), 'metrics-server-bench-')));
  house.defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const children = new Children(means.pins, house);
  const port = await freePort();
  const client = await LoadClient.start(children, port, cluster);
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  file('token', cluster.token);
  file('ca.crt', cluster.ca);
  file('namespace', 'kube-system');
  const words = commandLine(contestant, {
    port,
    certDir: folder,
    kubeletCa: file('kubelet-ca.crt', cluster.kubeletCa),
    kubeconfig: means.canBePod ? undefined : file('kubeconfig', cluster.kubeconfig),
  });
  const loopFile = join(folder, 'loop');
  const env = {
    ...process.env,
    BENCH_LOOP_FILE: loopFile,
    ...contestant.env,
    ...(means.canBePod && {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(cluster.port),
    }),
  };
  const startedMs = performance.now();
  const logFile = join(folder, 'log');
  const server = await children.startServer(
    means.canBePod ? asPod(words, folder) : words,
    env,
    logFile,
  );
  const check = (): Promise<void> => throwIfEnded(server, contestant);
  const listeningMs = await whenListening(port, check);
  const readLog = (): Promise<string> => readFile(logFile, 'utf8');
  const longestDelayMs = (): Promise<number> => askLoop(server.pid, loopFile, check);
  const { pid } = server;
  return { pid, port, client, startedMs, listeningMs, check, longestDelayMs, readLog };
}

async function askLoop(pid: number, file: string, check: () => Promise<void>): Promise<number> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const deadlineMs = performance.now() + ANSWER_WITHIN_MS;
  while (!existsSync(file)) {
    await check();
    if (performance.now() > deadlineMs) {
      throw new Error('Cannot measure: nobody watches the event loop of the server');
    }
    await sleep(10);
  }
  return Number(await readFile(file, 'utf8'));
}

async function throwIfEnded(server: ServerProcess, { name }: Contestant): Promise<void> {
  const end = await Promise.race([server.ended, Promise.resolve(undefined)]);
  if (!end) return;
  const words = await server.lastWords(LAST_WORDS);
  throw new Error(`Cannot measure: the server (${name}) ${end.reason}. Its last words:\n${words}`);
}

async function whenListening(port: number, check: () => Promise<void>): Promise<number> {
  const deadlineMs = performance.now() + LISTEN_WITHIN_MS;
  while (!(await isListening(port))) {
    await check();
    if (performance.now() > deadlineMs) {
      throw new Error(`Cannot measure: nobody listens after ${LISTEN_WITHIN_MS / 1000} s`);
    }
    await sleep(10);
  }
  return performance.now();
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const tell = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => {
      tell(true);
    });
    socket.once('error', () => {
      tell(false);
    });
  });
}

/** That nobody else listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port');
  return address.port;
}
