import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { BucketCounts } from '../../../src/model/bucket-counts.ts';

const BOUNDS = [0.5, 1, 2.5];

describe('BucketCounts', () => {
  test('counts into the first bucket that holds the value, bounds included', () => {
    const counts = new BucketCounts(BOUNDS);
    for (const value of [0, 0.5, 0.6, 1, 2.5, 3]) counts.observe(value);

    expect(counts.lines('age_seconds', { node: 'a' })).toEqual([
      { metricName: 'age_seconds_bucket', labels: { node: 'a', le: 0.5 }, value: 2 },
      { metricName: 'age_seconds_bucket', labels: { node: 'a', le: 1 }, value: 4 },
      { metricName: 'age_seconds_bucket', labels: { node: 'a', le: 2.5 }, value: 5 },
      { metricName: 'age_seconds_bucket', labels: { node: 'a', le: '+Inf' }, value: 6 },
      { metricName: 'age_seconds_sum', labels: { node: 'a' }, value: 7.6 },
      { metricName: 'age_seconds_count', labels: { node: 'a' }, value: 6 },
    ]);
  });

  test('counts as the library does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: -1, max: 4, noNaN: true })), async (values) => {
        const registers = [new Registry()];
        const library = new Histogram({ name: 'x', help: 'x', buckets: BOUNDS, registers });
        library.zero({});
        const counts = new BucketCounts(BOUNDS);
        for (const value of values) {
          library.observe(value);
          counts.observe(value);
        }

        const { values: expected } = await library.get();

        expect(counts.lines('x', {}).map(({ value }) => value)).toEqual(
          expected.map(({ value }) => value),
        );
      }),
      { numRuns: 50 },
    );
  });
});
