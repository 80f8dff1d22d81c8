import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Progress } from '../../../src/simulator/progress.ts';

function aScreen(isTTY: boolean) {
  let text = '';
  return { isTTY, write: (more: string) => (text += more), text: () => text };
}

describe('Progress', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  test('writes one line a step where there is no terminal', async () => {
    const screen = aScreen(false);
    const progress = new Progress(screen, () => Date.now());

    const step = progress.step(
      'Cluster',
      () => wait(1200).then(() => 5),
      (nodes) => `${nodes} nodes`,
    );
    await jest.advanceTimersByTimeAsync(1200);

    expect(await step).toBe(5);
    expect(screen.text()).toBe('✓ Cluster: 5 nodes (1.2 s)\n');
  });

  test('moves on a terminal while it waits, and leaves one line', async () => {
    const screen = aScreen(true);
    const progress = new Progress(screen, () => Date.now());

    const step = progress.step('Cluster', () => wait(250));
    await jest.advanceTimersByTimeAsync(250);
    await step;

    expect(screen.text().split('\r\u001B[K')).toEqual([
      '',
      '⠋ Cluster 0.0 s',
      '⠙ Cluster 0.1 s',
      '⠹ Cluster 0.2 s',
      '✓ Cluster (0.3 s)\n',
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('marks a step that failed and passes its error on', async () => {
    const screen = aScreen(false);
    const progress = new Progress(screen, () => 0);

    await expect(progress.step('Port', () => Promise.reject(new Error('busy')))).rejects.toThrow(
      'busy',
    );

    expect(screen.text()).toBe('✗ Port (0.0 s)\n');
  });
});
