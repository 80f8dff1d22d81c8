import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { accessReviewer } from '../../../src/kube/access-review.ts';
import { KubeError } from '../../../src/kube/kube-error.ts';
import type { ReviewClient, ReviewOptions } from '../../../src/kube/review.ts';
import { tokenReviewer } from '../../../src/kube/token-review.ts';

type Reply = object | Error | 'silence';

interface Asked {
  readonly path: string;
  readonly body: object;
  readonly timeoutMs: number;
  readonly atMs: number;
}

let asked: Asked[];
let counted: string[];
let startMs: number;

beforeEach(() => {
  jest.useFakeTimers();
  asked = [];
  counted = [];
  startMs = Date.now();
});

afterEach(() => {
  jest.useRealTimers();
});

/** Answers with the replies in order; the last one again and again. */
function clientWith(...replies: readonly Reply[]): ReviewClient {
  return {
    post(path, body, { timeoutMs, signal }) {
      const reply = replies[Math.min(asked.length, replies.length - 1)];
      asked.push({ path, body, timeoutMs, atMs: Date.now() - startMs });
      if (reply === 'silence') {
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      }
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
    },
  };
}

const options: ReviewOptions = {
  clock: { nowMs: () => Date.now(), monotonicMs: () => Date.now() },
  random: () => 0.5,
  instruments: { reviewed: (code) => counted.push(code) },
};

function failure(status: number, reason: string, retryAfterMs?: number): KubeError {
  return new KubeError(reason, { kind: 'status', status, reason, retryAfterMs });
}

/** What the promise is rejected with; taken at once, so that no rejection goes unhandled meanwhile. */
function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const OF_ALICE = {
  status: {
    authenticated: true,
    user: {
      username: 'alice',
      uid: '42',
      groups: ['g1', 'g2'],
      extra: { 'foo/bar': ['v1', 'v2'], constructor: ['x'] },
    },
  },
};

describe('tokenReviewer', () => {
  test('asks as upstream does, and gives what is said of the user', async () => {
    const status = await tokenReviewer(clientWith(OF_ALICE), options).review('secret');

    expect(status).toEqual({
      authenticated: true,
      error: '',
      user: {
        username: 'alice',
        uid: '42',
        groups: ['g1', 'g2'],
        extra: new Map([
          ['foo/bar', ['v1', 'v2']],
          ['constructor', ['x']],
        ]),
      },
    });
    expect(asked).toEqual([
      {
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: {
          kind: 'TokenReview',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: {},
          spec: { token: 'secret' },
          status: { user: {} },
        },
        timeoutMs: 10_000,
        atMs: 0,
      },
    ]);
    expect(counted).toEqual(['201']);
  });

  test.each([
    { name: 'nothing but an error', status: { error: 'expired' }, error: 'expired' },
    { name: 'nothing at all', status: {}, error: '' },
  ])('takes $name for a token that is not good', async ({ status, error }) => {
    const answer = await tokenReviewer(clientWith({ status }), options).review('bad');

    expect(answer).toEqual({
      authenticated: false,
      error,
      user: { username: '', uid: '', groups: [], extra: new Map() },
    });
  });

  test.each([
    { name: 'audiences', status: { ...OF_ALICE.status, audiences: ['https://elsewhere'] } },
    { name: 'an error beside a user', status: { ...OF_ALICE.status, error: 'and yet' } },
  ])('believes in the user whatever is said of $name', async ({ status }) => {
    const answer = await tokenReviewer(clientWith({ status }), options).review('good');

    expect(answer).toMatchObject({ authenticated: true, user: { username: 'alice', uid: '42' } });
  });

  test.each<{ name: string; reply: Reply }>([
    { name: 'an error in the status', reply: { status: { error: 'no such token: s3cret-token' } } },
    {
      name: 'a failure that quotes the question',
      reply: new KubeError('500, saying "{"token":"s3cret-token"}"', {
        kind: 'tls',
        cause: new Error('s3cret-token'),
      }),
    },
    {
      name: 'an answer that is not JSON',
      reply: new KubeError('not JSON', {
        kind: 'malformed',
        cause: new SyntaxError('Unexpected token, "s3cret-token" is not valid JSON'),
      }),
    },
  ])('$name never tells the token to a log', async ({ reply }) => {
    const said = await tokenReviewer(clientWith(reply), options)
      .review('s3cret-token')
      .catch((error: unknown) => error);

    expect(inspect(said, { depth: 10 })).not.toContain('s3cret');
    expect(inspect(said)).toMatch(/repeats the token|not JSON/);
  });

  test('refuses an answer without status', async () => {
    const reviewing = tokenReviewer(clientWith({ kind: 'TokenReview' }), options).review('x');

    await expect(reviewing).rejects.toMatchObject({ kind: 'malformed' });
  });

  test('gives up after 10 s, pauses included, and ends the call', async () => {
    const reviewing = tokenReviewer(clientWith('silence'), options).review('x');
    const failed = failureOf(reviewing);

    await jest.advanceTimersByTimeAsync(9_999);
    expect(counted).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);

    await expect(failed).resolves.toMatchObject({ kind: 'timeout' });
    expect(counted).toEqual(['<error>']);
  });

  test('ends with the signal of who asked', async () => {
    const controller = new AbortController();
    const reviewing = tokenReviewer(clientWith('silence'), options).review('x', controller.signal);
    const failed = failureOf(reviewing);
    const reason = new Error('gone away');

    controller.abort(reason);

    await expect(failed).resolves.toBe(reason);
  });
});

