import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import {
  AuthenticationError,
  type Credentials,
  unionAuthenticator,
} from '../../../../src/apiserver/authentication/authenticator.ts';
import { withAuthenticatedGroup } from '../../../../src/apiserver/authentication/anonymous.ts';
import { delegatedAuthenticator } from '../../../../src/apiserver/authentication/delegated-authenticator.ts';
import { authenticationInstruments } from '../../../../src/apiserver/authentication/instruments.ts';
import type { Trust } from '../../../../src/apiserver/authentication/trust.ts';
import { CaBundle } from '../../../../src/pki/chain.ts';
import { LogRecorder } from '../../../support/log-recorder.ts';
import {
  NOW_MS,
  clientCa,
  credentials,
  frontProxyCa,
  handClock,
  peer,
  requestHeaderTrust,
  strangerCa,
} from './peers.ts';

const KNOWN: Trust = {
  clientCa: CaBundle.parse(clientCa.certPem),
  requestHeader: requestHeaderTrust(),
};
const UNKNOWN: Trust = { clientCa: undefined, requestHeader: undefined };

function setUp(trust: Trust = KNOWN) {
  const registry = new Registry();
  const asked: string[] = [];
  const clock = handClock();
  const authenticator = delegatedAuthenticator({
    trust: () => trust,
    reviewer: {
      review(token) {
        asked.push(token);
        if (token === 'broken') return Promise.reject(new Error('tokenreviews is forbidden'));
        return Promise.resolve({
          authenticated: token === 'good',
          error: '',
          user: { username: 'reader', uid: '', groups: ['readers'], extra: new Map() },
        });
      },
    },
    tokenCacheTtlMs: 10_000,
    clock,
    log: new LogRecorder(),
    instruments: authenticationInstruments(registry),
  });
  return { authenticator, asked, registry, clock };
}

const proxy = peer(frontProxyCa, {});
const viewer = peer(clientCa, { commonName: 'viewer', organizations: ['viewers'] });
const asAlice = ['X-Remote-User', 'alice'] as const;
const token = (value: string): readonly [string, string] => ['Authorization', value];
const ANONYMOUS = { name: 'system:anonymous', uid: '', groups: ['system:unauthenticated'] };

