import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/clock.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { loadWorldFolder } from '../../src/simulator/world-folder.ts';
import { OWN_EXCHANGES } from './exchanges.ts';

const SERVER_ENTRY = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const GRACE_MS = 5000;

/** The nodes of the recorded world whose kubelets answer. */
export const ANSWERING_NODES = ['alpha', 'beta', 'gamma'] as const;

/**
 * The recorded world in a simulated cluster: kubelets that give their first answer once, to whoever asks
 * first, and their second one for ever. Each of the two sources counts for itself, so one cluster is good
 * for one server of each.
 */
export async function startRecordedCluster(port = 0): Promise<Cluster> {
  const world = await loadWorldFolder(join(OWN_EXCHANGES, 'world'), { clock: systemClock });
  return createCluster({ world, port });
}

/** The command line that the real server was recorded with (exchanges/README.md), but for its port. */
export function recordedFlags(port: number): string[] {
  return [
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--kubelet-preferred-address-types=InternalIP',
    '--kubelet-use-node-status-port',
    '--kubelet-insecure-tls',
    '--metric-resolution=15s',
  ];
}

/** What a server outside of the cluster needs besides: who it is there, and a place for its certificate. */
export function clusterFlags(kubeconfig: string, certDir: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--cert-dir=${certDir}`,
  ];
}

/** Our server as a process of its own. Disposing it ends it and removes its files. */
export class OwnServer implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
  }

  /** Resolves when the process runs; it may not listen yet. */
  static async start(cluster: Cluster, source: string): Promise<OwnServer> {
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, cluster.kubeconfig('metrics-server'), { mode: 0o600 });
    const flags = [
      ...recordedFlags(port),
      ...clusterFlags(kubeconfig, folder),
      `--kubelet-metrics-source=${source}`,
    ];
    await using log = await open(join(folder, 'log'), 'w');
    const child = spawn(process.execPath, [SERVER_ENTRY, ...flags], {
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    return new OwnServer(port, child, folder);
  }

  /** Rejects with the last words of the process when it ended by itself. */
  async check(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    const log = await readFile(join(this.#folder, 'log'), 'utf8');
    const lastWords = log.trimEnd().split('\n').slice(-12).join('\n');
    throw new Error(`The server ended by itself. Its last words:\n${lastWords}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const ended = isOver ? undefined : once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await ended;
    clearTimeout(impatience);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
