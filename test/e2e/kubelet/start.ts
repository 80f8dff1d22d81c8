import assert from 'node:assert/strict';
import { eventually } from '../eventually.ts';
import { NODE } from './kubelet-answers.ts';
import { HALF_CRASH } from './loads.ts';
import type { Judged, Play } from './play.ts';

/** docs/design.md 1. */
const BUSY_WITHIN_MS = 3_000;
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

/** What the kubelet said just before a server was started: pods whose containers all report a positive rate, and others. */
export interface Before {
  readonly busy: readonly string[];
  readonly idle: readonly string[];
}

/** Sorts pods, with the node among them, by what their kubelet says at this moment. */
export async function lookBefore(
  witness: Play['witness'],
  expected: ReadonlyMap<string, readonly string[]>,
): Promise<Before> {
  const samples = await witness.summary();
  const busy = [NODE];
  const idle: string[] = [];
  for (const pod of expected.keys()) {
    const rates = [...samples]
      .filter(([key]) => key.startsWith(`${pod}/`))
      .map(([, { nanoCores }]) => nanoCores);
    assert.ok(rates.length > 0, `the kubelet says nothing of ${pod}`);
    // The container that crashes may be back when the server looks.
    const steady = pod !== HALF_CRASH;
    (steady && rates.every((rate) => rate > 0) ? busy : idle).push(pod);
  }
  return { busy, idle };
}

/** Of servers that were started a moment ago. */
export async function startOfServers(play: Play, before: Before): Promise<void> {
  const { check, say } = play;
  const scraped = new Map(
    await Promise.all(
      play.judged.map(async (judged) => [judged, await scrapedOnceMs(play, judged)] as const),
    ),
  );
  assert.ok(before.busy.length > 5, `only ${before.busy.join(', ')} have a rate`);
  assert.ok(before.idle.length > 2, `only ${before.idle.join(', ')} have none`);
  for (const judged of play.judged) {
    const { source, server } = judged;
    const sinceStart = (key: string): number =>
      (judged.readings.firstMs(key) ?? Number.POSITIVE_INFINITY) - server.startedMs;
    const latest = (keys: readonly string[]): string =>
      `${seconds(Math.max(...keys.map(sinceStart)))} s`;
    if (source === 'summary') {
      await check(
        'summary: the node and every pod with a positive rate have figures 3 s after the start of a server',
        async () => {
          await eventually(BUSY_WITHIN_MS, async () => {
            const late = before.busy.filter((key) => sinceStart(key) > BUSY_WITHIN_MS);
            assert.deepEqual(late, []);
            await server.throwIfEnded();
          });
          say(`        ${before.busy.length - 1} pods and the node: after ${latest(before.busy)}`);
        },
      );
    }
    const rest = source === 'summary' ? before.idle : [...before.busy, ...before.idle];
    const who = source === 'summary' ? 'idle pods have' : 'everything has';
    await check(`${source}: ${who} figures with the second sample`, async () => {
      await eventually(IDLE_WITHIN_MS, () => {
        assert.deepEqual(
          rest.filter((key) => sinceStart(key) === Number.POSITIVE_INFINITY),
          [],
        );
        return Promise.resolve();
      });
      const scrapedMs = scraped.get(judged) ?? Number.NaN;
      // Until a scrape finds the container that crashes away, its pod is not complete, however often it was sampled.
      const steady = rest.filter((key) => key !== HALF_CRASH);
      for (const key of steady) assertWithSecondSample(play, judged, { key, scrapedMs });
      say(`        ${rest.length} of them: after ${latest(rest)}`);
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
