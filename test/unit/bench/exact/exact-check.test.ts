import { describe, expect, test } from '@jest/globals';
import { viewNode } from '../../../../src/simulator/samples.ts';
import { summaryText } from '../../../../src/simulator/summary.ts';
import { burst } from '../../../../src/simulator/workloads.ts';
import type { World } from '../../../../src/simulator/world.ts';
import { ExactCheck } from '../../../bench/exact/exact-check.ts';
import { AnswerRecorder } from '../../../bench/exact/recorder.ts';
import {
  aContainerPlan,
  aHeldClock,
  aPodPlan,
  aWorld,
  type HeldClock,
  NOON_MS,
} from '../../../support/a-world.ts';
import { blankState, stateAfter, usageOf } from '../../../support/exact/container-states.ts';
import { readAnswer } from '../../../support/exact/readings.ts';

const uneven = burst({
  lowMilliCores: 20,
  highMilliCores: 900,
  memoryMib: 64,
  periodMs: 40_000,
  busyMs: 9_000,
});

/** A kubelet of one pod, and a server that serves of the node what `serve` makes of the truth. */
function aStage(serve: (cpu: bigint) => bigint = (cpu) => cpu) {
  const clock: HeldClock = aHeldClock();
  const world: World = aWorld([aPodPlan({ containers: [aContainerPlan(uneven)] })], clock);
  const recorder = new AnswerRecorder(world);
  let state = blankState('summary');
  const answer = (atMs: number, isWhole = true): void => {
    clock.set(atMs);
    const node = world.node('node-1');
    if (!node) throw new Error('no node');
    const view = viewNode(world, node, atMs);
    const body = summaryText(view, true);
    const sent = Promise.resolve(isWhole);
    const said = { nodeName: 'node-1', source: 'summary' as const, body };
    recorder.record({ ...said, view, fault: undefined, sent });
    const reading = readAnswer('summary', body).node;
    const lapse = { sentAtMs: atMs, resolutionMs: 15_000, isNode: true, truth: undefined };
    state = (reading && stateAfter(state, reading, { source: 'summary', ...lapse })) ?? state;
  };
  const nodes = () => {
    const usage = usageOf(state);
    const items = usage
      ? [
          {
            metadata: { name: 'node-1' },
            timestamp: new Date(Number(usage.timeNs / 1_000_000n))
              .toISOString()
              .replace('.000', ''),
            window: `${usage.windowNs / 1_000_000_000n}s`,
            usage: { cpu: `${serve(usage.nanoCores)}n`, memory: String(usage.workingSetBytes) },
          },
        ]
      : [];
    return { items };
  };
  const check = new ExactCheck({
    ...{ resolutionMs: 15_000, settlesMs: 0 },
    handOver: (from) => Promise.resolve(recorder.handOver(from)),
    list: (resource) => Promise.resolve(resource === 'nodes' ? nodes() : { items: [] }),
  });
  return { answer, check, recorder };
}

describe('ExactCheck', () => {
  test('counts what it compared, and tells how far it is from the truth', async () => {
    const { answer, check } = aStage();

    await check.begin();
    for (let at = 0; at < 4; at++) {
      answer(NOON_MS + at * 15_000);
      await check.check();
    }

    const { medianError, worstError, ...counted } = check.figures();
    expect(counted).toEqual({ checks: 4, checked: 3, wrong: 0, complaints: [] });
    expect(medianError).toBeLessThanOrEqual(worstError);
    expect(worstError).toBeGreaterThan(0.001);
    expect(worstError).toBeLessThan(0.1);
  });

  test('finds every figure wrong that is off by one', async () => {
    const { answer, check } = aStage((cpu) => cpu + 1n);

    for (let at = 0; at < 4; at++) {
      answer(NOON_MS + at * 15_000);
      await check.check();
    }

    expect(check.figures()).toMatchObject({ checked: 3, wrong: 3, medianError: Number.NaN });
    expect(check.figures().complaints[0]).toContain('node node-1: ');
  });

  test('gives a node up, and says so, when too many answers may have been lost', async () => {
    const { answer, check } = aStage((cpu) => cpu + 1n);

    await check.begin();
    for (let at = 0; at < 12; at++) {
      answer(NOON_MS + at * 15_000, false);
      await check.check();
    }
    const { complaints, checked } = check.figures();
    answer(NOON_MS + 12 * 15_000);
    await check.check();

    expect(complaints.at(-1)).toContain('node node-1 is checked no more: ');
    expect(check.figures().checked).toBe(checked);
  });

  test('forgets what was answered before it begins', async () => {
    const { answer, check } = aStage();

    answer(NOON_MS);
    answer(NOON_MS + 15_000);
    await check.begin();

    expect(await check.check()).toMatchObject({ checked: 0 });
  });
});
