import { describe, expect, test } from '@jest/globals';
import { quantityNumber } from '../../../src/simulator/quantity-number.ts';

describe('quantityNumber', () => {
  test.each([
    ['0', 0],
    ['250m', 0.25],
    ['123456n', 0.000123456],
    ['5u', 0.000005],
    ['4Ki', 4096],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['3k', 3000],
    ['1e3', 1000],
    ['12E', 12e18],
    ['-1', -1],
    ['', Number.NaN],
    ['4kb', Number.NaN],
    ['constructor', Number.NaN],
  ])('reads %s as %d', (text, number) => {
    if (Number.isNaN(number)) expect(quantityNumber(text)).toBeNaN();
    else expect(quantityNumber(text)).toBeCloseTo(number, 12);
  });
});
