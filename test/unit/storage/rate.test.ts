import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  clampedNanoCores,
  cpuNanosBetween,
  elapsedSinceStartMs,
  plainNanoCores,
  secondsOf,
} from '../../../src/storage/rate.ts';

const GIGA = 1_000_000_000n;

/** Any counter that a kubelet can report: uint64 nanoseconds. */
const counter = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** Windows that occur: 4 s to an hour, to the millisecond. */
const windowMs = fc.integer({ min: 4_000, max: 3_600_000 });

function between(from: bigint, to: bigint): number {
  return cpuNanosBetween(
    Number(from / GIGA),
    Number(from % GIGA),
    Number(to / GIGA),
    Number(to % GIGA),
  );
}

/** contract.md 11.3, word by word: float64(uint64 difference) / Duration.Seconds(), cut off. */
function reference(from: bigint, to: bigint, window: number): number {
  const windowNanos = BigInt(window) * 1_000_000n;
  const seconds = Number(windowNanos / GIGA) + Number(windowNanos % GIGA) / 1e9;
  return Math.trunc(Number(to - from) / seconds);
}

describe('cpuNanosBetween', () => {
  test('is the double nearest to the exact difference, for any two counters', () => {
    fc.assert(
      fc.property(counter, counter, (from, to) => {
        expect(between(from, to)).toBe(Number(to - from));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    { name: 'beyond 2^53 ns', from: 2n ** 53n + 1n, to: 2n ** 53n + 2n, nanos: 1 },
    { name: 'at the end of uint64', from: 2n ** 64n - 2n, to: 2n ** 64n - 1n, nanos: 1 },
    { name: 'across a whole second', from: 999_999_999n, to: 1_000_000_000n, nanos: 1 },
    { name: 'of a counter that fell', from: 1_000_000_000n, to: 999_999_999n, nanos: -1 },
    { name: 'of a counter that stands', from: 5n, to: 5n, nanos: 0 },
  ])('is exact $name', ({ from, to, nanos }) => {
    expect(between(from, to)).toBe(nanos);
  });
});

describe('secondsOf', () => {
  test.each([
    [15_000, 15],
    [59_999, 59.999],
    [10_001, 10.001],
  ])('%i ms are %f s', (ms, seconds) => {
    expect(secondsOf(ms)).toBe(seconds);
  });
});

describe('elapsedSinceStartMs', () => {
  test.each([
    // contract.md 10.5, rule 10, has this start of 1650974202419137280 ns.
    { start: 1.6509742024191372e9, timeMs: 1_650_974_217_432, nanos: 15_012_862_720n },
    { start: 1.795262437e9, timeMs: 1_795_262_447_000, nanos: 10_000_000_000n },
    { start: 1.795262401843e9, timeMs: 1_795_262_413_001, nanos: 11_158_000_192n },
  ])('is $nanos ns from $start s to $timeMs ms', ({ start, timeMs, nanos }) => {
    expect(elapsedSinceStartMs(Math.trunc(start * 1e9) / 1e6, timeMs)).toBe(Number(nanos) / 1e6);
  });

  test('is what BigInt gives for any start that a page can say, of 2007 to 2038', () => {
    const seconds = fc.double({ min: 1.17e9, max: 2.17e9, noNaN: true });
    fc.assert(
      fc.property(seconds, windowMs, (start, window) => {
        const startNanos = BigInt(Math.trunc(start * 1e9));
        const timeMs = Math.ceil(start * 1e3) + window;
        const elapsed = elapsedSinceStartMs(Math.trunc(start * 1e9) / 1e6, timeMs);

        expect(BigInt(Math.round(elapsed * 1e6))).toBe(BigInt(timeMs) * 1_000_000n - startNanos);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('plainNanoCores', () => {
  test('is what a plain reference in BigInt gives, for any counters and window', () => {
    fc.assert(
      fc.property(counter, counter, windowMs, (one, other, window) => {
        const [from, to] = one < other ? [one, other] : [other, one];

        expect(plainNanoCores(between(from, to), window)).toBe(reference(from, to, window));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('clampedNanoCores', () => {
  const USED = 1_500_000_000; // 100 millicores over 15 s: truly 93.75 to 107.142857 millicores

  test.each([
    { name: 'believes the kubelet inside of the interval', kubelet: 98_000_000, cpu: 98_000_000 },
    { name: 'raises it to the least possible', kubelet: 50_000_000, cpu: 93_750_000 },
    { name: 'lowers it to the most possible', kubelet: 200_000_000, cpu: 107_142_857 },
    { name: 'takes the quotient when it is 0', kubelet: 0, cpu: 100_000_000 },
    { name: 'takes the quotient when there is none', kubelet: Number.NaN, cpu: 100_000_000 },
  ])('$name', ({ kubelet, cpu }) => {
    expect(clampedNanoCores(USED, 15_000, kubelet)).toBe(cpu);
  });

  test('is 0 where nothing was used, whatever the kubelet says', () => {
    expect(clampedNanoCores(0, 15_000, 1_000_000)).toBe(0);
  });

  test('never leaves the interval by a whole nanocore', () => {
    const anyRate = fc.integer({ min: 0, max: 300_000_000_000 });
    const anyUse = fc.integer({ min: 0, max: 9_000_000_000_000_000 });
    fc.assert(
      fc.property(anyUse, windowMs, anyRate, (used, window, kubelet) => {
        const cpu = clampedNanoCores(used, window, kubelet);

        expect(cpu).toBeGreaterThan(used / (window / 1000 + 1) - 1);
        expect(cpu).toBeLessThanOrEqual(used / (window / 1000 - 1));
      }),
      { numRuns: 2_000 },
    );
  });

  test('errs by at most 1 % in the median of steady loads, whole seconds notwithstanding', () => {
    const errors: number[] = [];
    const plainErrors: number[] = [];
    for (let sample = 0; sample < 1_000; sample++) {
      const load = 50_000_000 + sample * 1_000_000; // nanocores
      const from = 1_000 + sample * 0.617;
      const to = from + 10 + ((sample * 0.379) % 10);
      const used = Math.round(load * (to - from));
      const window = (Math.floor(to) - Math.floor(from)) * 1000;
      const kubelet = load * (1 + 0.004 * Math.sin(sample)); // its own window ends a little elsewhere
      errors.push(Math.abs(clampedNanoCores(used, window, kubelet) / load - 1));
      plainErrors.push(Math.abs(plainNanoCores(used, window) / load - 1));
    }

    expect(median(errors)).toBeLessThan(0.01);
    expect(median(plainErrors)).toBeGreaterThan(0.01); // so the clamp is what mends it
  });
});

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length / 2] ?? Number.NaN;
}
