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
  ])('reads %s as %d', (text, number) => {
    expect(quantityNumber(text)).toBeCloseTo(number, 12);
  });

  test.each(['', '4kb', 'constructor', '1 Ki'])('has no number for "%s"', (text) => {
    expect(quantityNumber(text)).toBeNaN();
  });
});
