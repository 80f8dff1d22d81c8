import fc from 'fast-check';

const LIMIT = 2n ** 64n;

/** Amounts of an uint64. Round ones are where suffixes change, and a uniform draw never meets them. */
export const amounts = fc.oneof(
  fc.bigInt({ min: 0n, max: LIMIT - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 53n }),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 5000n }), fc.integer({ min: 0, max: 19 }))
    .map(([mantissa, power]) => mantissa * 10n ** BigInt(power))
    .filter((amount) => amount < LIMIT),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 5000n }), fc.integer({ min: 0, max: 63 }))
    .map(([mantissa, shift]) => mantissa << BigInt(shift))
    .filter((amount) => amount < LIMIT),
  fc
    .tuple(fc.constantFrom(2n ** 53n, 2n ** 63n, LIMIT - 16n), fc.bigInt({ min: -16n, max: 15n }))
    .map(([edge, off]) => edge + off),
);
