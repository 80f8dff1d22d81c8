import { describe, expect, test } from '@jest/globals';
import { median, quantile, spreadOf } from '../../bench/statistics.ts';

describe('median', () => {
  test.each([
    { name: 'is the middle one', values: [9, 1, 5], expected: 5 },
    { name: 'is the mean of the middle two', values: [4, 1, 10, 2], expected: 3 },
    { name: 'is the only one', values: [7], expected: 7 },
    { name: 'is not a number of nothing', values: [], expected: Number.NaN },
  ])('$name', ({ values, expected }) => {
    expect(median(values)).toBe(expected);
  });

  test('compares numbers, not their texts', () => {
    expect(median([10, 9, 100])).toBe(10);
  });
});

describe('quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);

  test.each([
    { share: 0.5, values: hundred, expected: 50 },
    { share: 0.99, values: hundred, expected: 99 },
    { share: 1, values: hundred, expected: 100 },
    { share: 0.99, values: [3, 1, 2], expected: 3 },
    { share: 0, values: [3, 1, 2], expected: 1 },
    { share: 0.5, values: [], expected: Number.NaN },
  ])('of $share is the value at the nearest rank: $expected', ({ share, values, expected }) => {
    expect(quantile(values, share)).toBe(expected);
  });
});

describe('spreadOf', () => {
  test('tells the median and how far the others are', () => {
    expect(spreadOf([3, 1, 8])).toEqual({ median: 3, min: 1, max: 8 });
  });

  test('is undefined of nothing', () => {
    expect(spreadOf([])).toBeUndefined();
  });
});
