import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClusterAddress } from './cluster-address.ts';
import { API, podPath } from './first-figures.ts';

export interface RoundFigures {
  readonly nodes: number;
  readonly pods: number;
  /** From the start of the process until it is ready. */
  readonly secondsToReady: number;
  /** CPU of the server over whole rounds at rest, per node and scrape. */
  readonly cpuMsPerScrape: number;
  readonly millicores: number;
  /** Resident memory at rest, and after the lists; and what of it is anonymous. */
  readonly residentMb: number;
  readonly residentAfterListsMb: number;
  readonly anonymousMb: number;
  /** All pods as JSON, read whole by a client on the same machine. */
  readonly listMs: Spread;
  readonly listBytes: number;
  /** One pod by name while rounds go on. */
  readonly podMs: Spread;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export interface RoundScenario {
  readonly nodes: number;
  readonly podsPerNode: number;
  /** How long the server is watched at rest: whole resolutions. */
  readonly rounds: number;
}

const RESOLUTION_S = 15;
const LISTS = 20;
/** Spread over a whole round. */
const GETS = 400;
const READY_WITHIN_S = 120;
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Of a clock tick in /proc, as everywhere on Linux. */
const TICKS_PER_SECOND = 100;

/**
 * Runs the real server against simulated kubelets, each in a process of its own on this machine, and
 * reads what it costs from the kernel. Ends both.
 */
export async function benchRound(
  { nodes, podsPerNode, rounds }: RoundScenario,
  progress: (line: string) => void,
): Promise<RoundFigures> {
  await using house = new AsyncDisposableStack();
  const name = `round: ${nodes} nodes x ${podsPerNode} pods`;
  progress(`${name}: starting the kubelets`);
  const folder = mkdtempSync(join(tmpdir(), 'metrics-server-bench-'));
  house.defer(() => {
    rmSync(folder, { recursive: true });
  });
  const cluster = await startCluster(nodes, podsPerNode, house);
  progress(`${name}: starting the server`);
  const startedMs = performance.now();
  const { pid, port } = await startServer(cluster, folder, house);
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    rejectUnauthorized: false,
    ...cluster.admin,
  });
  house.defer(() => {
    agent.destroy();
  });
  const get = (path: string): Promise<Answer> => fetchWhole(agent, port, path);
  while ((await get('/readyz')).code !== 200) {
    if (performance.now() - startedMs > READY_WITHIN_S * 1000) {
      throw new Error(`Cannot measure: the server is not ready after ${READY_WITHIN_S} s`);
    }
    await sleep(50);
  }
  const secondsToReady = (performance.now() - startedMs) / 1000;
  await watched(`${name}: settling`, 2 * RESOLUTION_S, progress);
  const cpuBefore = cpuSeconds(pid);
  await watched(`${name}: at rest`, rounds * RESOLUTION_S, progress);
  const cpu = cpuSeconds(pid) - cpuBefore;
  const atRest = memoryMb(pid);
  progress(`${name}: one pod, ${GETS} times`);
  const podMs = await timed(GETS, (RESOLUTION_S * 1000) / GETS, async (at) => {
    await get(podPath(cluster.steadyPods[at % cluster.steadyPods.length] ?? ''));
  });
  progress(`${name}: all pods, ${LISTS} times`);
  let listBytes = 0;
  const listMs = await timed(LISTS, 0, async () => {
    listBytes = (await get(`${API}/pods`)).bytes;
  });
  return {
    nodes,
    pods: cluster.pods,
    secondsToReady,
    cpuMsPerScrape: (cpu * 1000) / (nodes * rounds),
    millicores: (cpu * 1000) / (rounds * RESOLUTION_S),
    residentMb: atRest.resident,
    residentAfterListsMb: memoryMb(pid).resident,
    anonymousMb: atRest.anonymous,
    listMs,
    listBytes,
    podMs,
  };
}

async function startCluster(
  nodes: number,
  podsPerNode: number,
  house: AsyncDisposableStack,
): Promise<ClusterAddress> {
  const child = start('cluster-process.ts', [String(nodes), String(podsPerNode)], house);
  return JSON.parse(await firstLine(child)) as ClusterAddress;
}

async function startServer(
  cluster: ClusterAddress,
  folder: string,
  house: AsyncDisposableStack,
): Promise<{ pid: number; port: number }> {
  const port = await freePort();
  const kubeletCa = join(folder, 'kubelet-ca.pem');
  writeFileSync(kubeletCa, cluster.kubeletCa);
  const child = start('server-process.ts', [], house);
  child.stdin?.end(
    JSON.stringify({
      flags: [
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        `--cert-dir=${folder}`,
        `--metric-resolution=${RESOLUTION_S}s`,
        '--kubelet-use-node-status-port',
        '--kubelet-preferred-address-types=InternalIP',
        `--kubelet-certificate-authority=${kubeletCa}`,
      ],
      apiPort: cluster.port,
      files: {
        [`${SERVICE_ACCOUNT}/token`]: cluster.token,
        [`${SERVICE_ACCOUNT}/ca.crt`]: cluster.ca,
        [kubeletCa]: cluster.kubeletCa,
      },
    }),
  );
  await firstLine(child);
  return { pid: child.pid ?? 0, port };
}

function start(file: string, args: readonly string[], house: AsyncDisposableStack): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const flags = ['--max-semi-space-size=4', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, path, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  house.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin.end();
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  });
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('Cannot read from a process without standard output');
  const ended = once(child, 'exit').then(() => {
    throw new Error(`Cannot measure: ${child.spawnargs.join(' ')} ended early`);
  });
  const line = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  return (await Promise.race([line, ended]))[0];
}

interface Answer {
  readonly code: number;
  readonly bytes: number;
}

async function fetchWhole(agent: Agent, port: number, path: string): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, path, agent }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return { code: response.statusCode ?? 0, bytes };
}

async function timed(
  times: number,
  pauseMs: number,
  call: (at: number) => Promise<void>,
): Promise<Spread> {
  const spent: number[] = [];
  for (let at = 0; at < times; at++) {
    const startMs = performance.now();
    await call(at);
    spent.push(performance.now() - startMs);
    if (pauseMs > 0) await sleep(pauseMs);
  }
  spent.sort((one, other) => one - other);
  const quantile = (q: number): number => spent[Math.min(times - 1, Math.floor(q * times))] ?? NaN;
  return { p50: quantile(0.5), p99: quantile(0.99) };
}

async function watched(
  what: string,
  seconds: number,
  progress: (line: string) => void,
): Promise<void> {
  for (let left = seconds; left > 0; left--) {
    progress(`${what}, ${left} s left`);
    await sleep(1000);
  }
}

/** User and system time of the process so far. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function memoryMb(pid: number): { resident: number; anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { resident: kilobytes('VmRSS') / 1024, anonymous: kilobytes('RssAnon') / 1024 };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port');
  return address.port;
}
