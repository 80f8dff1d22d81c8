import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { RecurringTask } from '../../../src/simulator/recurring-task.ts';

const CADENCE = { afterSuccessMs: 30_000, afterFailureMs: 5, longestFailureMs: 20 };

describe('RecurringTask', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function aTask(outcome: () => boolean) {
    const startedMs: number[] = [];
    const task = new RecurringTask(() => {
      startedMs.push(Date.now());
      return Promise.resolve(outcome());
    }, CADENCE);
    return {
      task,
      startedMs,
      gaps: () => startedMs.slice(1).map((ms, i) => ms - (startedMs[i] ?? 0)),
    };
  }

  test('runs again after a success when its time has come', async () => {
    const { task, gaps } = aTask(() => true);

    task.trigger();
    await jest.advanceTimersByTimeAsync(60_000);

    expect(gaps()).toEqual([30_000, 30_000]);
    await task[Symbol.asyncDispose]();
  });

  test('runs sooner after a failure, twice as late each time up to a bound', async () => {
    const { task, gaps } = aTask(() => false);

    task.trigger();
    await jest.advanceTimersByTimeAsync(75);

    expect(gaps()).toEqual([5, 10, 20, 20, 20]);
    await task[Symbol.asyncDispose]();
  });

  test('runs at once when triggered, and once more when triggered meanwhile', async () => {
    const releases: (() => void)[] = [];
    const task = new RecurringTask(
      () =>
        new Promise((resolve) =>
          releases.push(() => {
            resolve(true);
          }),
        ),
      CADENCE,
    );

    task.trigger();
    task.trigger();
    task.trigger();
    expect(releases).toHaveLength(1);
    releases[0]?.();
    await jest.advanceTimersByTimeAsync(0);

    expect(releases).toHaveLength(2);
    releases[1]?.();
    await task[Symbol.asyncDispose]();
  });

  test('never runs again once disposed', async () => {
    const { task, startedMs } = aTask(() => true);
    task.trigger();
    await task[Symbol.asyncDispose]();

    task.trigger();
    await jest.advanceTimersByTimeAsync(60_000);

    expect(startedMs).toHaveLength(1);
  });
});
