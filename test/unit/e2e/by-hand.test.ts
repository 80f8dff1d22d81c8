import { describe, expect, test } from '@jest/globals';
import { type Sample, median, originsOf, rateByHand } from '../../e2e/kubelet/by-hand.ts';

const START_MS = Date.UTC(2026, 10, 21, 10);
const SECOND_NANOS = 1e9;

/** A container that began at START_MS, so many seconds later. */
function sample(seconds: number, cpuSeconds: number, rest: Partial<Sample> = {}): Sample {
  return {
    startMs: START_MS,
    timeMs: START_MS + seconds * 1000,
    cpuNanos: cpuSeconds * SECOND_NANOS,
    nanoCores: Number.NaN,
    workingSetBytes: 4096,
    ...rest,
  };
}

describe('rateByHand', () => {
  const [from, to] = [sample(100, 10), sample(110, 11)];

  test.each([
    {
      name: 'of the resource endpoint the plain quotient',
      source: 'resource',
      kubelet: 95e6,
      is: 100e6,
    },
    { name: "of the summary the kubelet's own rate", source: 'summary', kubelet: 95e6, is: 95e6 },
    { name: 'at least what 11 s would make', source: 'summary', kubelet: 50e6, is: 1e9 / 11 },
    { name: 'at most what 9 s would make', source: 'summary', kubelet: 200e6, is: 1e9 / 9 },
    {
      name: 'the plain quotient where the kubelet says 0',
      source: 'summary',
      kubelet: 0,
      is: 100e6,
    },
    {
      name: 'the plain quotient where it says nothing',
      source: 'summary',
      kubelet: Number.NaN,
      is: 100e6,
    },
  ] as const)('is $name', ({ source, kubelet, is }) => {
    expect(rateByHand(from, { ...to, nanoCores: kubelet }, source)).toBeCloseTo(is, 3);
  });
});

describe('originsOf', () => {
  const samples = [
    sample(100, 10, { workingSetBytes: 1000 }),
    sample(104, 10.4, { workingSetBytes: 1500 }),
    sample(110, 11, { workingSetBytes: 2000, nanoCores: 99e6 }),
    sample(120, 13, { workingSetBytes: 3000 }),
  ];
  const endsAt = (seconds: number): number => START_MS + seconds * 1000;

  test('finds the two samples of a rate', () => {
    const figure = { nanoCores: 200_000_000, memoryBytes: 3000 };

    expect(originsOf(figure, samples, 'resource')).toEqual([
      { timeMs: endsAt(120), windowMs: 10_000 },
    ]);
  });

  test('takes a missed sample for what it is', () => {
    const figure = { nanoCores: 150_000_000, memoryBytes: 3000 };

    expect(originsOf(figure, samples, 'resource')).toEqual([
      { timeMs: endsAt(120), windowMs: 20_000 },
    ]);
  });

  test("takes the start, and the kubelet's own rate, for what they are", () => {
    const young = [sample(12, 3, { nanoCores: 70e6 })];

    expect(originsOf({ nanoCores: 250e6, memoryBytes: 4096 }, young, 'resource')).toEqual([
      { timeMs: endsAt(12), windowMs: 12_000 },
    ]);
    expect(originsOf({ nanoCores: 70e6, memoryBytes: 4096 }, young, 'summary')).toEqual([
      { timeMs: endsAt(12), windowMs: 10_000 },
    ]);
  });

  test.each([
    { name: 'a rate that no two samples have', nanoCores: 201_000_000, memoryBytes: 3000 },
    { name: 'memory of an other moment than the rate', nanoCores: 200_000_000, memoryBytes: 2000 },
    { name: 'memory that was never measured', nanoCores: 200_000_000, memoryBytes: 3001 },
    { name: 'a rate of samples that are too near', nanoCores: 100_000_000, memoryBytes: 1500 },
    { name: "the kubelet's rate, of the resource endpoint", nanoCores: 99e6, memoryBytes: 2000 },
  ])('refuses $name', ({ nanoCores, memoryBytes }) => {
    const measured = samples.map((each) => ({ ...each, startMs: Number.NaN }));

    expect(originsOf({ nanoCores, memoryBytes }, measured, 'resource')).toEqual([]);
  });
});

describe('median', () => {
  test.each([
    { values: [3, 1, 2], is: 2 },
    { values: [4, 1, 3, 2], is: 2.5 },
    { values: [7], is: 7 },
    { values: [], is: Number.NaN },
  ])('of $values is $is', ({ values, is }) => {
    expect(median(values)).toBe(is);
  });
});
