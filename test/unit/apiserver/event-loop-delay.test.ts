import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { EventLoopDelay } from '../../../src/apiserver/event-loop-delay.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

function taken(delay: EventLoopDelay): Record<string, number> {
  return Object.fromEntries(
    delay.take().map(({ name, seconds }) => [name.split('_')[3] ?? name, seconds]),
  );
}

describe('the delay of the event loop', () => {
  test('is that of its timers, without their own time', () => {
    const delay = new EventLoopDelay();
    jest.advanceTimersByTime(10_000);

    const { max = Number.NaN, p99 = Number.NaN, mean = Number.NaN } = taken(delay);

    expect(max).toBeLessThan(0.002);
    expect(p99).toBeLessThanOrEqual(max);
    expect(mean).toBeLessThanOrEqual(max);
  });

  test('shows what held it up, once', () => {
    const delay = new EventLoopDelay();
    jest.advanceTimersByTime(9_500);
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 500 + 300);
    jest.advanceTimersByTime(500);
    clock.mockRestore();

    const first = taken(delay);
    jest.advanceTimersByTime(10_000);
    const second = taken(delay);

    expect(first['max']).toBeCloseTo(0.3, 2);
    expect(first['min']).toBeLessThan(0.002);
    expect(first['p50']).toBeLessThan(0.002);
    expect(second['max']).toBeLessThan(0.3);
  });

  test('says nothing while no timer has been called', () => {
    const delay = new EventLoopDelay();
    jest.advanceTimersByTime(10_000);
    delay.take();

    expect(Object.values(taken(delay))).toEqual(Array.from({ length: 7 }, () => Number.NaN));
  });
});
