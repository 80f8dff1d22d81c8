import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { AuthenticationError } from '../../../../src/apiserver/authentication/authenticator.ts';
import { PeerVerifier } from '../../../../src/apiserver/authentication/peer-verifier.ts';
import { requestHeaderAuthenticator } from '../../../../src/apiserver/authentication/request-header.ts';
import type { RequestHeaderTrust } from '../../../../src/apiserver/authentication/trust.ts';
import { CaBundle } from '../../../../src/pki/chain.ts';
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

const HOUR_MS = 3_600_000;
const proxy = peer(frontProxyCa, {});
type Lines = readonly (readonly [string, string])[];
const alice: Lines = [['X-Remote-User', 'alice']];

function ask(
  lines: Lines,
  certificate = proxy as typeof proxy | undefined,
  trust: RequestHeaderTrust | undefined = requestHeaderTrust(),
) {
  const authenticator = requestHeaderAuthenticator(() => trust, new PeerVerifier(handClock()));
  return Promise.try(() => authenticator.authenticate(credentials(lines, certificate)));
}

describe('requestHeaderAuthenticator, the headers', () => {
  test('reads user, uid, groups and extra of the front proxy', async () => {
    const user = await ask([
      ['x-remote-USER', 'jürgen'],
      ['X-Remote-Uid', '42'],
      ['X-Remote-Group', 'cn=a,ou=b, dc=c'],
      ['X-Remote-Group', ''],
      ['X-Remote-Group', 'system:authenticated'],
      ['X-Remote-Extra-Foo%2FBar', 'v1'],
      ['X-Remote-Extra-Foo%2fbar', 'v2, v3'],
      ['X-Remote-Extra-bad%zz', 'q'],
      ['X-Remote-Extra-A+b', ''],
      ['X-Remote-Extra-%c3%bc', 'ü'],
    ]);

    expect(user).toEqual({
      name: 'jürgen',
      uid: '42',
      groups: ['cn=a,ou=b, dc=c', 'system:authenticated'],
      extra: new Map([
        ['foo/bar', ['v1', 'v2, v3']],
        ['bad%zz', ['q']],
        ['a+b', ['']],
        ['ü', ['ü']],
      ]),
    });
  });

  test.each<{ name: string; lines: Lines; trust?: Partial<RequestHeaderTrust>; user: unknown }>([
    { name: 'no user header: not mine', lines: [['X-Remote-Group', 'g']], user: undefined },
    { name: 'an empty user: not mine', lines: [['X-Remote-User', '']], user: undefined },
    {
      name: 'of two users the first',
      lines: [...alice, ['X-Remote-User', 'bob']],
      user: { name: 'alice' },
    },
    {
      name: 'the first line of a header empty: the header counts as empty',
      lines: [['X-Remote-User', ''], ...alice],
      user: undefined,
    },
    {
      name: 'several header names: the first in the order of configuration that is not empty',
      lines: [...alice, ['X-Other-User', 'bob'], ['X-First', '']],
      trust: { usernameHeaders: ['X-First', 'X-Other-User', 'X-Remote-User'] },
      user: { name: 'bob' },
    },
    {
      name: 'several group headers: all values, header by header',
      lines: [...alice, ['X-G2', 'c'], ['X-G1', 'a'], ['X-G2', 'd'], ['X-G1', 'b']],
      trust: { groupHeaders: ['X-G1', 'X-G2'] },
      user: { name: 'alice', groups: ['a', 'b', 'c', 'd'] },
    },
    {
      name: 'no uid header configured (clusters before 1.33): the uid is not read',
      lines: [...alice, ['X-Remote-Uid', '42']],
      trust: { uidHeaders: [] },
      user: { name: 'alice', uid: '' },
    },
    {
      name: 'no user header configured: nobody',
      lines: alice,
      trust: { usernameHeaders: [] },
      user: undefined,
    },
    {
      name: 'two prefixes that fit: the value counts twice',
      lines: [...alice, ['X-Remote-Extra-a', 'v']],
      trust: { extraHeaderPrefixes: ['X-Remote-Extra-', 'x-remote-'] },
      user: {
        name: 'alice',
        extra: new Map([
          ['a', ['v']],
          ['user', ['alice']],
          ['extra-a', ['v']],
        ]),
      },
    },
  ])('$name', async ({ lines, trust, user }) => {
    const found = await ask(lines, proxy, requestHeaderTrust(trust));

    expect(found).toEqual(user && { uid: '', groups: [], extra: new Map(), ...user });
  });
});

