import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_NAME } from '../real-node/cluster.ts';
import type { Tally } from '../tally.ts';
import type { Source } from './by-hand.ts';
import { type Tops, figuresOfWindow, readTops } from './figures.ts';
import { expectedContainers } from './loads.ts';
import { newcomers } from './newcomers.ts';
import { permissions } from './permissions.ts';
import type { Judged, Play } from './play.ts';
import { Readings } from './readings.ts';
import { KubeletScene } from './scene.ts';
import { lookBefore, startOfServers } from './start.ts';
import { Witness } from './witness.ts';

/** A kubelet knows the rate of every container then, and no longer asks the runtime for it. */
const SETTLED_MS = 30_000;
/** From the start of the pods to the first reading that counts, and from there to the last one. */
const WARM_MS = 60_000;
const WINDOW_MS = 120_000;

interface Run {
  readonly folder: string;
  /** What is started ends with it. */
  readonly house: AsyncDisposableStack;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly tally: Tally;
  /** The program to be judged; ours unless told. */
  readonly program: string | undefined;
}

/**
 * Tries the metrics server against a real kubelet. Two servers, one for each source, read the same pods, so that the
 * minutes which a figure needs are spent once.
 */
export async function runKubelet({ house, tally, ...spec }: Run): Promise<void> {
  const { say, signal } = spec;
  const { scene, witness } = await tally.during('real kubelet', async () => {
    const made = house.use(await KubeletScene.start(spec));
    return { scene: made, witness: house.use(new Witness(made.kubelet())) };
  });
  const runningMs = performance.now();
  const play: Play = { scene, witness, judged: [], check: tally.check, say };
  const part = async (name: string, run: () => Promise<void>): Promise<void> => {
    try {
      await tally.during(name, run);
    } catch (error) {
      signal.throwIfAborted();
      await tally.fail(name, error);
    }
  };
  await part('start of a server', async () => {
    await sleep(SETTLED_MS);
    const before = await lookBefore(witness, expectedContainers(NODE_NAME));
    play.judged.push(...(await startJudged(scene, house)));
    await startOfServers(play, before);
  });
  const sinceMs = Math.max(performance.now(), runningMs + WARM_MS);
  const tops = Promise.all(play.judged.map((judged) => topsOf(scene, judged, sinceMs)));
  // Whoever waits for them comes later, or never.
  tops.catch(() => undefined);
  if (spec.program === undefined) await part('permissions', () => permissions(play));
  await part('new pods', () => newcomers(play));
  await part('figures of two minutes', async () => {
    const read = await tops;
    const pause = (witness.longestPauseMs / 1000).toFixed(1);
    say(`        the longest pause between two answers of the kubelet was ${pause} s`);
    for (const [judged, table] of read) {
      await figuresOfWindow(play, judged, { sinceMs, tops: table });
    }
    witness.throwIfTroubled();
  });
}

/** Both at the same time. An other program knows the second source alone, and no flag for it. */
async function startJudged(scene: KubeletScene, house: AsyncDisposableStack): Promise<Judged[]> {
  const judge = async (source: Source, flags: readonly string[]): Promise<Judged> => {
    const server = house.use(await scene.startServer(source, flags));
    return { source, server, readings: house.use(new Readings(scene.ask(server))) };
  };
  if (scene.spec.program !== undefined) return [await judge('resource', [])];
  const flag = '--kubelet-metrics-source=';
  return [await judge('summary', [`${flag}summary`]), await judge('resource', [`${flag}resource`])];
}

/** What kubectl shows: of the first server through the aggregator, of the other one directly. */
async function topsOf(
  scene: KubeletScene,
  judged: Judged,
  sinceMs: number,
): Promise<[Judged, Tops]> {
  const { source, server } = judged;
  const untilMs = sinceMs + WINDOW_MS;
  if (source === 'summary') {
    await scene.register(server);
    await sleep(Math.max(0, sinceMs - performance.now()));
    return [judged, await readTops(scene.cluster.kubectl, untilMs)];
  }
  await using kubectl = await scene.kubectlAt(server, source);
  await sleep(Math.max(0, sinceMs - performance.now()));
  return [judged, await readTops(kubectl, untilMs)];
}
