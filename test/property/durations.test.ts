import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatDuration,
  formatDurationNs,
  parseDuration,
} from '../../src/apimachinery/duration.ts';
import { forAll } from '../support/properties.ts';
import { durations } from './cases/durations.ts';
import { exactSum, readDuration } from './references/duration.ts';
import { isEqual, truncated, whole } from './references/rational.ts';

function parsed(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Without leading zeros, fractions without trailing ones, and no unit left out between two (contract.md 3.6). */
const CANONICAL =
  /^(0s|-?([1-9]\d{0,2}ns|[1-9]\d{0,2}(\.\d{0,2}[1-9])?\u00b5s|[1-9]\d{0,2}(\.\d{0,5}[1-9])?ms|([1-9]\d*h)?(?<=h)[1-5]?\dm[1-5]?\d(\.\d{0,8}[1-9])?s|[1-5]?\dm[1-5]?\d(\.\d{0,8}[1-9])?s|[1-5]?\d(\.\d{0,8}[1-9])?s))$/;

describe('durations', () => {
  test('are read or refused as Go does it, and mean what an exact sum says', () => {
    forAll(durations, (text) => {
      const exact = readDuration(text);
      const terms = BigInt(exact?.terms.length ?? 0);
      const sum = exact ? truncated(exactSum(exact)) : 0n;
      const limit = exact?.sign === -1n ? 2n ** 63n : 2n ** 63n - 1n;

      const ms = parsed(text);

      // Go reckons each fraction as a float, which may lose or win a nanosecond: at the limit either is right.
      const mayBe = exact !== undefined && sum <= limit + terms;
      const mustBe = exact !== undefined && sum < limit - terms;
      expect([mustBe, true]).toContain(ms !== undefined);
      expect([mayBe, false]).toContain(ms !== undefined);
      const ns = Number((exact?.sign ?? 1n) * sum);
      const tolerance = Number(terms) + Math.abs(ns) * 2 ** -50;
      expect(ms === undefined || Math.abs(ms * 1e6 - ns) <= tolerance).toBe(true);
    });
  });

  const int64 = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc
      .tuple(fc.bigInt({ min: -4000n, max: 4000n }), fc.constantFrom(0n, 3n, 6n, 9n))
      .map(([value, power]) => value * 10n ** power),
    fc.bigInt({ min: -4000n, max: 4000n }).map((minutes) => minutes * 60n * 10n ** 9n),
  );

  test('are written exactly and in the one form that Go writes', () => {
    forAll(int64, (ns) => {
      const text = formatDurationNs(ns);

      const exact = readDuration(text);
      expect(text).toMatch(CANONICAL);
      expect(exact && isEqual(exactSum(exact), whole(ns < 0n ? -ns : ns))).toBe(true);
      expect(text.startsWith('-')).toBe(ns < 0n);
    });
  });

  test('are written the same from milliseconds', () => {
    forAll(fc.integer({ min: -(2 ** 47), max: 2 ** 47 }), (ms) => {
      expect(formatDuration(ms)).toBe(formatDurationNs(BigInt(ms) * 1_000_000n));
    });
  });
});
