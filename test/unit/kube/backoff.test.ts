import { describe, expect, test } from '@jest/globals';
import { INFORMER_BACKOFF, backoffMs } from '../../../src/kube/backoff.ts';

describe('backoffMs', () => {
  test.each([
    { failures: 1, leastMs: 800, mostMs: 1_600 },
    { failures: 2, leastMs: 1_600, mostMs: 3_200 },
    { failures: 4, leastMs: 6_400, mostMs: 12_800 },
    { failures: 6, leastMs: 15_000, mostMs: 30_000 },
    { failures: 5_000, leastMs: 15_000, mostMs: 30_000 },
  ])('waits $leastMs to $mostMs ms after $failures failures', ({ failures, leastMs, mostMs }) => {
    expect(backoffMs(failures, INFORMER_BACKOFF, () => 0)).toBe(leastMs);
    expect(backoffMs(failures, INFORMER_BACKOFF, () => 1)).toBe(mostMs);
  });
});