describe('requestHeaderAuthenticator, the certificate', () => {
  test.each([
    { name: 'no certificate', certificate: undefined, trust: requestHeaderTrust() },
    { name: 'no bundle known yet', certificate: proxy, trust: undefined },
  ])('$name: not mine, whatever the headers say', async ({ certificate, trust }) => {
    const authenticator = requestHeaderAuthenticator(() => trust, new PeerVerifier(handClock()));

    expect(await authenticator.authenticate(credentials(alice, certificate))).toBeUndefined();
  });

  const unknown = 'x509: certificate signed by unknown authority';
  test.each([
    { name: 'of the client authority', certificate: peer(clientCa, {}), reason: unknown },
    {
      name: 'of an authority with the same name',
      certificate: peer(strangerCa, {}),
      reason: unknown,
    },
    {
      name: 'for servers only',
      certificate: peer(frontProxyCa, { usages: ['serverAuth'] }),
      reason: 'x509: certificate specifies an incompatible key usage',
    },
    {
      name: 'out of date',
      certificate: peer(frontProxyCa, { notAfterMs: NOW_MS - HOUR_MS }),
      reason: 'x509: certificate has expired or is not yet valid',
    },
  ])('refuses a certificate $name', async ({ certificate, reason }) => {
    const answer = ask(alice, certificate);

    await expect(answer).rejects.toThrow(AuthenticationError);
    await expect(answer).rejects.toThrow(/^verifying certificate SN=\d+ failed: x509: /);
    await expect(answer).rejects.toThrow(reason);
  });

  test.each([
    { name: 'another name', leaf: { commonName: 'other' }, cn: 'other' },
    {
      name: 'the allowed name as alternative name only',
      leaf: { commonName: 'other', dnsNames: ['front-proxy-client'] },
      cn: 'other',
    },
    { name: 'no name', leaf: { commonName: '' }, cn: '' },
    {
      name: 'the name in other case',
      leaf: { commonName: 'Front-Proxy-Client' },
      cn: 'Front-Proxy-Client',
    },
    {
      name: 'a name that only looks like the allowed one when printed',
      leaf: { commonName: 'x, CN=front-proxy-client' },
      cn: 'x, CN=front-proxy-client',
    },
  ])('refuses $name', async ({ leaf, cn }) => {
    await expect(ask(alice, peer(frontProxyCa, leaf))).rejects.toThrow(
      new AuthenticationError(`x509: subject with cn=${cn} is not in the allowed list`),
    );
  });

  test('an empty list of names allows every name', async () => {
    const trust = requestHeaderTrust({ allowedNames: [] });

    expect(await ask(alice, peer(frontProxyCa, { commonName: 'any' }), trust)).toMatchObject({
      name: 'alice',
    });
    expect(
      await ask(alice, peer(frontProxyCa, { commonName: '', usages: [] }), trust),
    ).toMatchObject({ name: 'alice' });
  });

  test('an intermediate that the proxy sends along leads to the bundle', async () => {
    const middle = frontProxyCa.issueAuthority({ commonName: 'middle' });
    const { leaf } = peer(middle, {});
    const intermediates = [new X509Certificate(middle.certPem)];

    expect(await ask(alice, { leaf, intermediates })).toMatchObject({ name: 'alice' });
    await expect(ask(alice, { leaf, intermediates: [] })).rejects.toThrow(AuthenticationError);
  });

  test('a bundle that changes is used at the next request of the same connection', async () => {
    let trust = requestHeaderTrust();
    const authenticator = requestHeaderAuthenticator(() => trust, new PeerVerifier(handClock()));
    const request = credentials(alice, proxy);
    const answer = () => Promise.try(() => authenticator.authenticate(request));
    await expect(answer()).resolves.toMatchObject({ name: 'alice' });

    trust = requestHeaderTrust({ ca: CaBundle.parse(strangerCa.certPem) });
    await expect(answer()).rejects.toThrow(AuthenticationError);

    trust = requestHeaderTrust({ ca: CaBundle.parse(strangerCa.certPem + frontProxyCa.certPem) });
    await expect(answer()).resolves.toMatchObject({ name: 'alice' });
  });

  test('a certificate that expires is refused on the same connection from then on', async () => {
    const clock = handClock();
    const authenticator = requestHeaderAuthenticator(requestHeaderTrust, new PeerVerifier(clock));
    const request = credentials(alice, peer(frontProxyCa, { notAfterMs: NOW_MS + HOUR_MS }));
    const answer = () => Promise.try(() => authenticator.authenticate(request));
    await expect(answer()).resolves.toMatchObject({ name: 'alice' });

    clock.advance(HOUR_MS);
    await expect(answer()).resolves.toMatchObject({ name: 'alice' });
    clock.advance(1000);
    await expect(answer()).rejects.toThrow(/has expired/);
  });
});
