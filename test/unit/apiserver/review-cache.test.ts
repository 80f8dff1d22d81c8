import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ReviewCache } from '../../../src/apiserver/review-cache.ts';
import { handClock } from './authentication/peers.ts';

interface Answer {
  readonly text: string;
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function setUp(maxEntries = 10) {
  const clock = handClock();
  const seen: string[] = [];
  const reviews = new ReviewCache<Answer>({
    maxEntries,
    timeLimitMs: 10_000,
    late: () => new Error('too late'),
    clock,
    observer: {
      requested: (status, seconds) => seen.push(`${status} ${seconds}`),
      waiting: (change) => seen.push(`waiting ${change}`),
      asking: (change) => seen.push(`asking ${change}`),
      asked: (status) => seen.push(`asked ${status}`),
    },
  });
  const cache = {
    /** As a promise, whether or not there was anything to wait for. */
    get: (...args: Parameters<typeof reviews.get>) => Promise.try(() => reviews.get(...args)),
  };
  let asked = 0;
  const ask = (keepMs: number) => () => {
    asked += 1;
    return Promise.resolve({ answer: { text: `answer ${asked}` }, keepMs });
  };
  return { clock, reviews, cache, ask, seen, asked: () => asked };
}

describe('ReviewCache', () => {
  test('keeps an answer for as long as it says, by the clock it was given', async () => {
    const { clock, cache, ask } = setUp();

    expect(await cache.get('k', ask(10_000))).toEqual({ text: 'answer 1' });
    clock.advance(9_999);
    expect(await cache.get('k', ask(10_000))).toEqual({ text: 'answer 1' });
    clock.advance(2);
    expect(await cache.get('k', ask(10_000))).toEqual({ text: 'answer 2' });
  });

  test('gives a kept answer without waiting', async () => {
    const { reviews, ask } = setUp();
    const asked = reviews.get('k', ask(10_000));
    expect(asked).toBeInstanceOf(Promise);
    await asked;

    expect(reviews.get('k', ask(10_000))).toEqual({ text: 'answer 1' });
  });

  test('a hit does not make the answer live longer', async () => {
    const { clock, cache, ask, asked } = setUp();
    await cache.get('k', ask(10_000));
    for (let turn = 0; turn < 4; turn++) {
      clock.advance(3_000);
      await cache.get('k', ask(10_000));
    }

    expect(asked()).toBe(2);
  });

  test('does not keep what is not to be kept', async () => {
    const { cache, ask, asked } = setUp();
    await cache.get('k', ask(0));
    await cache.get('k', ask(0));

    expect(asked()).toBe(2);
  });

  test('asks once for equal questions that come together, and apart for others', async () => {
    const { cache, ask, asked } = setUp();

    const answers = await Promise.all([
      cache.get('k', ask(0)),
      cache.get('k', ask(0)),
      cache.get('other', ask(0)),
      cache.get('k', ask(0)),
    ]);

    expect(asked()).toBe(2);
    expect(answers.map(({ text }) => text)).toEqual([
      'answer 1',
      'answer 1',
      'answer 2',
      'answer 1',
    ]);
  });

  test('a failure reaches all who wait, and the next one asks again', async () => {
    const { cache, ask } = setUp();
    const fail = () => Promise.reject(new Error('no answer'));

    const results = await Promise.allSettled([cache.get('k', fail), cache.get('k', fail)]);

    expect(results).toEqual([
      { status: 'rejected', reason: new Error('no answer') },
      { status: 'rejected', reason: new Error('no answer') },
    ]);
    expect(await cache.get('k', ask(1))).toEqual({ text: 'answer 1' });
  });

  test('gives up after its time limit, though the work does not heed the signal', async () => {
    const { cache, ask } = setUp();
    let signal: AbortSignal | undefined;
    const answer = cache.get('k', (limit) => {
      signal = limit;
      return new Promise(() => undefined);
    });
    const refused = answer.catch((err: unknown) => err);

    await jest.advanceTimersByTimeAsync(9_999);
    expect(signal?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);

    expect(await refused).toEqual(new Error('too late'));
    expect(signal?.aborted).toBe(true);
    expect(await cache.get('k', ask(1))).toEqual({ text: 'answer 1' });
  });

  test('one who goes away does not take the answer from the others', async () => {
    const { cache } = setUp();
    const { promise, resolve } = Promise.withResolvers<{ answer: Answer; keepMs: number }>();
    const gone = new AbortController();
    const first = cache.get('k', () => promise, gone.signal);
    const second = cache.get('k', () => promise);
    const refused = first.catch((err: unknown) => err);

    gone.abort(new Error('gone'));
    expect(await refused).toEqual(new Error('gone'));
    resolve({ answer: { text: 'late' }, keepMs: 1 });

    expect(await second).toEqual({ text: 'late' });
  });

  test('forgets the one that was not used for longest', async () => {
    const { cache, ask, asked } = setUp(2);
    await cache.get('a', ask(1000));
    await cache.get('b', ask(1000));
    await cache.get('a', ask(1000));
    await cache.get('c', ask(1000));

    await cache.get('a', ask(1000));
    expect(asked()).toBe(3);
    await cache.get('b', ask(1000));
    expect(asked()).toBe(4);
  });

  test('tells its observer what it does', async () => {
    const { clock, cache, seen } = setUp();
    await cache.get('k', () => {
      clock.advance(250);
      return Promise.resolve({ answer: { text: '' }, keepMs: 1000 });
    });
    await cache.get('k', () => Promise.reject(new Error('not asked')));
    await cache.get('bad', () => Promise.reject(new Error('x'))).catch(() => undefined);

    expect(seen).toEqual([
      ...['waiting 1', 'asking 1', 'asked ok', 'asking -1', 'waiting -1', 'miss 0.25'],
      'hit 0',
      ...['waiting 1', 'asking 1', 'asked error', 'asking -1', 'waiting -1', 'miss 0'],
    ]);
  });
});
