import { describe, expect, test } from '@jest/globals';
import { AuthenticationError } from '../../../../src/apiserver/authentication/authenticator.ts';
import {
  type TokenReviewStatus,
  bearerTokenAuthenticator,
  tokenLookup,
  warnOfExtraSpace,
} from '../../../../src/apiserver/authentication/bearer-token.ts';
import { webSocketTokenAuthenticator } from '../../../../src/apiserver/authentication/websocket-token.ts';
import { LogRecorder } from '../../../support/log-recorder.ts';
import { credentials, handClock } from './peers.ts';

const NOBODY: TokenReviewStatus = {
  authenticated: false,
  error: '',
  user: { username: '', uid: '', groups: [], extra: new Map() },
};
const READER: TokenReviewStatus = {
  authenticated: true,
  error: '',
  user: {
    username: 'system:serviceaccount:team-a:reader',
    uid: '42',
    groups: ['system:serviceaccounts'],
    extra: new Map([['authentication.kubernetes.io/credential-id', ['JTI=1']]]),
  },
};

const ignored = (): void => undefined;

/** kube-apiserver, as far as it judges tokens: `good` is the reader's. */
function setUp(
  review: (token: string) => Promise<TokenReviewStatus> = (token) =>
    Promise.resolve(token.startsWith('good') ? READER : NOBODY),
  cacheTtlMs = 10_000,
) {
  const clock = handClock();
  const log = new LogRecorder();
  const asked: string[] = [];
  const lookup = tokenLookup({
    reviewer: {
      review(token) {
        asked.push(token);
        return review(token);
      },
    },
    cacheTtlMs,
    clock,
    log,
    observer: { requested: ignored, waiting: ignored, asking: ignored, asked: ignored },
  });
  const authenticator = bearerTokenAuthenticator(lookup);
  const ask = (authorization: string) =>
    Promise.try(() => authenticator.authenticate(credentials([['Authorization', authorization]])));
  return { clock, log, asked, lookup, authenticator, ask };
}

describe('bearerTokenAuthenticator, the header', () => {
  test('gives the user of the review', async () => {
    expect(await setUp().ask('Bearer good')).toEqual({
      name: 'system:serviceaccount:team-a:reader',
      uid: '42',
      groups: ['system:serviceaccounts'],
      extra: new Map([['authentication.kubernetes.io/credential-id', ['JTI=1']]]),
    });
  });

  const SPACE =
    'the provided Authorization header contains extra space before the bearer token, and is ignored';
  test.each<{ header: string; token: string | undefined; warning?: string }>([
    { header: 'Basic  good', token: undefined },
    { header: 'Bearer   good more', token: undefined, warning: SPACE },
    { header: 'Bearer good', token: 'good' },
    { header: '  bEARER good  ', token: 'good' },
    { header: 'Bearer good more', token: 'good' },
    { header: 'Bearer good1 x  y z', token: 'good1' },
    { header: 'Bearer', token: undefined },
    { header: 'Bearer ', token: undefined },
    { header: 'Bearer  good', token: undefined, warning: SPACE },
    { header: 'Bearer  ', token: undefined },
    { header: 'Basic dTpw', token: undefined },
    { header: 'Bearer\tgood', token: undefined },
    { header: '\u0085Bearer good\u00a0', token: 'good' },
    { header: '\ufeffBearer good', token: undefined },
    { header: 'Bearergood x', token: undefined },
    { header: '', token: undefined },
  ])('of "$header" looks up $token', async ({ header, token, warning }) => {
    const { authenticator, asked } = setUp();
    const request = credentials([['Authorization', header]]);

    warnOfExtraSpace(request);
    await authenticator.authenticate(request);

    expect(asked).toEqual(token === undefined ? [] : [token]);
    expect(request.warnings).toEqual(warning === undefined ? [] : [warning]);
  });

  test('of two headers the first counts', async () => {
    const { authenticator, asked } = setUp();
    await authenticator.authenticate(
      credentials([
        ['Authorization', 'Bearer good1'],
        ['Authorization', 'Bearer good2'],
      ]),
    );

    expect(asked).toEqual(['good1']);
  });

  test('no header: not mine', async () => {
    expect(await setUp().authenticator.authenticate(credentials())).toBeUndefined();
  });
});

