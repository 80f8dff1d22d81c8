import assert from 'node:assert/strict';
import type { Stage } from './stage.ts';
import { countOf, errorsOf } from './timeline.ts';

/** Before and after a change, so that there is something to compare it with. */
const CALM_MS = 1_000;

/**
 * Makes a change while one client asks through the aggregator and one at the Service itself, each ten times a second,
 * until the change is over. Rejects when any answer was an error or lacked something.
 */
export async function undisturbed(stage: Stage, change: () => Promise<void>): Promise<void> {
  const { cluster, say } = stage;
  await using aggregator = cluster.probeAggregator();
  await using service = await cluster.probeService();
  await cluster.pause(CALM_MS);
  const startedMs = performance.now();
  await change();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  await cluster.pause(CALM_MS);
  const clients = [
    { name: 'through the aggregator', outcomes: await aggregator.finish() },
    { name: 'at the Service itself', outcomes: await service.finish() },
  ];
  const counts = clients.map(({ name, outcomes }) => `${name} ${countOf(outcomes)}`);
  say(`over after ${seconds} s: ${counts.join(', ')}`);
  const stillMs = Math.round(Math.max(aggregator.stoodStillMs, service.stoodStillMs));
  say(`the clients themselves stood still for ${stillMs} ms at most`);
  const all = aggregator.lists.all + service.lists.all;
  const without = aggregator.lists.withoutIdle + service.lists.withoutIdle;
  say(`of ${all} lists of pods ${without} without the one that is idle`);
  const errors = clients.flatMap(({ name, outcomes }) => {
    const text = errorsOf(outcomes);
    return text === '' ? [] : [`${name}:\n${text}`];
  });
  assert.equal(errors.join('\n'), '');
}
