import { describe, expect, test } from '@jest/globals';
import { median, quantile, spreadOf, usualQuantile } from '../../bench/statistics.ts';

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

describe('usualQuantile', () => {
  const fine = Array.from({ length: 1_500 }, (_, at) => 1 + (at % 100) / 100);
  const late = (from: number, to: number): number[] =>
    fine.map((ms, at) => (at >= from && at < to ? 200 : ms));

  test.each([
    { name: 'is as ever where nothing happened', values: fine, expected: 1.98 },
    {
      name: 'does not show one moment that all others do not',
      values: late(700, 730),
      expected: 1.98,
    },
    { name: 'nor one between two parts', values: late(595, 625), expected: 1.98 },
    {
      name: 'shows what comes again and again',
      values: fine.map((ms, at) => (at % 50 ? ms : 200)),
      expected: 200,
    },
    {
      name: 'is not a number of fewer values than parts',
      values: [1, 2, 3, 4],
      expected: Number.NaN,
    },
  ])('$name', ({ values, expected }) => {
    expect(usualQuantile(values, 0.99, 5)).toBe(expected);
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
