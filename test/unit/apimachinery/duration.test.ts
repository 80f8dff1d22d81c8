import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatDuration,
  formatDurationNs,
  parseDuration,
} from '../../../src/apimachinery/duration.ts';

describe('formatDurationNs', () => {
  test.each<[bigint, string]>([
    [0n, '0s'],
    [1n, '1ns'],
    [1_500n, '1.5µs'],
    [1_500_000n, '1.5ms'],
    [14_996_000_000n, '14.996s'],
    [15_000_000_000n, '15s'],
    [15_013_000_000n, '15.013s'],
    [60_000_000_000n, '1m0s'],
    [61_500_000_000n, '1m1.5s'],
    [3_600_000_000_000n, '1h0m0s'],
    [3_601_000_000_000n, '1h0m1s'],
    [5_400_000_000_000n, '1h30m0s'],
    [86_400_000_000_000n, '24h0m0s'],
    [10_000_000_001n, '10.000000001s'],
    [-5_000_000_000n, '-5s'],
    [-(2n ** 63n), '-2562047h47m16.854775808s'],
  ])('writes %s ns as %s', (ns, text) => {
    expect(formatDurationNs(ns)).toBe(text);
  });

  test('writes any int64 so that its terms add up to it again', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (ns) => {
        expect(summedNs(formatDurationNs(ns))).toBe(ns);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formatDuration', () => {
  test.each<[number, string]>([
    [0, '0s'],
    [15_000, '15s'],
    [14_996, '14.996s'],
    [0.0015, '1.5µs'],
    [10_000.000001, '10.000000001s'],
    [-5000, '-5s'],
    [86_400_000, '24h0m0s'],
  ])('writes %s ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('says the same as of nanoseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), (ms) => {
        expect(formatDuration(ms)).toBe(formatDurationNs(BigInt(ms) * 1_000_000n));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s, which is no duration', (ms) => {
    expect(() => formatDuration(ms)).toThrow(RangeError);
  });
});

describe('parseDuration', () => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['+5s', 5000],
    ['15s', 15_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['5.s', 5000],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['1ns', 0.000001],
    ['-1m', -60_000],
    ['1h1h', 7_200_000],
    ['0.3333333333333333333h', 1_200_000],
    ['2562047h47m16.854775807s', 9_223_372_036_854.775],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text) + 0).toBeCloseTo(ms, 3);
  });

  test.each([
    ['abc', 'time: invalid duration "abc"'],
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['.', 'time: invalid duration "."'],
    ['.s', 'time: invalid duration ".s"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1m5', 'time: missing unit in duration "1m5"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
    ['5s ', 'time: unknown unit "s " in duration "5s "'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['"\\', 'time: invalid duration "\\"\\\\"'],
    ['\udcff', 'time: invalid duration "\\xff"'],
    ['5é', 'time: unknown unit "\\xc3\\xa9" in duration "5\\xc3\\xa9"'],
    ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
    ['3000000h', 'time: invalid duration "3000000h"'],
    ['1.2.3s', 'time: missing unit in duration "1.2.3s"'],
  ])('refuses %j with the words of Go', (text, message) => {
    expect(() => parseDuration(text)).toThrow(new SyntaxError(message));
  });

  test('reads back whatever formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
      { numRuns: 2000 },
    );
  });

  test('never throws anything but a SyntaxError', () => {
    const pieces = fc.constantFrom(
      '1',
      '9',
      '.',
      'h',
      'm',
      's',
      'ms',
      'n',
      'µ',
      '-',
      '+',
      ' ',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        expect(outcome(text)).toMatch(/^(-?\d|time: )/);
      }),
      { numRuns: 2000 },
    );
  });
});

/** The oracle: every term in exact arithmetic. */
function summedNs(text: string): bigint {
  const units = new Map([
    ['h', 3_600_000_000_000n],
    ['m', 60_000_000_000n],
    ['s', 1_000_000_000n],
    ['ms', 1_000_000n],
    ['µs', 1_000n],
    ['ns', 1n],
  ]);
  let sum = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(
    /(\d+)(?:\.(\d+))?([^\d.]+)/g,
  )) {
    const unitNs = units.get(unit) ?? 0n;
    sum +=
      BigInt(whole) * unitNs + (BigInt(`0${fraction}`) * unitNs) / 10n ** BigInt(fraction.length);
  }
  return text.startsWith('-') ? -sum : sum;
}

function outcome(text: string): string {
  try {
    return String(parseDuration(text));
  } catch (error) {
    return error instanceof SyntaxError ? error.message : 'something else';
  }
}
