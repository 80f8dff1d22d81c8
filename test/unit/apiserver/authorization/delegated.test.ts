import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import {
  type AccessReviewStatus,
  delegatedAuthorizer,
} from '../../../../src/apiserver/authorization/delegated.ts';
import { authorizationInstruments } from '../../../../src/apiserver/authorization/instruments.ts';
import { requestInfo } from '../../../../src/apiserver/request-info.ts';
import { LogRecorder } from '../../../support/log-recorder.ts';
import { handClock } from '../authentication/peers.ts';

const NODES = '/apis/metrics.k8s.io/v1beta1/nodes';
const ALLOWED: AccessReviewStatus = { allowed: true, denied: false, reason: 'RBAC says so' };
const DENIED: AccessReviewStatus = { allowed: false, denied: true, reason: 'no' };
const NO_OPINION: AccessReviewStatus = { allowed: false, denied: false, reason: '' };

function setUp(
  review: () => AccessReviewStatus = () => ALLOWED,
  ttl = { allowedCacheTtlMs: 10_000, deniedCacheTtlMs: 5_000 },
) {
  const clock = handClock();
  const log = new LogRecorder();
  const registry = new Registry();
  const asked: unknown[] = [];
  const authorizer = delegatedAuthorizer({
    reviewer: {
      review(spec) {
        asked.push(spec);
        return Promise.try(review);
      },
    },
    config: {
      alwaysAllowPaths: ['/healthz'],
      alwaysAllowGroups: ['system:masters'],
      ...ttl,
    },
    clock,
    log,
    instruments: authorizationInstruments(registry),
  });
  const ask = (
    url = NODES,
    name = 'bob',
    groups: string[] = [],
    extra = new Map<string, string[]>(),
  ) =>
    Promise.try(() =>
      authorizer.authorize({
        user: { name, uid: '', groups, extra },
        request: requestInfo('GET', url),
      }),
    );
  return { clock, log, registry, asked, ask, authorizer };
}

describe('delegatedAuthorizer, order and decisions', () => {
  test.each([
    { name: 'a privileged group', args: [NODES, 'bob', ['system:masters']] },
    { name: 'an open path', args: ['/healthz'] },
  ] as const)('$name passes without a question', async ({ args: [url, name, groups] }) => {
    const { ask, asked } = setUp(() => DENIED);

    expect(await ask(url, name, [...(groups ?? [])])).toEqual({ allowed: true });
    expect(asked).toEqual([]);
  });

  test.each([
    { status: ALLOWED, decision: { allowed: true } },
    { status: DENIED, decision: { allowed: false, reason: 'no' } },
    { status: NO_OPINION, decision: { allowed: false, reason: '' } },
    {
      status: { ...NO_OPINION, reason: 'maybe' },
      decision: { allowed: false, reason: 'maybe' },
    },
  ])('$status is $decision', async ({ status, decision }) => {
    expect(await setUp(() => status).ask()).toEqual(decision);
  });

  test('both allowed and denied is no decision', async () => {
    await expect(setUp(() => ({ ...DENIED, allowed: true })).ask()).rejects.toThrow(
      'webhook subject access review returned both allow and deny response',
    );
  });

  test('what kept kube-apiserver from answering reaches the caller, and the log once', async () => {
    let isDown = true;
    const { ask, log } = setUp(() => {
      if (isDown) throw new Error('subjectaccessreviews.authorization.k8s.io is forbidden: no');
      return ALLOWED;
    });

    for (let turn = 0; turn < 3; turn++) {
      await expect(ask()).rejects.toThrow(
        'subjectaccessreviews.authorization.k8s.io is forbidden: no',
      );
    }
    isDown = false;
    expect(await ask()).toEqual({ allowed: true });
    expect(log.told).toEqual([
      'warn Could not ask kube-apiserver for a review',
      'info Asked kube-apiserver for a review again',
    ]);
  });
});

