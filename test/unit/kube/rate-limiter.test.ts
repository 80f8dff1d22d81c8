import { describe, expect, test } from '@jest/globals';
import { RateLimiter } from '../../../src/kube/rate-limiter.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('RateLimiter', () => {
  test('lets a burst pass, then makes calls queue at the rate', () => {
    const limiter = new RateLimiter(200, 400, new FakeClock());

    const burst = Array.from({ length: 400 }, () => limiter.reserve(Infinity));

    expect(new Set(burst)).toEqual(new Set([0]));
    expect([1, 2, 3].map(() => limiter.reserve(Infinity))).toEqual([5, 10, 15]);
  });

  test('fills up again with time, up to the burst', () => {
    const clock = new FakeClock();
    const limiter = new RateLimiter(10, 2, clock);
    limiter.reserve(0);
    limiter.reserve(0);

    clock.advance(100);
    expect(limiter.reserve(0)).toBe(0);
    expect(limiter.reserve(0)).toBeUndefined();

    clock.advance(60_000);
    expect([1, 2, 3].map(() => limiter.reserve(0))).toEqual([0, 0, undefined]);
  });

  test('takes no place for who cannot wait', () => {
    const limiter = new RateLimiter(10, 1, new FakeClock());
    limiter.reserve(0);

    for (let call = 0; call < 50; call++) expect(limiter.reserve(99)).toBeUndefined();

    expect(limiter.reserve(100)).toBe(100);
  });
});
