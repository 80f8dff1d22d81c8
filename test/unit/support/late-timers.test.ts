import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { LateTimers } from '../../support/late-timers.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

/** Nothing is called meanwhile. */
function standStill(ms: number): jest.Spied<typeof performance.now> {
  return jest.spyOn(performance, 'now').mockReturnValue(performance.now() + ms);
}

describe('LateTimers', () => {
  test('finds none late while everything is called in time', () => {
    using timers = new LateTimers();
    jest.advanceTimersByTime(10_000);

    expect(timers.take()).toBeLessThan(2);
  });

  test('tells once for how long nothing was called', () => {
    using timers = new LateTimers();
    jest.advanceTimersByTime(10_000);
    const still = standStill(50 + 700);
    jest.advanceTimersByTime(50);
    still.mockRestore();

    expect(timers.take()).toBeCloseTo(700, -1);
    jest.advanceTimersByTime(10_000);
    expect(timers.take()).toBeLessThan(700);
  });

  test('counts the one that is still to be called', () => {
    using timers = new LateTimers();
    jest.advanceTimersByTime(10_000);
    const still = standStill(50 + 700);

    const lateMs = timers.take();
    still.mockRestore();

    expect(lateMs).toBeCloseTo(700, -1);
  });
});
