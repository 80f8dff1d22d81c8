import { describe, expect, jest, test } from '@jest/globals';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Standstills, giveUpAfter } from '../../e2e/awake.ts';

/** As when the machine takes the processor away. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('giveUpAfter', () => {
  test('calls when the time is over', async () => {
    const fromMs = performance.now();
    await new Promise<void>((resolve) => giveUpAfter(250, resolve));
    expect(performance.now() - fromMs).toBeGreaterThanOrEqual(249);
  });

  test('does not count time in which the program stood still', async () => {
    const giveUp = jest.fn();
    const stop = giveUpAfter(300, giveUp);
    standStill(500);
    await sleep(1);
    await nextTurn();
    expect(giveUp).not.toHaveBeenCalled();
    stop();
  });

  test('does not call once it was told to stop', async () => {
    const giveUp = jest.fn();
    giveUpAfter(100, giveUp)();
    await sleep(300);
    expect(giveUp).not.toHaveBeenCalled();
  });
});

describe('Standstills', () => {
  test('takes off what the program stood still between two moments', async () => {
    using standstills = new Standstills();
    const fromMs = performance.now();
    standStill(500);
    await sleep(110);
    const untilMs = performance.now();
    const awakeMs = standstills.awakeMs(fromMs, untilMs);
    expect(awakeMs).toBeLessThan(untilMs - fromMs - 350);
    expect(awakeMs).toBeGreaterThan(0);
    expect(standstills.awakeMs(untilMs, untilMs + 500)).toBe(500);
    expect(standstills.awakeMs(fromMs, Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });
});