describe('delegatedAuthenticator, the decision table of contract 6.4 (no user: refused)', () => {
  test.each<{ presented: string; request: Credentials; trust?: Trust; user?: object }>([
    { presented: 'nothing', request: credentials(), user: ANONYMOUS },
    {
      presented: 'X-Remote-User without certificate',
      request: credentials([asAlice, ['X-Remote-Group', 'system:masters']]),
      user: ANONYMOUS,
    },
    {
      presented: 'the proxy with X-Remote-User',
      request: credentials([asAlice, ['X-Remote-Group', 'g']], proxy),
      user: { name: 'alice', groups: ['g', 'system:authenticated'] },
    },
    { presented: 'the proxy without X-Remote-User', request: credentials([], proxy) },
    {
      presented: 'the proxy without X-Remote-User, its authority also a client authority',
      request: credentials([], proxy),
      trust: { ...KNOWN, clientCa: CaBundle.parse(clientCa.certPem + frontProxyCa.certPem) },
      user: { name: 'front-proxy-client', groups: ['system:authenticated'] },
    },
    {
      presented: 'the proxy’s authority, a name that is not allowed',
      request: credentials([asAlice], peer(frontProxyCa, { commonName: 'other-client' })),
    },
    {
      presented: 'the proxy with serverAuth only',
      request: credentials([asAlice], peer(frontProxyCa, { usages: ['serverAuth'] })),
    },
    {
      presented: 'the proxy’s name from another authority',
      request: credentials([asAlice], peer(strangerCa, {})),
    },
    {
      presented: 'a client certificate',
      request: credentials([], viewer),
      user: { name: 'viewer', groups: ['viewers', 'system:authenticated'] },
    },
    {
      presented: 'a client certificate with forged headers',
      request: credentials([asAlice, ['X-Remote-Group', 'system:masters']], viewer),
      user: { name: 'viewer', groups: ['viewers', 'system:authenticated'] },
    },
    {
      presented: 'a client certificate with the proxy’s name and forged headers',
      request: credentials([asAlice], peer(clientCa, { commonName: 'front-proxy-client' })),
      user: { name: 'front-proxy-client', groups: ['system:authenticated'] },
    },
    {
      presented: 'a client certificate without common name',
      request: credentials([], peer(clientCa, { commonName: '' })),
    },
    {
      presented: 'an expired client certificate',
      request: credentials([], peer(clientCa, { notAfterMs: NOW_MS - 1000 })),
    },
    { presented: 'a certificate of nobody', request: credentials([], peer(strangerCa, {})) },
    {
      presented: 'a certificate of nobody and a good token',
      request: credentials([token('Bearer good')], peer(strangerCa, {})),
      user: { name: 'reader', groups: ['readers', 'system:authenticated'] },
    },
    {
      presented: 'the proxy without user and a good token',
      request: credentials([token('Bearer good')], proxy),
      user: { name: 'reader' },
    },
    {
      presented: 'a certificate, nothing known to judge it',
      request: credentials([asAlice], viewer),
      trust: UNKNOWN,
      user: ANONYMOUS,
    },
    {
      presented: 'a certificate and a good token, nothing known to judge the former',
      request: credentials([token('Bearer good')], viewer),
      trust: UNKNOWN,
      user: { name: 'reader' },
    },
    { presented: 'a bad token', request: credentials([token('Bearer bad')]) },
    { presented: 'a token nobody could judge', request: credentials([token('Bearer broken')]) },
    {
      presented: 'a bad token and forged headers',
      request: credentials([asAlice, token('Bearer bad')]),
    },
    {
      presented: 'Basic credentials',
      request: credentials([token('Basic dTpw')]),
      user: ANONYMOUS,
    },
    { presented: 'Bearer alone', request: credentials([token('Bearer')]), user: ANONYMOUS },
    { presented: 'Bearer and a space', request: credentials([token('Bearer ')]), user: ANONYMOUS },
  ])('$presented', async ({ request, trust, user }) => {
    const { authenticator } = setUp(trust);
    const outcome = await Promise.try(() => authenticator.authenticate(request)).catch(
      (err: unknown) => ({ refused: err instanceof AuthenticationError }),
    );

    expect(outcome).toMatchObject(user ?? { refused: true });
  });

  test.each([
    { name: 'a client certificate', certificate: viewer, user: 'viewer' },
    { name: 'the proxy', certificate: proxy, user: 'alice' },
  ])('with $name a token is never looked at', async ({ certificate, user }) => {
    const { authenticator, asked } = setUp();
    const request = credentials([asAlice, token('Bearer bad')], certificate);

    expect((await authenticator.authenticate(request)).name).toBe(user);
    expect(asked).toEqual([]);
  });
});

test.each([
  { name: 'nobody', certificate: undefined, user: 'system:anonymous' },
  { name: 'a client certificate', certificate: viewer, user: 'viewer' },
  { name: 'the proxy', certificate: proxy, user: 'alice' },
])(
  'warns $name of extra space before a token, whoever it is in the end',
  async ({ certificate, user }) => {
    const { authenticator, asked } = setUp();
    const request = credentials([asAlice, token('Bearer  good')], certificate);

    const answer = Promise.try(() => authenticator.authenticate(request));
    await expect(answer).resolves.toMatchObject({ name: user });
    expect(request.warnings).toHaveLength(1);
    expect(asked).toEqual([]);
  },
);

