// `npm run e2e`: README.md in this folder.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { credentialsOf } from './kubeconfig-credentials.ts';
import { HELP, type Options, UsageError, parseOptions } from './options.ts';
import type { Need, Part } from './part.ts';
import { PARTS } from './parts.ts';
import { runKubelet } from './kubelet/run.ts';
import { Plane } from './plane.ts';
import { NoControlPlaneError, findPrograms } from './programs.ts';
import { findRealPrograms } from './real-node/cluster.ts';
import { isInside, startAgainInside } from './real-node/namespace.ts';
import { NoRealNodeError } from './real-node/programs.ts';
import { Scene, type SceneSpec } from './scene.ts';
import { Tally } from './tally.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The first signal ends everything in good order; the next one ends this process, and its children, at once. */
function signalOfUser(): AbortSignal {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(INTERRUPTED);
      say(`Ending everything after ${name} ...`);
      ending.abort(new Interrupted(`Ended by ${name}`));
    });
  }
  return ending.signal;
}

/** What is under way is left to itself once the signal aborts: everything that it speaks to ends then. */
async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** What a shell says of a program that was ended by Ctrl-C. */
const INTERRUPTED = 130;
const EXIT_CODES = [
  [UsageError, 2],
  [NoControlPlaneError, 3],
  [NoRealNodeError, 3],
  [Interrupted, INTERRUPTED],
] as const;

type Surroundings = Omit<SceneSpec, 'folder' | 'program' | 'signal'>;

/** A cluster of the user's, or a plane of our own, which ends with the house. */
async function findCluster(
  folder: string,
  house: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Surroundings> {
  const { env } = process;
  const kubeconfig = env['E2E_KUBECONFIG'] ?? '';
  const host = env['E2E_HOST'] ?? 'localhost';
  if (kubeconfig !== '') {
    const cluster = await credentialsOf(kubeconfig);
    say(`Cluster: ${cluster.server} (E2E_KUBECONFIG)`);
    const without = { plane: undefined, clients: undefined, planeKubectl: undefined };
    return { cluster, kubeconfig, controllers: true, host, ...without };
  }
  const programs = await findPrograms(env, signal, say);
  const startedMs = performance.now();
  const plane = house.use(await Plane.start(programs, folder, signal));
  const { authorities, url, admin, controllers } = plane;
  say(
    `Control plane: ${url}, ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  return {
    cluster: { server: url, caPem: authorities.cluster.certPem, identity: admin },
    kubeconfig: plane.kubeconfig,
    plane,
    controllers,
    clients: programs.clients,
    planeKubectl: programs.kubectl,
    host,
  };
}

function missingFor({ needs }: Part, surroundings: Surroundings): Need[] {
  const has: Readonly<Record<Need, unknown>> = {
    'own plane': surroundings.plane,
    controllers: surroundings.controllers,
    'Go clients': surroundings.clients,
    'kubectl of the plane': surroundings.planeKubectl,
  };
  return needs.filter((need) => has[need] === undefined || has[need] === false);
}

async function runParts(scene: Scene, { only }: Options, tally: Tally): Promise<void> {
  const chosen = PARTS.filter(
    ({ name }) => only.length === 0 || only.some((text) => name.includes(text)),
  );
  if (chosen.length === 0) {
    const names = PARTS.map(({ name }) => `"${name}"`).join(', ');
    throw new UsageError(`--only: no part is named so; there are ${names}`);
  }
  for (const part of chosen) {
    const missing = missingFor(part, scene.spec);
    if (missing.length > 0) {
      tally.skip(part, missing, process.env['CI'] === 'true');
      continue;
    }
    say(`== ${part.name}`);
    try {
      await part.run(scene, tally.check);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      tally.fail(part.name, error);
    }
  }
}

/** Until the user ends it. */
async function stay(scene: Scene): Promise<never> {
  say(
    [
      `The cluster runs: export KUBECONFIG=${scene.kubectl.kubeconfig}`,
      `metrics-server   https://127.0.0.1:${scene.server.port}, pid ${scene.server.pid}`,
      'Ctrl-C ends everything.',
    ].join('\n'),
  );
  return new Promise(() => undefined);
}

interface Play {
  readonly options: Options;
  readonly folder: string;
  readonly house: AsyncDisposableStack;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

async function play({ options, folder, house, tally, signal }: Play): Promise<void> {
  if (options.kubelet) {
    await runKubelet({ folder, house, signal, say, check: tally.check });
    return;
  }
  const surroundings = await findCluster(folder, house, signal);
  const scene = house.use(
    await Scene.create({ ...surroundings, folder, program: options.server, signal }),
  );
  await (options.clusterOnly ? stay(scene) : runParts(scene, options, tally));
}

/** Gets ready what needs the network, and starts this program again where there is none. */
async function playInside(words: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    await findRealPrograms(process.env, signal, say);
  } catch (error) {
    if (!(error instanceof NoRealNodeError)) throw error;
    if (process.env['CI'] === 'true') throw error;
    say(`SKIPPED kubelet: ${error.message}`);
    return 0;
  }
  return startAgainInside(words);
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const signal = signalOfUser();
  if (options.kubelet && !isInside(process.env)) return playInside(words, signal);
  const tally = new Tally(say, signal);
  const folder = await mkdtemp(join(tmpdir(), 'metrics-server-e2e-'));
  {
    await using house = new AsyncDisposableStack();
    house.defer(async () => {
      if (options.keep) say(`Kept: ${folder}`);
      else await rm(folder, { recursive: true, force: true });
    });
    await unlessAborted(play({ options, folder, house, tally, signal }), signal);
  }
  say(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const code = EXIT_CODES.find(([kind]) => error instanceof kind)?.[1];
  if (code === undefined) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  // What was left to itself may still wait for something.
  process.exit(code);
}