describe('bearerTokenAuthenticator, the review', () => {
  test.each([
    { name: 'not authenticated', status: NOBODY, message: 'invalid bearer token' },
    {
      name: 'not authenticated, with an error',
      status: { ...NOBODY, error: 'token has expired' },
      message: 'token has expired',
    },
  ])('$name is an error', async ({ status, message }) => {
    const { ask } = setUp(() => Promise.resolve(status));

    await expect(ask('Bearer x')).rejects.toThrow(new AuthenticationError(message));
  });

  test('no answer is an error, reported once, and its end as well', async () => {
    let isDown = true;
    const { ask, log } = setUp(() =>
      isDown ? Promise.reject(new Error('connection refused')) : Promise.resolve(READER),
    );

    for (const token of ['a', 'b', 'c']) {
      await expect(ask(`Bearer ${token}`)).rejects.toThrow(
        /^token lookup failed: connection refused$/,
      );
    }
    isDown = false;
    await ask('Bearer a');

    expect(log.told).toEqual([
      'warn Could not ask kube-apiserver for a review',
      'info Asked kube-apiserver for a review again',
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('Bearer');
  });

  test.each([
    { name: 'a good answer', status: READER, kept: true },
    { name: 'a plain refusal', status: NOBODY, kept: true },
    { name: 'a refusal with an error', status: { ...NOBODY, error: 'x' }, kept: false },
    { name: 'no answer', status: undefined, kept: false },
  ])('$name is kept for 10 s: $kept', async ({ status, kept }) => {
    const { ask, asked, clock } = setUp(() =>
      status ? Promise.resolve(status) : Promise.reject(new Error('no')),
    );
    const settle = (): Promise<unknown> => ask('Bearer x').catch(() => undefined);

    await settle();
    clock.advance(9_999);
    await settle();
    expect(asked).toHaveLength(kept ? 1 : 2);
    clock.advance(2);
    await settle();
    expect(asked).toHaveLength(kept ? 2 : 3);
  });

  test('a time to keep of zero keeps nothing', async () => {
    const { ask, asked } = setUp(undefined, 0);
    await ask('Bearer good');
    await ask('Bearer good');

    expect(asked).toHaveLength(2);
  });

  test('different tokens never share an answer', async () => {
    const { ask, asked } = setUp();
    await ask('Bearer good');

    await expect(ask('Bearer goo')).rejects.toThrow(AuthenticationError);
    expect(asked).toEqual(['good', 'goo']);
  });

  test('a burst of requests with one token asks once', async () => {
    const { ask, asked } = setUp();
    const users = await Promise.all(Array.from({ length: 50 }, () => ask('Bearer good')));

    expect(asked).toHaveLength(1);
    expect(new Set(users).size).toBe(1);
  });
});

describe('webSocketTokenAuthenticator', () => {
  const WEBSOCKET = [
    ['Connection', 'keep-alive, Upgrade'],
    ['Upgrade', 'WebSocket'],
  ] as const;
  const protocol = (token: string): string =>
    `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
  const ask = async (lines: readonly (readonly [string, string])[]) => {
    const { lookup, asked } = setUp();
    const user = await webSocketTokenAuthenticator(lookup).authenticate(credentials(lines));
    return { user, asked };
  };

  test('reads the token among the subprotocols, on one line or several', async () => {
    for (const lines of [
      [['Sec-WebSocket-Protocol', `base64.channel.k8s.io, ${protocol('good')}`]],
      [
        ['Sec-WebSocket-Protocol', protocol('good')],
        ['Sec-WebSocket-Protocol', 'base64.channel.k8s.io'],
      ],
    ] as const) {
      const { user, asked } = await ask([...WEBSOCKET, ...lines]);

      expect(user?.name).toBe('system:serviceaccount:team-a:reader');
      expect(asked).toEqual(['good']);
    }
  });

  test.each([
    { name: 'no upgrade', lines: [['Sec-WebSocket-Protocol', `x, ${protocol('good')}`]] as const },
    {
      name: 'an upgrade to something else',
      lines: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'h2c'],
        ['Sec-WebSocket-Protocol', `x, ${protocol('good')}`],
      ] as const,
    },
    { name: 'no token', lines: [...WEBSOCKET, ['Sec-WebSocket-Protocol', 'x, y']] as const },
  ])('$name: not mine', async ({ lines }) => {
    expect(await ask(lines)).toEqual({ user: undefined, asked: [] });
  });

  test.each([
    { protocols: protocol('good'), problem: 'no other subprotocol stands beside it' },
    { protocols: `x, ${protocol('a')}, ${protocol('b')}`, problem: 'there is more than one' },
    { protocols: 'x, base64url.bearer.authorization.k8s.io.', problem: 'it is not base64url' },
    { protocols: 'x, base64url.bearer.authorization.k8s.io.a=', problem: 'it is not base64url' },
  ])('refuses "$protocols": $problem', async ({ protocols, problem }) => {
    await expect(ask([...WEBSOCKET, ['Sec-WebSocket-Protocol', protocols]])).rejects.toThrow(
      new AuthenticationError(`Cannot read the token of a WebSocket: ${problem}`),
    );
  });
});