describe('delegatedAuthenticator, afterwards', () => {
  test.each([
    { name: 'anonymous', request: credentials([asAlice]) },
    { name: 'a token', request: credentials([token('Bearer good')]) },
    { name: 'the proxy', request: credentials([asAlice], proxy) },
  ])('forgets the identity headers after $name', async ({ request }) => {
    const forgotten: unknown[] = [];
    await setUp().authenticator.authenticate({
      ...request,
      forget: (configured) => forgotten.push(configured),
    });

    expect(forgotten).toEqual([KNOWN.requestHeader]);
  });

  test('says in one message what was wrong with each credential', async () => {
    const request = credentials([asAlice, token('Bearer bad')], peer(strangerCa, {}));

    const { authenticator } = setUp();
    await expect(Promise.try(() => authenticator.authenticate(request))).rejects.toThrow(
      /^\[verifying certificate SN=.*unknown authority.*, verifying .*, invalid bearer token\]$/,
    );
  });

  test('counts attempts, users and certificates as upstream', async () => {
    const { authenticator, registry } = setUp();
    await authenticator.authenticate(credentials());
    await authenticator.authenticate(credentials([['X-Remote-User', 'admin']], proxy));
    await authenticator.authenticate(credentials([['X-Remote-User', 'a@example.com']], proxy));
    await authenticator.authenticate(credentials([token('Bearer good')]));
    await authenticator.authenticate(credentials([token('Bearer good')]));
    await authenticator.authenticate(credentials([], viewer));
    const refused = credentials([token('Bearer bad')]);
    await Promise.try(() => authenticator.authenticate(refused)).catch(() => undefined);

    const lines = (await registry.metrics()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'authentication_attempts{result="success"} 6',
        'authentication_attempts{result="error"} 1',
        'authentication_duration_seconds_bucket{result="success",le="16.384"} 6',
        'authentication_duration_seconds_count{result="error"} 1',
        'authenticated_user_requests{username="other"} 4',
        'authenticated_user_requests{username="admin"} 1',
        'authenticated_user_requests{username="email_id"} 1',
        'authentication_token_cache_request_total{status="miss"} 2',
        'authentication_token_cache_request_total{status="hit"} 1',
        'authentication_token_cache_fetch_total{status="ok"} 2',
        'authentication_token_cache_active_fetch_count{status="in_flight"} 0',
        'authentication_token_cache_active_fetch_count{status="blocked"} 0',
        'authentication_token_cache_request_duration_seconds_count{status="hit"} 1',
        'apiserver_client_certificate_expiration_seconds_bucket{le="31104000"} 0',
        'apiserver_client_certificate_expiration_seconds_count 1',
      ]),
    );
  });

  test('has upstream’s buckets for the life time of certificates', async () => {
    const text = await setUp().registry.metrics();
    const bounds = [...text.matchAll(/certificate_expiration_seconds_bucket\{le="([^"]+)"/g)];

    expect(bounds.map(([, bound]) => bound).join(' ')).toBe(
      '0 1800 3600 7200 21600 43200 86400 172800 345600 604800 2592000 7776000 15552000 31104000 +Inf',
    );
  });
});

describe('withAuthenticatedGroup', () => {
  test.each([
    ['alice', ['g'], ['g', 'system:authenticated']],
    ['alice', [], ['system:authenticated']],
    ['alice', ['system:authenticated', 'g'], ['system:authenticated', 'g']],
    ['alice', ['system:unauthenticated'], ['system:unauthenticated']],
    ['system:anonymous', ['g'], ['g']],
  ])('%s in %j is then in %j', (name, groups, then) => {
    expect(withAuthenticatedGroup({ name, uid: '', groups, extra: new Map() }).groups).toEqual(
      then,
    );
  });
});

describe('unionAuthenticator', () => {
  test('does not take a bug for bad credentials', async () => {
    const union = unionAuthenticator([
      { authenticate: () => Promise.reject(new TypeError('bug')) },
      { authenticate: () => Promise.reject(new Error('not reached')) },
    ]);

    await expect(Promise.try(() => union.authenticate(credentials()))).rejects.toThrow(
      new TypeError('bug'),
    );
  });
});
