import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../../src/clock.ts';
import { AuthenticationError } from '../../../../src/apiserver/authentication/authenticator.ts';
import { clientCertificateAuthenticator } from '../../../../src/apiserver/authentication/client-certificate.ts';
import type { PeerCertificate } from '../../../../src/apiserver/authentication/peer-certificate.ts';
import { PeerVerifier } from '../../../../src/apiserver/authentication/peer-verifier.ts';
import { createCertificateAuthority } from '../../../../src/pki/certificate.ts';
import { CaBundle } from '../../../../src/pki/chain.ts';
import { NOW_MS, clientCa, credentials, frontProxyCa, handClock, peer } from './peers.ts';

function ask(certificate: PeerCertificate | undefined, bundle = CaBundle.parse(clientCa.certPem)) {
  const clock = handClock();
  const remaining: number[] = [];
  const authenticator = clientCertificateAuthenticator({
    clientCa: () => bundle,
    verifier: new PeerVerifier(clock),
    clock,
    observeRemaining: (seconds) => remaining.push(seconds),
  });
  const answer = Promise.try(() => authenticator.authenticate(credentials([], certificate)));
  return { answer, remaining };
}

describe('clientCertificateAuthenticator', () => {
  test('the user is the common name, the groups are the organizations in their order', async () => {
    const certificate = peer(clientCa, {
      commonName: 'jürgen, CN=admin',
      organizations: ['zebra', 'ant, O=system:masters', 'zebra'],
      uid: 'u-1',
    });

    expect(await ask(certificate).answer).toEqual({
      name: 'jürgen, CN=admin',
      uid: 'u-1',
      groups: ['zebra', 'ant, O=system:masters', 'zebra'],
      extra: new Map([
        [
          'authentication.kubernetes.io/credential-id',
          [`X509SHA256=${createHash('sha256').update(certificate.leaf.raw).digest('hex')}`],
        ],
      ]),
    });
  });

  test.each([
    { name: 'no certificate', certificate: undefined },
    {
      name: 'no common name',
      certificate: peer(clientCa, { commonName: '', organizations: ['g'] }),
    },
  ])('$name: not mine', async ({ certificate }) => {
    expect(await ask(certificate).answer).toBeUndefined();
  });

  test('without a known authority certificates are not looked at', async () => {
    const clock = handClock();
    const authenticator = clientCertificateAuthenticator({
      clientCa: () => undefined,
      verifier: new PeerVerifier(clock),
      clock,
      observeRemaining: () => {
        throw new Error('not to be asked');
      },
    });

    expect(await authenticator.authenticate(credentials([], peer(clientCa, {})))).toBeUndefined();
  });

  test.each([
    { name: 'of the front proxy', certificate: peer(frontProxyCa, {}) },
    { name: 'for servers only', certificate: peer(clientCa, { usages: ['serverAuth'] }) },
    { name: 'out of date', certificate: peer(clientCa, { notAfterMs: NOW_MS - 1000 }) },
  ])('refuses a certificate $name', async ({ certificate }) => {
    await expect(ask(certificate).answer).rejects.toThrow(/^verifying certificate SN=\d+ failed/);
  });

  test('an empty UID is an error', async () => {
    await expect(ask(peer(clientCa, { uid: '' })).answer).rejects.toThrow(
      new AuthenticationError('Cannot read the UID of a certificate: it is empty'),
    );
  });

  test('tells how long the certificate has to live, good or bad', async () => {
    const { answer, remaining } = ask(peer(clientCa, { notAfterMs: NOW_MS - 5000 }));
    await answer.catch(() => undefined);

    expect(remaining).toEqual([-5]);
  });

  describe('certificates made by openssl', () => {
    /** CN and O may come in one set; the order within a set is that of DER, as Go reads it. */
    async function userOf(subject: string) {
      const folder = mkdtempSync(join(tmpdir(), 'user-'));
      try {
        const authority = createCertificateAuthority({ commonName: 'ca', nowMs: Date.now() });
        writeFileSync(join(folder, 'ca.crt'), authority.certPem);
        writeFileSync(join(folder, 'ca.key'), authority.keyPem);
        writeFileSync(
          join(folder, 'req.cnf'),
          'oid_section=oids\n[oids]\nkubeUid=1.3.6.1.4.1.57683.2\n[req]\ndistinguished_name=dn\n[dn]\n',
        );
        const openssl = (...args: string[]): Buffer =>
          execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
        openssl(
          ...['req', '-config', 'req.cnf', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
          ...['-nodes', '-utf8', '-subj', subject, '-keyout', 'a.key', '-out', 'a.csr'],
        );
        openssl(
          'x509',
          '-req',
          '-in',
          'a.csr',
          '-CA',
          'ca.crt',
          '-CAkey',
          'ca.key',
          '-out',
          'a.crt',
        );
        const leaf = new X509Certificate(readFileSync(join(folder, 'a.crt')));
        const authenticator = clientCertificateAuthenticator({
          clientCa: () => CaBundle.parse(authority.certPem),
          verifier: new PeerVerifier(systemClock),
          clock: systemClock,
          observeRemaining: () => undefined,
        });
        return await authenticator.authenticate(credentials([], { leaf, intermediates: [] }));
      } finally {
        rmSync(folder, { recursive: true });
      }
    }

    test.each([
      ['/O=b/O=a/CN=x', { name: 'x', groups: ['b', 'a'], uid: '' }],
      ['/O=bb+O=a+CN=x', { name: 'x', groups: ['a', 'bb'], uid: '' }],
      ['/CN=first/CN=last', { name: 'last', groups: [], uid: '' }],
      ['/C=CH/OU=unit/CN=größe/kubeUid=7', { name: 'größe', groups: [], uid: '7' }],
    ])('%s', async (subject, user) => {
      expect(await userOf(subject)).toMatchObject(user);
    });

    test('more than one UID is an error', async () => {
      await expect(userOf('/CN=x/kubeUid=1/kubeUid=2')).rejects.toThrow(
        'Cannot read the UID of a certificate: it has more than one',
      );
    });
  });
});
