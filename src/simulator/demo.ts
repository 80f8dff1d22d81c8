import { createServer, type AddressInfo } from 'node:net';
import { relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { type DemoFiles, serverArguments, writeDemoFiles } from './demo-files.ts';
import type { DemoOptions } from './demo-options.ts';
import { Faults } from './faults.ts';
import { Progress, type Screen } from './progress.ts';
import { addReplay, readCaptures } from './replay.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { type TopFigures, topLine, topTables } from './top-tables.ts';
import type { TopAnswer, Witness } from './witness.ts';
import { loadWorldFolder } from './world-folder.ts';
import { type World, createWorld } from './world.ts';

export interface DemoSurroundings {
  readonly out: Screen;
  readonly err: Screen;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  /** The Node to run the server with, and the server's entry. */
  readonly execPath: string;
  readonly serverEntry: string;
  /** Ends the demo, which is no failure. */
  readonly signal: AbortSignal;
  /** Has something done at the very end of this process, also when a mistake ends it. */
  readonly atExit: (last: () => void) => void;
}

/** Why the demo cannot go on, said to people. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

const DEFAULT_PODS = 60;
/** A healthy server needs three seconds, thousands of nodes longer, and under some faults nothing ever comes. */
const AVAILABLE_WITHIN_MS = 30_000;
const FIRST_FIGURES_WITHIN_MS = 15_000;
const POLL_MS = 200;
/** Between two looks: on a terminal, and else once a scrape round. */
const REDRAW_MS = 2000;
const ROUND_MS = 15_000;
/** A Ctrl-C reaches the server, too; if it is gone a moment before the signal reaches us, that is no failure. */
const SIGNAL_LAG_MS = 300;
const LAST_WORDS = 12;

/** Runs the demo until the signal aborts. Rejects with a DemoError when it cannot go on. */
export async function runDemo(options: DemoOptions, around: DemoSurroundings): Promise<void> {
  const { err, clock, signal } = around;
  await using house = new AsyncDisposableStack();
  const progress = new Progress(err, () => clock.monotonicMs());
  const cluster = house.use(
    await progress.step(
      'Simulated cluster',
      () => startCluster(options, around),
      (started) =>
        `${started.world.nodes().length} nodes, ${runningPods(started.world)} running pods`,
    ),
  );
  const files = await given('--folder', () => writeDemoFiles(resolve(options.folder), cluster));
  const port = await freePort();
  const server = house.use(
    await progress.step(
      'metrics-server process',
      () => startServer(files, port, around),
      (started) => `pid ${started.pid}`,
    ),
  );
  around.atExit(() => {
    server.kill();
  });
  cluster.registerMetricsServer('127.0.0.1', port, { probesReadiness: true });
  const watch = watchServer(server, signal);
  // The client takes half a second to load, which is time that the server needs anyway.
  const loading = connectWitness(files);
  const isAvailable = await stepOfAvailability(progress, err, () =>
    Promise.race([untilAvailable(cluster, signal), watch]),
  );
  const witness = house.use(await loading);
  const figures = isAvailable
    ? await progress.step(
        'First figures',
        () => Promise.race([firstFigures(witness, cluster.world, around), watch]),
        (first) => (first ? topLine(first) : 'none yet'),
      )
    : undefined;
  if (signal.aborted) return;
  around.out.write(introduction(options, { cluster, files, port, server }));
  await Promise.race([show(witness, figures, around), watch]);
}

async function startCluster(options: DemoOptions, { clock }: DemoSurroundings): Promise<Cluster> {
  const world = await makeWorld(options, clock);
  const faults = new Faults({ clock });
  const last = world.nodes().at(-1)?.name;
  for (const { fault, nodeName = last } of options.faults) {
    if (nodeName !== 'all' && nodeName !== undefined && !world.node(nodeName)) {
      throw new DemoError(`--fault: there is no node "${nodeName}"`);
    }
    faults.set(fault.kind, {
      nodeName: nodeName === 'all' ? undefined : nodeName,
      value: fault.value,
    });
  }
  try {
    return await createCluster({ world, faults, clock, port: options.port });
  } catch (error) {
    if (!isPortProblem(error)) throw error;
    const reason = error.code === 'EADDRINUSE' ? 'another process listens there' : error.code;
    throw new DemoError(
      `--port: cannot listen on 127.0.0.1:${options.port}: ${reason}. Choose another port, or none for any free one.`,
      { cause: error },
    );
  }
}

function isPortProblem(error: unknown): error is Error & { code: string } {
  return (
    Error.isError(error) &&
    'code' in error &&
    (error.code === 'EADDRINUSE' || error.code === 'EACCES')
  );
}

async function makeWorld(options: DemoOptions, clock: Clock): Promise<World> {
  const { nodes, podsPerNode } = options;
  const world =
    options.world === undefined
      ? createWorld({
          nodes,
          ...(podsPerNode === undefined ? { pods: DEFAULT_PODS } : { podsPerNode }),
          clock,
        })
      : await given('--world', () => loadWorldFolder(options.world ?? '', { clock }));
  if (options.replay.length > 0) {
    await given('--replay', async () => addReplay(world, await readCaptures(options.replay)));
  }
  return world;
}

/** Turns what is wrong with files into words about the flag that named them. */
async function given<Result>(flag: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    throw new DemoError(`${flag}: ${Error.isError(cause) ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function startServer(
  files: DemoFiles,
  port: number,
  { execPath, serverEntry, env }: DemoSurroundings,
): Promise<ServerProcess> {
  return startServerProcess({
    command: execPath,
    arguments: [serverEntry, ...serverArguments(files, port)],
    env,
    logFile: files.log,
  });
}

/** A port that is free now. That somebody takes it before the server does is possible, and then said by the server. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

/** Resolves when the demo is to end; rejects when the server ended by itself. */
async function watchServer(server: ServerProcess, signal: AbortSignal): Promise<undefined> {
  const end = await Promise.race([server.ended, aborted(signal)]);
  if (end === undefined) return undefined;
  await Promise.race([sleep(SIGNAL_LAG_MS), aborted(signal)]);
  if (signal.aborted) return undefined;
  const words = await server.lastWords(LAST_WORDS);
  throw new DemoError(`metrics-server ${end.reason}. Its last words:\n${words}`);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((done) => {
    if (signal.aborted) done(undefined);
    signal.addEventListener(
      'abort',
      () => {
        done(undefined);
      },
      { once: true },
    );
  });
}

/** That it takes too long is no reason to end: with faulty kubelets, it is what one wants to see. */
async function stepOfAvailability(
  progress: Progress,
  err: Screen,
  wait: () => Promise<void>,
): Promise<boolean> {
  try {
    await progress.step('Metrics API available', wait);
    return true;
  } catch (error) {
    if (!(error instanceof NotAvailableError)) throw error;
    err.write(`  ${error.message}\n`);
    return false;
  }
}

/** Rejects with a NotAvailableError when it takes too long. */
async function untilAvailable(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(AVAILABLE_WITHIN_MS);
  try {
    await cluster.whenMetricsAvailable(AbortSignal.any([signal, deadline]));
  } catch (cause) {
    if (signal.aborted) return;
    if (!deadline.aborted) throw cause;
    const { reason = '', message = '' } = cluster.metricsAvailability() ?? {};
    throw new NotAvailableError(`${reason}: ${message}`, { cause });
  }
}

class NotAvailableError extends Error {
  override readonly name = 'NotAvailableError';
}

async function connectWitness(files: DemoFiles): Promise<Witness> {
  const { Witness: Client } = await import('./witness.ts');
  return new Client(files.kubeconfig);
}

/** Undefined when there are none for a while: the demo then goes on without. */
async function firstFigures(
  witness: Witness,
  world: World,
  { signal, clock }: DemoSurroundings,
): Promise<TopFigures | undefined> {
  const startMs = clock.monotonicMs();
  const hasPods = runningPods(world) > 0;
  while (!signal.aborted && clock.monotonicMs() - startMs < FIRST_FIGURES_WITHIN_MS) {
    const { figures } = await witness.top();
    const areThere = figures && figures.nodes.length > 0 && (figures.pods.length > 0 || !hasPods);
    if (areThere) return figures;
    await sleep(POLL_MS);
  }
  return undefined;
}

interface Running {
  readonly cluster: Cluster;
  readonly files: DemoFiles;
  readonly port: number;
  readonly server: ServerProcess;
}

function introduction(options: DemoOptions, { cluster, files, port, server }: Running): string {
  const { world } = cluster;
  const [first] = world.pods();
  const here = (path: string): string => relative('.', path) || '.';
  const faults = options.faults.map(({ fault, nodeName }) => {
    return `  fault             ${fault.kind} on ${nodeName ?? world.nodes().at(-1)?.name ?? ''}`;
  });
  return [
    '',
    'Running:',
    `  kube-apiserver    ${cluster.url} (simulated)`,
    `  kubelets          ${world.nodes().length} on 127.0.0.1, with ${runningPods(world)} running pods in ${world.namespaces().length} namespaces (simulated)`,
    `  metrics-server    https://127.0.0.1:${port}, pid ${server.pid}, log in ${here(files.log)}`,
    ...faults,
    `  kubeconfig        ${resolve(files.kubeconfig)}`,
    '',
    'Try in another terminal:',
    `  export KUBECONFIG=${resolve(files.kubeconfig)}`,
    '  kubectl top nodes',
    '  kubectl top pods -A --sort-by=cpu',
    `  kubectl top pod ${first?.name ?? 'NAME'} -n ${first?.namespace ?? 'NAMESPACE'} --containers`,
    '  kubectl get podmetrics -A',
    '  kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes',
    '  kubectl get apiservice v1beta1.metrics.k8s.io',
    '  kubectl --context nobody top nodes     (a user without rights)',
    'Ctrl-C ends everything.',
    '',
    '',
  ].join('\n');
}

/** The others wait for a node, or have ended: they are in the API and have no figures. */
function runningPods(world: World): number {
  return world.pods().filter(({ object }) => object.status.phase === 'Running').length;
}

/** Shows the figures again and again: in place on a terminal, else one line a round. */
async function show(
  witness: Witness,
  first: TopFigures | undefined,
  { out, clock, signal }: DemoSurroundings,
): Promise<void> {
  const isTerminal = out.isTTY === true;
  let drawn = 0;
  let answer: TopAnswer = first ? { figures: first } : await witness.top();
  while (!signal.aborted) {
    const { figures } = answer;
    const problem = figures ? '' : `The metrics API cannot be read: ${answer.problem}`;
    if (isTerminal) {
      drawn = redraw(out, figures ? topTables(figures, rowsOf(out) - 1) : [problem], drawn);
    } else {
      const time = new Date(clock.nowMs()).toISOString();
      out.write(`${time} ${figures ? topLine(figures) : problem}\n`);
    }
    await Promise.race([sleep(isTerminal ? REDRAW_MS : ROUND_MS), aborted(signal)]);
    // What is asked while everything ends may fail, and is of no interest.
    answer = (await Promise.race([witness.top(), aborted(signal)])) ?? answer;
  }
}

function rowsOf({ rows }: Screen): number {
  return rows === undefined || rows === 0 ? 24 : rows;
}

/** Draws over the lines of the last time. Returns how many lines there are now. */
function redraw(out: Screen, lines: readonly string[], drawn: number): number {
  const back = drawn === 0 ? '' : `\u001B[${drawn}A\r\u001B[J`;
  // A terminal may not know its size, and then says 0.
  const width = out.columns === undefined || out.columns === 0 ? 80 : out.columns;
  out.write(`${back}${lines.map((line) => line.slice(0, width)).join('\n')}\n`);
  return lines.length;
}
