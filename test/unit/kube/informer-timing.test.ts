import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { OpenRequest } from '../../../src/kube/client.ts';
import { Informer } from '../../../src/kube/informer.ts';
import { KubeError } from '../../../src/kube/kube-error.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { added, eventText, listEnd } from '../../support/watch-script.ts';
import type { EventLine } from '../../support/watch-script.ts';

/** A refusal, or a watch with these events that then stays open (`open`) or ends in order. */
type Reply = Error | { readonly events: readonly EventLine[]; readonly open: boolean };

let startMs: number;
let calledAtMs: number[];
let informer: Informer | undefined;
/** What the follower was told, and after how many ms. */
let told: string[];

beforeEach(() => {
  jest.useFakeTimers();
  startMs = Date.now();
  calledAtMs = [];
  told = [];
});

afterEach(async () => {
  await informer?.[Symbol.asyncDispose]();
  jest.useRealTimers();
});

function follow(...replies: readonly Reply[]): void {
  informer = new Informer(
    { upsert: () => ({}), remove: () => undefined, retain: () => undefined },
    {
      resource: {
        name: 'things',
        path: '/things',
        listAccept: '',
        watchAccept: '',
        remedy: 'Grant things',
      },
      client: {
        open({ signal }: OpenRequest) {
          const reply = replies[Math.min(calledAtMs.length, replies.length - 1)];
          calledAtMs.push(Date.now() - startMs);
          if (!reply || reply instanceof Error) return Promise.reject(reply ?? new Error('none'));
          return Promise.resolve(bodyOf(reply.events, reply.open, signal));
        },
      },
      clock: { nowMs: () => Date.now(), monotonicMs: () => Date.now() },
      log: new LogRecorder(),
      random: () => 0,
      follower: {
        follows: () => told.push(`${Date.now() - startMs} follows`),
        lost: () => told.push(`${Date.now() - startMs} lost`),
        refused: () => told.push(`${Date.now() - startMs} refused`),
      },
    },
  );
  informer.start();
}

