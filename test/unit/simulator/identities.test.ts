import { beforeAll, describe, expect, test } from '@jest/globals';
import { Identities } from '../../../src/simulator/identities.ts';
import { userInfo } from '../../../src/simulator/user-info.ts';

const ACCOUNT = { namespace: 'team-a', name: 'reader', uid: 'u-1' };

describe('Identities', () => {
  let nowMs = Date.UTC(2026, 10, 21);
  let identities: Identities;

  beforeAll(() => {
    identities = new Identities({ nowMs: () => nowMs, monotonicMs: () => 0 });
  });

  test('knows the service account of a token by name, groups and uid', () => {
    const token = identities.serviceAccountToken(ACCOUNT, 600);

    const { user } = identities.judgeToken(token, () => 'u-1');

    expect(user).toMatchObject({
      name: 'system:serviceaccount:team-a:reader',
      uid: 'u-1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:team-a'],
    });
    expect(user?.extra.get('authentication.kubernetes.io/credential-id')).toEqual([
      expect.stringMatching(/^JTI=[0-9a-f-]{36}$/),
    ]);
  });

  test('knows a token that was given to it', () => {
    const user = userInfo('jane', ['dev']);
    identities.addToken('jane-token', user);

    expect(identities.judgeToken('jane-token', () => undefined)).toEqual({ user });
  });

  test.each([
    ['nonsense', () => 'not-a-token', ''],
    ['an empty token', () => '', ''],
    ['a changed payload', () => tampered(identities.serviceAccountToken(ACCOUNT, 600)), ''],
    [
      'a token of another cluster',
      () =>
        new Identities({ nowMs: () => nowMs, monotonicMs: () => 0 }).serviceAccountToken(
          ACCOUNT,
          600,
        ),
      '',
    ],
  ])('has no user for %s', (_, token, error) => {
    expect(identities.judgeToken(token(), () => 'u-1')).toEqual({ user: undefined, error });
  });

  test('refuses a token of an account that is gone or was made anew', () => {
    const token = identities.serviceAccountToken(ACCOUNT, 600);

    expect(identities.judgeToken(token, () => undefined)).toMatchObject({ user: undefined });
    expect(identities.judgeToken(token, () => 'u-2')).toEqual({
      user: undefined,
      error: '[invalid bearer token, serviceaccounts "reader" not found]',
    });
  });

  test('refuses a token when its time is over, also one that it has seen before', () => {
    const token = identities.serviceAccountToken(ACCOUNT, 600);
    expect(identities.judgeToken(token, () => 'u-1').user).toBeDefined();

    nowMs += 600_000;

    expect(identities.judgeToken(token, () => 'u-1')).toEqual({
      user: undefined,
      error: '[invalid bearer token, service account token has expired]',
    });
  });
});

function tampered(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = Buffer.from(payload, 'base64url').toString().replace('team-a', 'team-b');
  return [header, Buffer.from(claims).toString('base64url'), signature].join('.');
}