describe('askReview', () => {
  test.each([
    { name: '500', error: failure(500, 'InternalError') },
    { name: '504', error: failure(504, 'Timeout') },
    { name: '429', error: failure(429, 'TooManyRequests') },
    { name: 'a broken connection', error: new KubeError('reset', { kind: 'reset' }) },
  ])('asks five times in 4 to 5 s on $name', async ({ error }) => {
    const reviewing = tokenReviewer(clientWith(error), options).review('x');
    const failed = failureOf(reviewing);

    await jest.runAllTimersAsync();

    await expect(failed).resolves.toBe(error);
    expect(asked.map(({ atMs }) => Math.trunc(atMs))).toEqual([0, 550, 1375, 2612, 4468]);
    expect(counted).toHaveLength(5);
  });

  test.each([
    { name: 'a refusal', error: failure(403, 'Forbidden') },
    { name: '503', error: failure(503, 'ServiceUnavailable') },
    { name: 'a missing server', error: new KubeError('refused', { kind: 'connection' }) },
    { name: 'a timeout of ours', error: new KubeError('late', { kind: 'timeout' }) },
    { name: 'a bug', error: new TypeError('bug') },
  ])('does not ask again on $name', async ({ error }) => {
    await expect(tokenReviewer(clientWith(error), options).review('x')).rejects.toBe(error);

    expect(asked).toHaveLength(1);
  });

  test('waits as long as the server asks for', async () => {
    const client = clientWith(failure(503, 'ServiceUnavailable', 3_000), OF_ALICE);
    const reviewing = tokenReviewer(client, options).review('x');

    await jest.runAllTimersAsync();

    await expect(reviewing).resolves.toMatchObject({ authenticated: true });
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, 3_000]);
    expect(counted).toEqual(['503', '201']);
  });
});

describe('accessReviewer', () => {
  const spec = { nonResourceAttributes: { path: '/version', verb: 'get' }, user: 'bob' };

  test('asks as upstream does', async () => {
    const client = clientWith({ status: { allowed: true, reason: 'RBAC: allowed' } });

    await expect(accessReviewer(client, options).review(spec)).resolves.toEqual({
      allowed: true,
      denied: false,
      reason: 'RBAC: allowed',
    });
    expect(asked).toEqual([
      {
        path: '/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s',
        body: {
          kind: 'SubjectAccessReview',
          apiVersion: 'authorization.k8s.io/v1',
          metadata: {},
          spec,
          status: { allowed: false },
        },
        timeoutMs: 10_000,
        atMs: 0,
      },
    ]);
  });

  test.each([
    { status: { allowed: false, denied: true, reason: 'no' }, denied: true, reason: 'no' },
    { status: { allowed: 'yes' }, denied: false, reason: '' },
    { status: {}, denied: false, reason: '' },
  ])('does not allow what is not allowed: $status', async ({ status, denied, reason }) => {
    await expect(accessReviewer(clientWith({ status }), options).review(spec)).resolves.toEqual({
      allowed: false,
      denied,
      reason,
    });
  });

  test('refuses an answer without status', async () => {
    await expect(accessReviewer(clientWith({}), options).review(spec)).rejects.toMatchObject({
      kind: 'malformed',
    });
  });
});
