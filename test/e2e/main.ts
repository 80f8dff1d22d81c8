// `npm run e2e`: README.md in this folder.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { takeResults } from '../support/results.ts';
import { INTERRUPTED, Interrupted, signalOfUser, unlessAborted } from './interruption.ts';
import { runInCluster } from './in-cluster/run.ts';
import { buildVersions } from './in-cluster/whole-cluster.ts';
import { runKubelet } from './kubelet/run.ts';
import { goesWithUs, leaveNothingBehind } from './last-resort.ts';
import { Logs } from './logs.ts';
import { NoImageBuildError } from './oci/carry-out.ts';
import { HELP, type Options, UsageError, parseOptions } from './options.ts';
import type { Part } from './part.ts';
import { PARTS } from './parts.ts';
import { NoControlPlaneError } from './programs.ts';
import { findRealPrograms } from './real-node/cluster.ts';
import { isInside, startAgainInside } from './real-node/namespace.ts';
import { NoRealNodeError } from './real-node/programs.ts';
import { Scene } from './scene.ts';
import { findSurroundings, missingFor } from './surroundings.ts';
import { Tally } from './tally.ts';

const EXIT_CODES = [
  [UsageError, 2],
  [NoControlPlaneError, 3],
  [NoRealNodeError, 3],
  [NoImageBuildError, 3],
  [Interrupted, INTERRUPTED],
] as const;

/** Of an error whose message is for people; undefined of any other. */
function codeOf(error: unknown): number | undefined {
  return EXIT_CODES.find(([kind]) => error instanceof kind)?.[1];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isInCi(): boolean {
  return process.env['CI'] === 'true';
}

/** @throws UsageError when a text is in no name. */
function choose({ only }: Options): readonly Part[] {
  const isIn = (text: string) => PARTS.some(({ name }) => name.includes(text));
  if (!only.every(isIn)) {
    const names = PARTS.map(({ name }) => `"${name}"`).join(', ');
    throw new UsageError(`--only: no part is named so; there are ${names}`);
  }
  return PARTS.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
}

interface Play {
  readonly options: Options;
  readonly folder: string;
  readonly house: AsyncDisposableStack;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/** Everything that was asked for; what was begun in it ends with the house. */
async function play(spec: Play): Promise<void> {
  const { options, folder, house, tally, signal } = spec;
  if (options.kubelet) {
    const program = options.server;
    await unlessAborted(runKubelet({ folder, house, signal, say, tally, program }), signal);
    return;
  }
  if (options.inCluster) {
    await unlessAborted(runInCluster({ folder, house, signal, say, tally }), signal);
    return;
  }
  const chosen = choose(options);
  // It looks at the signal itself, so that a cluster of the user's is left as it was.
  const scene = await tally.during('setting up', async () => {
    const surroundings = await findSurroundings({ folder, house, signal, say });
    const spec = { ...surroundings, folder, program: options.server, signal };
    return house.use(await Scene.create(spec));
  });
  await unlessAborted(options.clusterOnly ? stay(scene) : runParts(chosen, scene, tally), signal);
}

async function runParts(chosen: readonly Part[], scene: Scene, tally: Tally): Promise<void> {
  for (const part of chosen) {
    const missing = missingFor(part, scene.spec);
    if (missing.length > 0) {
      tally.skip(part.name, missing);
      continue;
    }
    try {
      await tally.during(part.name, () => part.run(scene, tally.check));
    } catch (error) {
      scene.spec.signal.throwIfAborted();
      await tally.fail(part.name, error);
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

/** Tells how it went, as long as the logs are there. Rejects with errors that are not about a part. */
async function playAndTell(spec: Omit<Play, 'house'>, close: () => void): Promise<void> {
  const { tally, signal } = spec;
  await using house = new AsyncDisposableStack();
  try {
    await play({ ...spec, house });
  } catch (error) {
    if (signal.aborted) {
      const interruption = signal.reason as Interrupted;
      // Where nobody sits before it, something hung: that is a result.
      if (isInCi()) {
        await tally.interrupted(interruption.message);
        close();
      }
      throw interruption;
    }
    if (codeOf(error) !== undefined) throw error;
    await tally.fail(tally.current, error);
  }
}

/** Gets ready what needs the network, and starts this program again where there is none. */
async function playInside(
  words: readonly string[],
  options: Options,
  signal: AbortSignal,
): Promise<number> {
  try {
    await findRealPrograms(process.env, signal, say);
    if (options.inCluster) await buildVersions({ env: process.env, signal, say });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NoRealNodeError || error instanceof NoImageBuildError)) throw error;
    if (isInCi()) throw error;
    say(`SKIPPED ${options.inCluster ? 'in-cluster' : 'kubelet'}: ${error.message}`);
    return 0;
  }
  // Who is killed with its namespaces leaves what it wrote to us.
  process.env['TMPDIR'] = await makeFolder(options);
  return startAgainInside(words);
}

async function makeFolder({ keep }: Options): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'metrics-server-e2e-'));
  return keep ? folder : goesWithUs(folder);
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  leaveNothingBehind();
  const signal = signalOfUser(say);
  const isReal = options.kubelet || options.inCluster;
  if (isReal && !isInside(process.env)) return playInside(words, options, signal);
  const leaveResults = takeResults(process.env);
  const folder = await makeFolder(options);
  const tally = new Tally({ say, signal, logs: new Logs(folder), isCi: isInCi() });
  const close = (): void => {
    leaveResults(tally);
    say(`\n${[...tally.table(), '', ...tally.failedTests()].join('\n')}`);
    say(`${tally.passed} passed, ${tally.failed} failed`);
  };
  try {
    await playAndTell({ options, folder, tally, signal }, close);
  } finally {
    if (options.keep) say(`Kept: ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
  close();
  // Everything was tried; whoever ended the rest of it is told so all the same.
  signal.throwIfAborted();
  return tally.failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const code = codeOf(error);
  if (code === undefined) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  // What was left to itself may still wait for something.
  process.exit(code);
}
