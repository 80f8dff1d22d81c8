import assert from 'node:assert/strict';
import { eventually } from '../eventually.ts';
import { NODE_NAME } from '../real-node/cluster.ts';
import { NODE } from './kubelet-answers.ts';
import { HALF_CRASH, expectedContainers, limitsMilliCores } from './loads.ts';
import type { Judged, Play } from './play.ts';

/** Busy loops run for half a minute by then. */
const RATES_WITHIN_MS = 30_000;
/** docs/design.md 1. */
const BUSY_WITHIN_MS = 3_000;
/** Until then it is told how late they were. */
const LATEST_MS = 20_000;
/** Two resolutions: how soon is judged by the figures. */
const FIRST_SCRAPE_WITHIN_MS = 30_000;
/** After its second scrape a server falls into its stride: up to 5 s more than a resolution of 15 s, and a moment. */
const SCRAPED_WITHIN_MS = 20_000 + 2_500;
/**
 * A second sample of an idle container comes after 29 s at most. A resolution is a little shorter than the round of
 * the container that crashes: four scrapes in a row may meet it.
 */
const IDLE_WITHIN_MS = 90_000;
const SCRAPED = /^metrics_server_kubelet_last_request_time_seconds\{/m;

/** Of the node and pods, by what the kubelet said before a server was started. */
export interface Before {
  /** The node, and pods of one container that works all the time: their rates are positive at every moment. */
  readonly busy: readonly string[];
  /** All others: their kubelet may give them a rate of 0, which is not served. */
  readonly others: readonly string[];
}

/** Waits until the kubelet gives a positive rate to everything that works. */
export async function lookBefore(witness: Play['witness']): Promise<Before> {
  const steady = [...expectedContainers(NODE_NAME)].filter(
    ([pod, [name, ...beside]]) =>
      pod !== HALF_CRASH &&
      beside.length === 0 &&
      limitsMilliCores(NODE_NAME).has(`${pod}/${name}`),
  );
  await eventually(RATES_WITHIN_MS, async () => {
    const samples = await witness.summary();
    const without = [NODE, ...steady.map(([pod, [name]]) => `${pod}/${name}`)].filter(
      (key) => !((samples.get(key)?.nanoCores ?? 0) > 0),
    );
    assert.deepEqual(without, []);
  });
  assert.ok(steady.length >= 5, `only ${steady.length} pods work all the time`);
  const busy = [NODE, ...steady.map(([pod]) => pod)];
  const others = [...expectedContainers(NODE_NAME).keys()].filter((pod) => !busy.includes(pod));
  assert.ok(others.length > 2, `only ${others.join(', ')} may be idle`);
  return { busy, others };
}

/** Of a server that reads the summary and was started a moment ago. */
export async function firstFigures(play: Play, judged: Judged, { busy }: Before): Promise<void> {
  const { check, say, standstills } = play;
  const { readings, server } = judged;
  const sinceStart = (key: string): number =>
    standstills.awakeMs(server.startedMs, readings.firstMs(key) ?? Number.POSITIVE_INFINITY);
  await check(
    'summary: the node and every pod that works have figures 3 s after the start of a server',
    async () => {
      await eventually(LATEST_MS, async () => {
        await server.throwIfEnded();
        assert.deepEqual(
          busy.filter((key) => sinceStart(key) === Number.POSITIVE_INFINITY),
          [],
        );
      });
      const latestMs = Math.max(...busy.map(sinceStart));
      say(`        ${busy.length - 1} pods and the node: after ${seconds(latestMs)} s`);
      assert.ok(latestMs <= BUSY_WITHIN_MS, `after ${seconds(latestMs)} s`);
    },
  );
}

/** Of servers that were started a moment ago. */
export async function secondSamples(play: Play, { busy, others }: Before): Promise<void> {
  const { check, say } = play;
  const scraped = new Map(
    await Promise.all(
      play.judged.map(async (judged) => [judged, await scrapedOnceMs(play, judged)] as const),
    ),
  );
  for (const judged of play.judged) {
    const { source, server, readings } = judged;
    const rest = source === 'summary' ? others : [...busy, ...others];
    const who = source === 'summary' ? 'every other pod has' : 'everything has';
    await check(`${source}: ${who} figures with the second sample`, async () => {
      await eventually(IDLE_WITHIN_MS, () => {
        assert.deepEqual(
          rest.filter((key) => readings.firstMs(key) === undefined),
          [],
        );
        return Promise.resolve();
      });
      const scrapedMs = scraped.get(judged) ?? Number.NaN;
      // Until a scrape finds the container that crashes away, its pod is not complete, however often it was sampled.
      const steady = rest.filter((key) => key !== HALF_CRASH);
      for (const key of steady) assertWithSecondSample(play, judged, { key, scrapedMs });
      const lastMs = Math.max(...rest.map((key) => readings.firstMs(key) ?? Number.NaN));
      say(`        ${rest.length} of them: after ${seconds(lastMs - server.startedMs)} s`);
    });
  }
}

/** The moment when a server said that a scrape of its kubelet had ended, monotonic ms. */
async function scrapedOnceMs({ scene }: Play, { server }: Judged): Promise<number> {
  using client = scene.ask(server);
  return await eventually(FIRST_SCRAPE_WITHIN_MS, async () => {
    await server.throwIfEnded();
    const page = await client.text('/metrics');
    assert.ok(SCRAPED.test(page), 'no scrape has ended');
    return performance.now();
  });
}

/**
 * The scrape after the second sample of each container brings the figures, if not an earlier one. The first sample is
 * the newest one that the server can have got from its first scrape.
 */
function assertWithSecondSample(
  { witness }: Play,
  { source, readings }: Judged,
  { key, scrapedMs }: { readonly key: string; readonly scrapedMs: number },
): void {
  const first = readings.of(key)[0];
  assert.ok(first);
  // When the scrape ended, the witness may have been waiting for an answer that was older. It has seen the next one.
  const seenMs = scrapedMs + 2 * witness.longestPauseMs;
  const samples = [...first.containers.keys()].map((name) =>
    witness.sampleAfter(source, key === NODE ? NODE : `${key}/${name}`, seenMs),
  );
  // A sample that the witness has not seen yet comes later still.
  const lastMs = Math.max(...samples.map((seen) => seen?.atMs ?? Number.POSITIVE_INFINITY));
  assert.ok(
    first.atMs <= lastMs + SCRAPED_WITHIN_MS,
    `${key}: figures came ${seconds(first.atMs - scrapedMs)} s after the first scrape, the second sample after ${seconds(lastMs - scrapedMs)} s`,
  );
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
