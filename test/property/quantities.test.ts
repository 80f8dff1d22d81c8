import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatCpu, formatMemory } from '../../src/apimachinery/quantity.ts';
import { forAll } from '../support/properties.ts';
import { amounts } from './cases/quantities.ts';
import { readQuantity } from './references/quantity.ts';
import { isEqual, times, whole } from './references/rational.ts';
import type { Rational } from './references/rational.ts';

const NANO: Rational = { numerator: 1n, denominator: 10n ** 9n };

/** From 2^63 on Go keeps the amount without its last decimal digit. */
function kept(amount: bigint): bigint {
  return amount < 2n ** 63n ? amount : (amount / 10n) * 10n;
}

/** The amount as the code may hand it over: as a number while that is exact. */
function given(amount: bigint, asNumber: boolean): number | bigint {
  return asNumber && amount <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(amount) : amount;
}

/** Whether the text is the canonical form of so many ones, of the given size, in the given unit. */
function isCanonical(text: string, amount: bigint, form: Form): boolean {
  const quantity = readQuantity(text);
  if (!quantity || !isEqual(quantity.value, times(whole(amount), form.unit))) return false;
  if (!form.suffixes.includes(quantity.suffix)) return false;
  return amount === 0n ? text === '0' : quantity.mantissa % form.base !== 0n;
}

interface Form {
  readonly unit: Rational;
  readonly base: bigint;
  readonly suffixes: readonly string[];
}

const CPU: Form = { unit: NANO, base: 1000n, suffixes: ['n', 'u', 'm', '', 'k', 'M', 'G'] };
const SMALL_MEMORY: Form = { unit: whole(1n), base: 1000n, suffixes: ['', 'k'] };
const MEMORY: Form = {
  unit: whole(1n),
  base: 1024n,
  suffixes: ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'],
};

describe('quantities', () => {
  test('of CPU are exact, with the largest suffix that leaves a whole number', () => {
    forAll(fc.tuple(amounts, fc.boolean()), ([amount, asNumber]) => {
      const text = formatCpu(given(amount, asNumber));

      expect([text, isCanonical(text, kept(amount), CPU)]).toEqual([text, true]);
    });
  });

  test('of memory are exact, binary from 1024 on and decimal below', () => {
    forAll(fc.tuple(amounts, fc.boolean()), ([amount, asNumber]) => {
      const text = formatMemory(given(amount, asNumber));

      const form = amount < 1024n ? SMALL_MEMORY : MEMORY;
      expect([text, isCanonical(text, kept(amount), form)]).toEqual([text, true]);
    });
  });

  test('that an uint64 could not hold are refused', () => {
    const beyond = fc.oneof(
      fc.bigInt({ min: 2n ** 64n, max: 2n ** 70n }),
      fc.bigInt({ min: -(2n ** 70n), max: -1n }),
      fc.double({ min: -1e30, max: 1e30 }).map((value) => (value < 0 ? value : value + 0.5)),
      fc.constantFrom(Number.NaN, Infinity, -Infinity, 2 ** 64, 0.5, -0.5),
    );
    forAll(beyond, (amount) => {
      fc.pre(typeof amount === 'bigint' || !Number.isInteger(amount) || amount >= 2 ** 64);
      expect(() => formatCpu(amount)).toThrow(RangeError);
      expect(() => formatMemory(amount)).toThrow(RangeError);
    });
  });
});
