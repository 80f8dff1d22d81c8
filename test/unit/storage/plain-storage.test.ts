import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { aStorage, type Figures, type PodAnswer } from './answers.ts';
import { PlainStorage } from './plain-storage.ts';

const NAMES = ['a', 'b', 'c'];
const PODS = ['p', 'q', 'r'];

/** Figures of the answer number `at`: mostly of a steady load, often enough of what meets another rule. */
function figures(at: number): fc.Arbitrary<Figures> {
  const now = at * 15;
  const steady = { start: -1000, time: now, cpu: at * 3 + 5, memory: 1024, rate: 200_000_000 };
  const odd = fc.record(
    {
      start: fc.constantFrom(-1000, 0, now - 12, now - 3, now + 9, NaN),
      time: fc.constantFrom(now, now - 2, now - 15, now - 90, 0, NaN),
      cpu: fc.constantFrom<number | bigint>(at * 3 + 5, at * 3 + 6, 1, 0, 2n ** 60n),
      memory: fc.constantFrom(1024, 2 ** 40, 0, NaN),
      rate: fc.constantFrom(0, 200_000_000, 1, 2e12, NaN),
    },
    { requiredKeys: ['start', 'time', 'memory', 'rate'] },
  );
  return fc.oneof({ weight: 5, arbitrary: fc.constant(steady) }, { weight: 2, arbitrary: odd });
}

function podAnswer(name: string, at: number): fc.Arbitrary<PodAnswer> {
  const container = figures(at);
  return fc
    .tuple(fc.shuffledSubarray(NAMES, { minLength: 0 }), container, container, container)
    .map(([names, ...all]) => ({
      name,
      containers: names.map((containerName, nth) => [containerName, all[nth] ?? {}] as const),
    }));
}

function answer(at: number): fc.Arbitrary<{ pods: PodAnswer[]; wait: number }> {
  const subset = fc.shuffledSubarray(PODS, { minLength: 1 });
  return fc.record({
    pods: subset.chain((names) => fc.tuple(...names.map((name) => podAnswer(name, at)))),
    wait: fc.constantFrom(15, 15, 15, 30, 61, 130),
  });
}

const answers = fc.tuple(...Array.from({ length: 10 }, (_, at) => answer(at + 1)));

describe('Storage', () => {
  test('serves what a plain storage of maps and BigInt serves, whatever kubelets say', () => {
    let served = 0;
    fc.assert(
      fc.property(answers, (sequence) => {
        const storage = aStorage();
        const plain = new PlainStorage({ resolutionMs: 15_000, stalenessMs: 60_000 });
        let nowMs = 0;
        for (const { pods, wait } of sequence) {
          storage.wait(wait);
          nowMs += wait * 1000;
          storage.answer({ pods });
          plain.store(pods, nowMs);
          for (const name of PODS) {
            const usage = storage.pod({ name });
            expect(usage).toEqual(plain.podUsage(name, nowMs));
            if (usage !== undefined) served += 1;
          }
        }
      }),
      { numRuns: 200 },
    );

    expect(served).toBeGreaterThan(500);
  });

  test('never serves what is not a number, negative, unsorted or without a window', () => {
    fc.assert(
      fc.property(answers, (sequence) => {
        const storage = aStorage();
        for (const { pods, wait } of sequence) {
          storage.wait(wait);
          storage.answer({ pods, node: pods[0]?.containers[0]?.[1] ?? {} });
          const node = storage.storage.nodeUsage('node-1');
          const usages = PODS.flatMap((name) => storage.pod({ name }) ?? []);
          for (const { containers } of usages) {
            const names = containers.map(({ name }) => name);
            expect(names).toEqual([...new Set(names)].sort());
          }
          for (const usage of [
            ...usages.flatMap(({ containers }) => containers),
            node ?? [],
          ].flat()) {
            expect(Number.isSafeInteger(usage.memoryBytes) && usage.memoryBytes > 0).toBe(true);
            expect(Number.isInteger(usage.cpuNanoCores) && usage.cpuNanoCores >= 0).toBe(true);
          }
          for (const { timestampMs, windowMs } of [...usages, node ?? []].flat()) {
            expect(Number.isFinite(timestampMs)).toBe(true);
            expect(windowMs).toBeGreaterThanOrEqual(5_000);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
