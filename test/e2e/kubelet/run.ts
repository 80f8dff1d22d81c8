import { setTimeout as sleep } from 'node:timers/promises';
import { Standstills } from '../awake.ts';
import type { Tally } from '../tally.ts';
import type { Source } from './by-hand.ts';
import { type Tops, figuresOfWindow, readTops } from './figures.ts';
import { newcomers } from './newcomers.ts';
import { permissions } from './permissions.ts';
import type { Judged, Play } from './play.ts';
import { Readings } from './readings.ts';
import { KubeletScene } from './scene.ts';
import { firstFigures, lookBefore, secondSamples } from './start.ts';
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
  const standstills = house.use(new Standstills());
  const play: Play = { scene, witness, standstills, judged: [], check: tally.check, say };
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
    const before = await lookBefore(witness);
    if (spec.program === undefined) {
      const judged = await startJudged(scene, house, 'summary');
      play.judged.push(judged);
      // The other one is started when it has no use for the processors any longer.
      await firstFigures(play, judged, before);
    }
    play.judged.push(await startJudged(scene, house, 'resource'));
    await secondSamples(play, before);
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

/** An other program knows the second source alone, and no flag for it. */
async function startJudged(
  scene: KubeletScene,
  house: AsyncDisposableStack,
  source: Source,
): Promise<Judged> {
  const flags = scene.spec.program === undefined ? [`--kubelet-metrics-source=${source}`] : [];
  const server = house.use(await scene.startServer(source, flags));
  return { source, server, readings: house.use(new Readings(scene.ask(server))) };
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
