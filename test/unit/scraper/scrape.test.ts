import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Scrape } from '../../../src/scraper/scrape.ts';

const TIMEOUT_MS = 1_000;
const never = (): Promise<void> => new Promise(() => undefined);

/** What it failed with; to be awaited later without being an unhandled rejection until then. */
function failureOf(running: Promise<void>): Promise<unknown> {
  return running.then(
    () => undefined,
    (error: unknown) => error,
  );
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('A scrape', () => {
  test('ends with its reader, and leaves no timer behind', async () => {
    await new Scrape(0).run('node-a', TIMEOUT_MS, () => Promise.resolve());
    await expect(
      new Scrape(0).run('node-a', TIMEOUT_MS, () => Promise.reject(new Error('no'))),
    ).rejects.toThrow('no');

    expect(jest.getTimerCount()).toBe(0);
  });

  test('is aborted at its deadline, and may end in the words of its reader', async () => {
    const scrape = new Scrape(0);
    const failure = failureOf(
      scrape.run('node-a', TIMEOUT_MS, async (signal) => {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        throw new Error('in my own words');
      }),
    );

    await jest.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
    expect(scrape.signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);

    expect(await failure).toEqual(new Error('in my own words'));
    expect(scrape.signal.reason).toMatchObject({ name: 'TimeoutError' });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('ends a moment after its deadline, whatever its reader does', async () => {
    const failure = failureOf(new Scrape(0).run('node-a', TIMEOUT_MS, never));

    await jest.advanceTimersByTimeAsync(TIMEOUT_MS + 100);

    expect(await failure).toMatchObject({
      name: 'TimeoutError',
      message: 'Cannot scrape node "node-a": no answer within 1s',
    });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('ends with the first reason it was given up for', async () => {
    const scrape = new Scrape(0);
    const failure = failureOf(scrape.run('node-a', TIMEOUT_MS, never));

    scrape.abort(new DOMException('moved', 'AbortError'));
    scrape.abort(new DOMException('gone', 'AbortError'));
    await jest.advanceTimersByTimeAsync(100);

    expect(await failure).toMatchObject({ message: 'moved' });
  });
});
