import { describe, expect, jest, test } from '@jest/globals';
import type { KubeletAnswer } from '../../../../src/simulator/kubelet.ts';
import { World } from '../../../../src/simulator/world.ts';
import { fetchHandOver, serveHandOver } from '../../../bench/exact/hand-over.ts';
import { AnswerRecorder } from '../../../bench/exact/recorder.ts';
import { aHeldClock, aNodePlan, aPodPlan, aWorld } from '../../../support/a-world.ts';

function aWorldOf(nodes: number): World {
  const world = new World({ seed: 7, clock: aHeldClock() });
  for (let at = 0; at < nodes; at++) {
    world.addNode(aNodePlan({ name: `node-${at}`, uid: `uid-${at}` }));
  }
  return world;
}

function sampled(recorder: AnswerRecorder, nodes: number): string[] {
  return Array.from({ length: nodes }, (_, at) => `node-${at}`).filter((name) =>
    recorder.samples(name),
  );
}

function anAnswer(answer: Partial<KubeletAnswer> = {}): KubeletAnswer {
  return {
    nodeName: 'node-1',
    source: 'summary',
    body: '{"pods": []}',
    view: undefined,
    fault: undefined,
    sent: Promise.resolve(true),
    ...answer,
  };
}

describe('AnswerRecorder', () => {
  test.each([
    { nodes: 1, samples: 1 },
    { nodes: 100, samples: 1 },
    { nodes: 101, samples: 2 },
    { nodes: 1_000, samples: 10 },
  ])('samples $samples of $nodes nodes, the same ones every time', ({ nodes, samples }) => {
    using recorder = new AnswerRecorder(aWorldOf(nodes));
    using again = new AnswerRecorder(aWorldOf(nodes));

    expect(sampled(recorder, nodes)).toHaveLength(samples);
    expect(sampled(again, nodes)).toEqual(sampled(recorder, nodes));
  });

  test('keeps answers of sampled nodes alone, and hands each over once', async () => {
    const world = aWorldOf(200);
    using recorder = new AnswerRecorder(world);
    const [ours = ''] = sampled(recorder, 200);
    const [other = ''] = world
      .nodes()
      .map(({ name }) => name)
      .filter((name) => !recorder.samples(name));

    recorder.record(anAnswer({ nodeName: ours }));
    recorder.record(anAnswer({ nodeName: other }));
    await Promise.resolve();
    const first = recorder.handOver(0);
    recorder.record(anAnswer({ nodeName: ours, source: 'resource', body: Buffer.from('# EOF') }));
    await Promise.resolve();

    expect(first).toMatchObject({ next: 1, entries: [{ kind: 'answer', nodeName: ours }] });
    expect(recorder.handOver(first.next)).toMatchObject({
      next: 2,
      entries: [{ source: 'resource', body: '# EOF' }],
    });
  });

  test.each([
    { name: 'all of it was sent', answer: {}, certain: true },
    { name: 'the connection broke', answer: { sent: Promise.resolve(false) }, certain: false },
    { name: 'it was cut to a half', answer: { fault: 'truncated' as const }, certain: false },
    { name: 'its counters are lies', answer: { fault: 'lying-huge' as const }, certain: true },
  ])('says whether an answer was taken for certain: $name', async ({ answer, certain }) => {
    using recorder = new AnswerRecorder(aWorld());

    recorder.record(anAnswer(answer));
    await Promise.resolve();

    expect(recorder.handOver(0).entries).toMatchObject([{ certain }]);
  });

  test('holds back from the first answer on of which not all is known, for some seconds', async () => {
    jest.useFakeTimers();
    try {
      using recorder = new AnswerRecorder(aWorld());
      const { promise: sent, resolve } = Promise.withResolvers<boolean>();
      recorder.record(anAnswer({ body: 'first' }));
      recorder.record(anAnswer({ body: 'second', sent }));
      recorder.record(anAnswer({ body: 'third', sent: new Promise<boolean>(() => undefined) }));
      recorder.record(anAnswer({ body: 'fourth' }));
      await Promise.resolve();

      expect(recorder.handOver(0)).toMatchObject({ next: 1, entries: [{ body: 'first' }] });
      resolve(true);
      await sent;
      expect(recorder.handOver(1)).toMatchObject({ next: 2, entries: [{ certain: true }] });
      jest.advanceTimersByTime(5_000);
      expect(recorder.handOver(2)).toMatchObject({
        next: 4,
        entries: [{ body: 'third', certain: false }, { body: 'fourth' }],
      });
    } finally {
      jest.useRealTimers();
    }
  });

  test('tells of nodes that went, and of the pods that are there', () => {
    const world = aWorld([aPodPlan()]);
    using recorder = new AnswerRecorder(world);

    const before = recorder.handOver(0);
    world.removeNode('node-1');

    expect(before.pods).toEqual([
      { namespace: 'shop', name: 'cart-0', uid: 'uid-of-cart-0', nodeName: 'node-1' },
    ]);
    expect(recorder.handOver(0)).toEqual({
      entries: [{ kind: 'gone', at: 0, nodeName: 'node-1', goneAtMs: expect.any(Number) }],
      next: 1,
      pods: [],
    });
  });

  test('keeps so much and no more, and says so to whoever comes too late', async () => {
    using recorder = new AnswerRecorder(aWorld());
    await using served = await serveHandOver(recorder);
    for (let at = 0; at < 2_001; at++) recorder.record(anAnswer());

    await expect(fetchHandOver(served.port, 0)).rejects.toThrow(
      'Cannot hand over from entry 0: the oldest is 1',
    );
    expect((await fetchHandOver(served.port, 1)).entries).toHaveLength(2_000);
    expect(await fetchHandOver(served.port, Number.MAX_SAFE_INTEGER)).toMatchObject({
      next: 2_001,
      entries: [],
    });
  });
});
