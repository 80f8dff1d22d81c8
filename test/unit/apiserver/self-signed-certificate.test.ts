import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { CertificateSource } from '../../../src/apiserver/certificate-source.ts';
import {
  isUnspecifiedAddress,
  openSelfSignedCertificate,
} from '../../../src/apiserver/self-signed-certificate.ts';
import { createCertificateAuthority } from '../../../src/pki/certificate.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { waitFor } from '../../support/wait-for.ts';
import { handClock } from './authentication/peers.ts';
import { Scratch } from './listener.ts';

const DAY_MS = 24 * 3_600_000;

afterEach(() => {
  jest.useRealTimers();
});

function setUp() {
  const scratch = new Scratch();
  const log = new LogRecorder();
  const clock = handClock();
  const certDir = scratch.file('deep/certs');
  const open = (bindAddress = '0.0.0.0', folder = certDir) =>
    openSelfSignedCertificate({ certDir: folder, bindAddress }, clock, log);
  const certFile = `${certDir}/apiserver.crt`;
  const keyFile = `${certDir}/apiserver.key`;
  return {
    ...{ scratch, log, clock, open, certDir, certFile, keyFile },
    [Symbol.dispose]() {
      scratch[Symbol.dispose]();
    },
  };
}

async function keyOfFirst(open: () => Promise<CertificateSource>): Promise<string> {
  using first = await open();
  return first.current().key;
}

describe('openSelfSignedCertificate', () => {
  test('makes the pair that upstream makes (contract 12.4)', async () => {
    using world = setUp();
    const { open, certFile, keyFile, certDir } = world;
    using source = await open();

    const cert = readFileSync(certFile, 'utf8');
    const key = readFileSync(keyFile, 'utf8');
    expect(source.current()).toEqual({ cert, key });
    expect(key).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(certDir).sort()).toEqual(['apiserver.crt', 'apiserver.key']);
    expect(cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    writeFileSync(world.scratch.file('ca.crt'), cert.slice(cert.lastIndexOf('-----BEGIN')));
    const text = execFileSync(
      'openssl',
      ['x509', '-noout', '-text', '-nameopt', 'RFC2253', '-in', certFile],
      {
        encoding: 'utf8',
      },
    );
    expect(text).toContain('Issuer: CN=localhost-ca@1795233600');
    expect(text).toContain('Subject: CN=localhost@1795233600');
    expect(text).toContain('Not Before: Nov 21 03:00:00 2026 GMT');
    expect(text).toContain('Not After : Nov 21 03:00:00 2027 GMT');
    expect(text).toContain('Public-Key: (2048 bit)');
    expect(text).toMatch(/Extended Key Usage:\s+TLS Web Server Authentication\n/);
    expect(text).toMatch(/DNS:localhost, DNS:localhost, IP Address:127\.0\.0\.1\n/);
    expect(
      execFileSync(
        'openssl',
        ['verify', '-attime', '1795233700', '-CAfile', world.scratch.file('ca.crt'), certFile],
        { encoding: 'utf8' },
      ),
    ).toMatch(/: OK\n$/);
  });

  test.each([
    ['10.0.0.7', 'DNS:localhost, IP Address:127.0.0.1, IP Address:10.0.0.7'],
    ['fd00::7', 'DNS:localhost, IP Address:127.0.0.1, IP Address:FD00:0:0:0:0:0:0:7'],
    ['::', 'DNS:localhost, DNS:localhost, IP Address:127.0.0.1'],
  ])('bound to %s it names %s', async (bindAddress, names) => {
    using world = setUp();
    const { open } = world;
    using source = await open(bindAddress);

    expect(new X509Certificate(source.current().cert).subjectAltName).toBe(names);
  });

  test('reuses what it finds, its own and others’, also expired ones of others', async () => {
    using world = setUp();
    const { open, certFile, keyFile, clock } = world;
    (await open())[Symbol.dispose]();
    const first = readFileSync(certFile, 'utf8');
    using again = await open();
    expect(again.current().cert).toBe(first);

    const other = createCertificateAuthority({
      commonName: 'other',
      nowMs: clock.nowMs(),
      days: 1,
    });
    writeFileSync(certFile, other.certPem);
    writeFileSync(keyFile, other.keyPem);
    clock.advance(400 * DAY_MS);
    using theirs = await open();
    expect(theirs.current()).toEqual({ cert: other.certPem, key: other.keyPem });
  });

  test.each([
    [
      'the key is gone',
      (_cert: string, key: string) => {
        rmSync(key);
      },
    ],
    [
      'the certificate is gone',
      (cert: string) => {
        rmSync(cert);
      },
    ],
    [
      'the key is half written',
      (_cert: string, key: string) => {
        writeFileSync(key, readFileSync(key).subarray(0, 500));
      },
    ],
  ])('makes another pair when %s', async (_name, damage) => {
    using world = setUp();
    const { open, certFile, keyFile } = world;
    // Closed before the damage: a source that still watches the files would mend them itself.
    const firstKey = await keyOfFirst(open);
    damage(certFile, keyFile);

    using second = await open();

    expect(second.current().key).not.toBe(firstKey);
    expect(readFileSync(keyFile, 'utf8')).toBe(second.current().key);
  });

  test.each([
    [334, false],
    [336, true],
    [400, true],
  ])('at the start after %i days its own pair is renewed: %s', async (days, isRenewed) => {
    using world = setUp();
    const { open, clock } = world;
    using first = await open();

    clock.advance(days * DAY_MS);
    using second = await open();

    expect(second.current().cert !== first.current().cert).toBe(isRenewed);
  });

  test('renews while running, 30 days before the end', async () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'setTimeout'] });
    using world = setUp();
    const { open, clock, log, certFile } = world;
    using source = await open();
    const first = source.current().cert;

    clock.advance(336 * DAY_MS);
    await jest.advanceTimersByTimeAsync(60_000);
    await waitFor(() => source.generation > 1);

    expect(source.current().cert).not.toBe(first);
    expect(readFileSync(certFile, 'utf8')).toBe(source.current().cert);
    expect(log.told).toContain('info Reloaded the serving certificate');
  });

  test('lives in memory where the folder cannot be written, and says so', async () => {
    using world = setUp();
    const { open, log } = world;
    writeFileSync(world.scratch.file('file'), '');

    using source = await open('0.0.0.0', world.scratch.file('file/certs'));

    expect(new X509Certificate(source.current().cert).subject).toMatch(/^CN=localhost@/);
    expect(log.lines.find(({ level }) => level === 'warn')).toEqual({
      level: 'warn',
      message: 'Kept the self-signed serving certificate in memory',
      fields: {
        reason: expect.stringContaining('not a directory') as unknown,
        remedy: 'Point --cert-dir to a writable folder',
      },
    });
  });
});

describe('isUnspecifiedAddress', () => {
  test.each([
    ['0.0.0.0', true],
    ['::', true],
    ['0:0:0:0:0:0:0:0', true],
    ['', true],
    ['::1', false],
    ['10.0.0.0', false],
    ['127.0.0.1', false],
  ])('%s: %s', (address, isUnspecified) => {
    expect(isUnspecifiedAddress(address)).toBe(isUnspecified);
  });
});