describe('delegatedAuthorizer, the cache', () => {
  test.each([
    { name: 'allowed', status: ALLOWED, ttlMs: 10_000 },
    { name: 'denied', status: DENIED, ttlMs: 5_000 },
    { name: 'no opinion', status: NO_OPINION, ttlMs: 5_000 },
  ])('$name is kept for its time', async ({ status, ttlMs }) => {
    const { ask, asked, clock } = setUp(() => status);

    await ask();
    clock.advance(ttlMs - 1);
    await ask();
    expect(asked).toHaveLength(1);
    clock.advance(2);
    await ask();
    expect(asked).toHaveLength(2);
  });

  test('a refusal of what was allowed is doubted for as long as a refusal is kept', async () => {
    let isReady = false;
    const { ask, asked, clock } = setUp(() => (isReady ? ALLOWED : NO_OPINION));
    const asksAgainAfter = async (ms: number): Promise<boolean> => {
      const { length } = asked;
      clock.advance(ms - 1);
      await ask();
      const isKept = asked.length === length;
      clock.advance(2);
      await ask();
      return isKept && asked.length === length + 1;
    };

    isReady = true;
    await ask();
    isReady = false;
    expect(await asksAgainAfter(10_000)).toBe(true);
    for (let second = 0; second < 5; second++) expect(await asksAgainAfter(1_000)).toBe(true);
    expect(await asksAgainAfter(5_000)).toBe(true);
    expect(await asksAgainAfter(5_000)).toBe(true);
  });

  test('who was refused by a kube-apiserver that had just begun is served a second later', async () => {
    const answers = [ALLOWED, NO_OPINION, ALLOWED];
    const { ask, clock } = setUp(() => answers.shift() ?? DENIED);

    expect(await ask()).toEqual({ allowed: true });
    clock.advance(10_001);
    expect(await ask()).toEqual({ allowed: false, reason: '' });
    clock.advance(1_001);
    expect(await ask()).toEqual({ allowed: true });
    clock.advance(9_000);
    expect(await ask()).toEqual({ allowed: true });
  });

  test('a time of zero keeps nothing', async () => {
    const { ask, asked } = setUp(undefined, { allowedCacheTtlMs: 0, deniedCacheTtlMs: 5_000 });
    await ask();
    await ask();

    expect(asked).toHaveLength(2);
  });

  test('every part of the question counts', async () => {
    const { ask, asked } = setUp();
    const questions = [
      ['/apis/metrics.k8s.io/v1beta1/pods', 'bob', []],
      [NODES, 'alice', []],
      [NODES, 'bob', ['g']],
      [NODES, 'bob', [], new Map([['k', ['v']]])],
      [`${NODES}?labelSelector=a`, 'bob', []],
      [`${NODES}/n`, 'bob', []],
    ] as const;
    for (const [url, name, groups, extra] of [...questions, ...questions]) {
      await ask(url, name, [...groups], extra && new Map(extra));
    }

    expect(asked).toHaveLength(questions.length);
  });

  test.each([
    [9_000, 1],
    [11_000, 2],
  ])('of %i bytes that the client chose, two requests ask %i times', async (bytes, times) => {
    const { ask, asked } = setUp();
    await ask(`/${'x'.repeat(bytes)}`);
    await ask(`/${'x'.repeat(bytes)}`);

    expect(asked).toHaveLength(times);
  });

  test('a burst of equal questions is one question', async () => {
    const { ask, asked } = setUp();
    await Promise.all(Array.from({ length: 100 }, () => ask()));

    expect(asked).toHaveLength(1);
  });
});

describe('delegatedAuthorizer, the self-metrics', () => {
  test('counts each result as upstream', async () => {
    const answers = [ALLOWED, DENIED, NO_OPINION];
    const { ask, registry } = setUp(() => {
      const answer = answers.shift();
      if (!answer) throw new Error('no answer');
      return answer;
    });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await ask(NODES, name).catch(() => undefined);
    await ask('/healthz');

    const lines = (await registry.metrics()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'authorization_attempts_total{result="allowed"} 2',
        'authorization_attempts_total{result="denied"} 1',
        'authorization_attempts_total{result="no-opinion"} 1',
        'authorization_attempts_total{result="error"} 2',
        'authorization_duration_seconds_bucket{result="allowed",le="0.001"} 2',
        'authorization_duration_seconds_bucket{result="error",le="16.384"} 2',
      ]),
    );
  });
});

describe('questions about acting as somebody else', () => {
  test('are asked, and counted with impersonation and not as attempts', async () => {
    const { authorizer, asked, ask, registry } = setUp();
    const user = { name: 'bob', uid: '', groups: [], extra: new Map() };
    for (const verb of ['impersonate', 'impersonate:user-info', 'impersonate-on:user-info:list']) {
      await authorizer.authorize({ user, request: { ...requestInfo('GET', NODES), verb } });
    }
    await ask();

    expect(asked).toHaveLength(4);
    expect(await registry.getSingleMetricAsString('authorization_attempts_total')).toMatch(
      /\nauthorization_attempts_total\{result="allowed"\} 1$/,
    );
  });
});
