import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatCpu, formatMemory } from '../../../src/apimachinery/quantity.ts';

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** Round numbers are where suffixes change, and a uniform draw never meets them. */
const anyAmount = fc.oneof(
  uint64,
  fc.bigInt({ min: 0n, max: 2n ** 53n }),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 4096n }), fc.integer({ min: 0, max: 16 }))
    .map(([mantissa, power]) => mantissa * 10n ** BigInt(power))
    .filter((amount) => amount < 2n ** 64n),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 4096n }), fc.integer({ min: 0, max: 60 }))
    .map(([mantissa, shift]) => mantissa << BigInt(shift))
    .filter((amount) => amount < 2n ** 64n),
);

const SUFFIX_VALUE = new Map<string, bigint>([
  ['n', 1n],
  ['u', 10n ** 3n],
  ['m', 10n ** 6n],
  ['', 10n ** 9n],
  ['k', 10n ** 12n],
  ['M', 10n ** 15n],
  ['G', 10n ** 18n],
]);
const BINARY_VALUE = new Map<string, bigint>(
  ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((suffix, power) => [suffix, 1024n ** BigInt(power)]),
);

function parsed(text: string): { mantissa: bigint; suffix: string } {
  const [, digits = '', suffix = ''] = /^(\d+)(\D*)$/.exec(text) ?? [];
  return { mantissa: BigInt(digits), suffix };
}

/** What is left of an amount when Go's int64 has no room for its last digit. */
function kept(amount: bigint): bigint {
  return amount < 2n ** 63n ? amount : amount - (amount % 10n);
}

describe('formatCpu', () => {
  test.each<[number | bigint, string]>([
    [0, '0'],
    [1, '1n'],
    [1000, '1u'],
    [1500, '1500n'],
    [1_000_000, '1m'],
    [1_234_567, '1234567n'],
    [1_500_000, '1500u'],
    [12_345_678, '12345678n'],
    [250_000_000, '250m'],
    [999_999_999, '999999999n'],
    [1_000_000_000, '1'],
    [1_000_000_001, '1000000001n'],
    [1_500_000_000, '1500m'],
    [2_300_000_000, '2300m'],
    [10 ** 12, '1k'],
    [1.5 * 10 ** 12, '1500'],
    [10 ** 15, '1M'],
    [2n ** 63n - 1n, '9223372036854775807n'],
    [2n ** 63n, '9223372036854775800n'],
    [2n ** 64n - 1n, '18446744073709551610n'],
  ])('writes %s nanocores as %s', (nanoCores, text) => {
    expect(formatCpu(nanoCores)).toBe(text);
  });

  test('writes any amount exactly and with the largest suffix that leaves a whole number', () => {
    fc.assert(
      fc.property(anyAmount, (amount) => {
        const { mantissa, suffix } = parsed(formatCpu(amount));
        const unit = amount === 0n ? 1n : (SUFFIX_VALUE.get(suffix) ?? 0n);
        expect(mantissa * unit).toBe(kept(amount));
        expect(amount === 0n || suffix === 'G' || mantissa % 1000n !== 0n).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 64, -1n])(
    'refuses %s, which is no amount',
    (amount) => {
      expect(() => formatCpu(amount)).toThrow(RangeError);
    },
  );
});

describe('formatMemory', () => {
  test.each<[number | bigint, string]>([
    [0, '0'],
    [1, '1'],
    [999, '999'],
    [1000, '1k'],
    [1023, '1023'],
    [1024, '1Ki'],
    [1025, '1025'],
    [1536, '1536'],
    [1_000_000, '1000000'],
    [1_024_000, '1000Ki'],
    [1_048_576, '1Mi'],
    [1_572_864, '1536Ki'],
    [26_214_912, '26214912'],
    [64 * 2 ** 20, '64Mi'],
    [1_610_612_736, '1536Mi'],
    [3 * 2 ** 30, '3Gi'],
    [2 ** 40, '1Ti'],
    [2 ** 50, '1Pi'],
    [2 ** 60, '1Ei'],
    [2n ** 60n + 1024n, '1125899906842625Ki'],
    [2n ** 63n, '9223372036854775800'],
  ])('writes %s bytes as %s', (bytes, text) => {
    expect(formatMemory(bytes)).toBe(text);
  });

  test('writes any amount from 1 Ki on exactly and with the largest binary suffix', () => {
    fc.assert(
      fc.property(
        anyAmount.filter((amount) => amount >= 1024n),
        (amount) => {
          const { mantissa, suffix } = parsed(formatMemory(amount));
          expect(mantissa * (BINARY_VALUE.get(suffix) ?? 0n)).toBe(kept(amount));
          expect(suffix === 'Ei' || mantissa % 1024n !== 0n).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('says the same of a number and of a bigint', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (amount) => {
        expect(formatMemory(amount)).toBe(formatMemory(BigInt(amount)));
        expect(formatCpu(amount)).toBe(formatCpu(BigInt(amount)));
      }),
    );
  });
});
