import { describe, expect, test } from '@jest/globals';
import { ClosedError, ExchangeError, HttpError } from '../../../src/kubelet/exchange-error.ts';
import { lateWords, refusalWords, transportWords } from '../../../src/kubelet/failure-words.ts';

const PATH = '/metrics/resource';
const LIMITS = { requestTimeoutMs: 10_000, maxResponseBytes: 1 };

function coded(code: string, more: object = {}): Error {
  return Object.assign(new Error(`message of ${code}`), { code, syscall: 'connect', ...more });
}

describe('refusalWords', () => {
  test.each([
    { path: '/stats/summary?only_cpu_and_memory=true', right: 'nodes/stats' },
    { path: '/metrics/resource', right: 'nodes/metrics' },
    { path: '/metrics/custom', right: 'nodes/metrics' },
    { path: '/custom', right: 'nodes/proxy' },
  ])('names $right for $path', ({ path, right }) => {
    const { kind, words } = refusalWords(path, { code: 403, text: 'Forbidden', said: '' });

    expect(kind).toBe('forbidden');
    expect(words).toBe(
      `it answered GET ${path} with 403 Forbidden; grant "get" on ${right} to our service account (ClusterRole system:metrics-server)`,
    );
  });

  test.each([
    {
      code: 204,
      text: 'No Content',
      words: 'it answered GET /metrics/resource with 204 No Content',
    },
    { code: 429, text: '', words: 'it answered GET /metrics/resource with 429' },
    { code: 503, text: '', words: 'it answered GET /metrics/resource with 503; see its log' },
  ])('tells $code as it is', ({ code, text, words }) => {
    expect(refusalWords(PATH, { code, text, said: '' })).toEqual({ kind: 'status', words });
  });
});

describe('lateWords', () => {
  test.each([
    {
      stage: 'connecting',
      words: 'no connection within 10s (context deadline exceeded); check fire',
    },
    {
      stage: 'handshaking',
      words: 'no TLS handshake within 10s (context deadline exceeded); is a',
    },
    { stage: 'waiting', words: 'no answer to GET /metrics/resource within 10s (context deadline' },
    {
      stage: 'reading',
      words: 'was not whole within 10s (context deadline exceeded), it had 7 bytes',
    },
  ] as const)('says that it hung $stage', ({ stage, words }) => {
    const failure = lateWords(PATH, new ExchangeError(new Error('late'), stage, 7), LIMITS);

    expect(failure.kind).toBe('timeout');
    expect(failure.words).toContain(words);
  });
});

describe('transportWords', () => {
  test.each([
    { code: 'ECONNREFUSED', kind: 'connect', words: 'connection refused; is the kubelet running' },
    { code: 'EHOSTUNREACH', kind: 'connect', words: 'no route to host (EHOSTUNREACH); check fire' },
    { code: 'ENETUNREACH', kind: 'connect', words: '--kubelet-preferred-address-types' },
    { code: 'ENOTFOUND', kind: 'connect', words: 'no such host (ENOTFOUND); choose addresses' },
    { code: 'EAI_AGAIN', kind: 'connect', words: 'no such host (EAI_AGAIN); choose addresses' },
    { code: 'ETIMEDOUT', kind: 'timeout', words: 'no connection (ETIMEDOUT); check firewalls' },
    { code: 'EMFILE', kind: 'connect', words: 'no connection (message of EMFILE)' },
    {
      code: 'CERT_NOT_YET_VALID',
      kind: 'tls',
      words: 'not yet valid (CERT_NOT_YET_VALID); set the',
    },
    {
      code: 'CERT_REVOKED',
      kind: 'tls',
      words: 'no TLS connection (message of CERT_REVOKED, CERT',
    },
  ])('tells $code while connecting', ({ code, kind, words }) => {
    const error = new ExchangeError(coded(code), 'connecting', 0);

    const failure = transportWords(PATH, error, LIMITS);

    expect(failure?.kind).toBe(kind);
    expect(failure?.words).toContain(words);
  });

  test.each([
    { stage: 'connecting', words: 'while connecting; is a kubelet listening there?' },
    { stage: 'handshaking', words: 'during the TLS handshake; is a kubelet listening there?' },
    { stage: 'waiting', words: 'before it answered GET /metrics/resource; did it restart?' },
    { stage: 'reading', words: 'after 7 bytes of the answer to GET /metrics/resource; did it' },
  ] as const)('tells a connection that broke while $stage', ({ stage, words }) => {
    for (const cause of [coded('ECONNRESET'), coded('EPIPE'), new ClosedError('closed')]) {
      const failure = transportWords(PATH, new ExchangeError(cause, stage, 7), LIMITS);

      expect(failure?.kind).toBe('reset');
      expect(failure?.words).toContain(words);
    }
  });

  test('tells what is no HTTP', () => {
    const error = new ExchangeError(new HttpError('expected a status line'), 'reading', 0);

    expect(transportWords(PATH, error, LIMITS)).toEqual({
      kind: 'decode',
      words:
        'it does not speak HTTP as expected (expected a status line); is a kubelet listening there?',
    });
  });

  test('tells a kept connection whose peer fell silent as broken', () => {
    const error = new ExchangeError(coded('ETIMEDOUT'), 'waiting', 0);

    expect(transportWords(PATH, error, LIMITS)?.kind).toBe('reset');
  });

  test('tells all addresses that were tried', () => {
    const cause = Object.assign(
      new AggregateError([new Error('connect a'), new Error('connect b')]),
      { code: 'EOTHER', syscall: 'connect' },
    );

    const failure = transportWords(PATH, new ExchangeError(cause, 'connecting', 0), LIMITS);

    expect(failure?.words).toBe('no connection (Error: connect a; Error: connect b)');
  });

  test.each([
    { name: 'a bug', cause: new TypeError('x is not a function') },
    { name: 'a mistake of ours', cause: new RangeError('invalid header') },
    { name: 'no error at all', cause: 'x' },
  ])('has no words for $name', ({ cause }) => {
    expect(transportWords(PATH, new ExchangeError(cause, 'waiting', 0), LIMITS)).toBeUndefined();
  });
});