async function* bodyOf(
  events: readonly EventLine[],
  open: boolean,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(eventText(events));
  if (!open) return;
  await new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

function refusal(status: number, retryAfterMs?: number): KubeError {
  return new KubeError(`status ${status}`, { kind: 'status', status, retryAfterMs });
}

function unreachable(): KubeError {
  return new KubeError('connect ECONNREFUSED', { kind: 'connection' });
}

describe('Informer and time', () => {
  test('waits longer after each failure, from 0.8 s up to half a minute', async () => {
    follow(refusal(403));

    await jest.advanceTimersByTimeAsync(120_000);

    const pausesMs = calledAtMs.slice(1).map((ms, at) => ms - (calledAtMs[at] ?? 0));
    expect(pausesMs.slice(0, 7)).toEqual([800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000]);
  });

  test('asks a server that cannot be reached every five seconds at least', async () => {
    follow(unreachable());

    await jest.advanceTimersByTimeAsync(60_000);

    const pausesMs = calledAtMs.slice(1).map((ms, at) => ms - (calledAtMs[at] ?? 0));
    expect(pausesMs.slice(0, 5)).toEqual([800, 1_600, 2_500, 2_500, 2_500]);
  });

  test.each([
    { name: 'breaks connections', error: new KubeError('reset', { kind: 'reset' }) },
    { name: 'says nothing', error: new KubeError('late', { kind: 'timeout' }) },
    { name: 'is said to be away by a proxy', error: refusal(503) },
  ])('asks a server that $name as often', async ({ error }) => {
    follow(error);

    await jest.advanceTimersByTimeAsync(60_000);

    const pausesMs = calledAtMs.slice(1).map((ms, at) => ms - (calledAtMs[at] ?? 0));
    expect(pausesMs.slice(0, 5)).toEqual([800, 1_600, 2_500, 2_500, 2_500]);
  });

  test('tells its follower of every attempt, and not of a watch that was cut', async () => {
    const cut = { events: [listEnd(1), added('a', 2)], open: false };
    follow(cut, unreachable(), refusal(429), { events: [added('a', 3)], open: true });

    await jest.advanceTimersByTimeAsync(10_000);

    expect(told).toEqual(['0 follows', '1000 lost', '1800 refused', '2600 follows']);
  });

  test('tells its follower of pages, too', async () => {
    follow(refusal(400), { events: [], open: false });

    await jest.advanceTimersByTimeAsync(500);

    expect(told.slice(0, 2)).toEqual(['0 refused', '0 follows']);
  });

  test.each<{ name: string; error: Error; word: string }>([
    { name: 'no connection', error: unreachable(), word: 'lost' },
    { name: 'a broken connection', error: new KubeError('', { kind: 'reset' }), word: 'lost' },
    { name: 'no answer', error: new KubeError('', { kind: 'timeout' }), word: 'lost' },
    { name: 'a wrong certificate', error: new KubeError('', { kind: 'tls' }), word: 'lost' },
    { name: '502', error: refusal(502), word: 'lost' },
    { name: '503', error: refusal(503), word: 'lost' },
    { name: '504', error: refusal(504), word: 'lost' },
    { name: '500', error: refusal(500), word: 'refused' },
    { name: '429', error: refusal(429), word: 'refused' },
    { name: '403', error: refusal(403), word: 'refused' },
    { name: '401', error: refusal(401), word: 'refused' },
    { name: 'nonsense', error: new KubeError('', { kind: 'malformed' }), word: 'refused' },
  ])('tells its follower that it is $word after $name', async ({ error, word }) => {
    follow(error);

    await jest.advanceTimersByTimeAsync(0);

    expect(told).toEqual([`0 ${word}`]);
  });

  test('tells its follower nothing of a mistake of our own', async () => {
    follow(new Error('open token: no such file'));

    await jest.advanceTimersByTimeAsync(10_000);

    expect(told).toEqual([]);
  });

  test.each([
    { name: 'had let us in', before: { events: [listEnd(1), added('a', 2)], open: false } },
    { name: 'was away', before: unreachable() },
  ])('takes the first refusals of a server that $name for its beginning', async ({ before }) => {
    const refusals = [403, 401, 403, 403, 403].map((status) => refusal(status));
    follow(before, ...refusals, { events: [], open: true });

    await jest.advanceTimersByTimeAsync(20_000);

    const words = told.slice(1).map((line) => line.split(' ')[1]);
    expect(words).toEqual(['lost', 'lost', 'lost', 'lost', 'refused', 'follows']);
  });

  test('waits as little after the refusals of a beginning as if they were the first failures', async () => {
    const away = Array.from({ length: 10 }, unreachable);
    const back = { events: [listEnd(9)], open: true };
    follow(
      { events: [listEnd(1)], open: false },
      ...away,
      refusal(403),
      refusal(403),
      refusal(410),
      back,
    );

    await jest.advanceTimersByTimeAsync(60_000);

    const pausesMs = calledAtMs.slice(11).map((ms, at) => (calledAtMs[at + 12] ?? ms) - ms);
    expect(pausesMs.slice(0, 3)).toEqual([800, 1_600, 800]);
  });

  test('begins anew with the shortest wait when a server that was away answers', async () => {
    const away = Array.from({ length: 10 }, unreachable);
    const back = { events: [listEnd(9)], open: true };
    follow({ events: [listEnd(1)], open: false }, ...away, refusal(410), back);

    await jest.advanceTimersByTimeAsync(60_000);

    const [refusedMs = 0, listedMs = 0] = calledAtMs.slice(11);
    expect(calledAtMs).toHaveLength(13);
    expect(listedMs - refusedMs).toBe(800);
  });

  test('begins anew with the shortest wait after a success', async () => {
    const broken = refusal(403);
    const working = { events: [listEnd(1), added('a', 2)], open: false };
    follow(broken, broken, broken, working, broken);

    await jest.advanceTimersByTimeAsync(7_400);

    // The watch that worked was short: the next one begins a second after it, the one after that 0.8 s later.
    expect(calledAtMs).toEqual([0, 800, 2_400, 5_600, 6_600, 7_400]);
  });

  test('backs off when watches end at once without any event', async () => {
    follow({ events: [listEnd(1)], open: false }, { events: [], open: false });

    await jest.advanceTimersByTimeAsync(6_600);

    expect(calledAtMs).toEqual([0, 1_000, 1_800, 3_400, 6_600]);
  });

  test('begins one watch a second at most, however short the server keeps them', async () => {
    follow({ events: [listEnd(1)], open: false }, { events: [added('a', 2)], open: false });

    await jest.advanceTimersByTimeAsync(4_000);

    expect(calledAtMs).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
  });

  test('counts a watch that has held for half a minute as a success, without any event', async () => {
    const broken = refusal(403);
    const quiet = { events: [], open: true };
    follow({ events: [listEnd(1)], open: false }, broken, broken, quiet, broken);

    await jest.advanceTimersByTimeAsync(3_400);
    expect(calledAtMs).toEqual([0, 1_000, 1_800, 3_400]);
    await jest.advanceTimersByTimeAsync(330_000 + 800); // 300 s asked for, 30 s of grace

    expect(calledAtMs.slice(4)).toEqual([334_200]);
  });

  test('waits as long as the server asks for, but not for ever', async () => {
    follow(refusal(429, 45_000), refusal(503, 86_400_000), refusal(503));

    await jest.advanceTimersByTimeAsync(165_000);

    expect(calledAtMs).toEqual([0, 45_000, 165_000]);
  });

  test('gives up a streamed list after 20 s of silence, and lists page by page at once', async () => {
    follow({ events: [], open: true });

    await jest.advanceTimersByTimeAsync(20_000);

    expect(calledAtMs).toEqual([0, 20_000]);
  });
});
