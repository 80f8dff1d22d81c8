import { describe, expect, test } from '@jest/globals';
import { parseRetryAfter, refusalError, statusError } from '../../../src/kube/status-reply.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);

describe('parseRetryAfter', () => {
  test.each([
    { value: undefined, ms: undefined },
    { value: '', ms: undefined },
    { value: 'soon', ms: undefined },
    { value: '-1', ms: undefined },
    { value: '0', ms: 0 },
    { value: '12', ms: 12_000 },
    { value: 'Thu, 01 Jan 2026 12:00:30 GMT', ms: 30_000 },
    { value: 'Thu, 01 Jan 2026 11:00:00 GMT', ms: 0 },
  ])('reads $value as $ms ms', ({ value, ms }) => {
    expect(parseRetryAfter(value, NOW_MS)).toBe(ms);
  });
});

describe('refusalError', () => {
  const refusal = { method: 'POST', path: '/x', retryAfter: undefined };

  test('infers the reason from the status when the body says nothing', () => {
    expect(refusalError({ ...refusal, status: 502, body: '' }, NOW_MS)).toMatchObject({
      status: 502,
      reason: 'InternalError',
      message: 'kube-apiserver answered POST /x with 502, without a body',
    });
  });

  test('quotes no more than the beginning of a long body', () => {
    const { message } = refusalError({ ...refusal, status: 404, body: 'x'.repeat(9_999) }, NOW_MS);

    expect(message).toHaveLength(
      `kube-apiserver answered POST /x with 404, saying ""`.length + 200,
    );
  });
});

describe('statusError', () => {
  test('reads how long to wait from the details', () => {
    const status = { code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 3 } };

    expect(statusError(status)).toMatchObject({ status: 429, retryAfterMs: 3_000 });
  });

  test.each([undefined, null, {}, { code: 'x', message: 7 }])('makes do with %j', (status) => {
    expect(statusError(status, 500)).toMatchObject({
      status: 500,
      reason: '',
      message: 'status 500',
      retryAfterMs: undefined,
    });
  });
});
