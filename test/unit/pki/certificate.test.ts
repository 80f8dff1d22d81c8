import { execFileSync } from 'node:child_process';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type CertificateAndKey,
  createCertificateAuthority,
  loadCertificateAuthority,
} from '../../../src/pki/certificate.ts';

const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pki-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The judge: the openssl command of this machine, not our own reader. */
function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return name;
}

function text({ certPem }: { certPem: string }): string {
  return openssl('x509', '-noout', '-text', '-nameopt', 'RFC2253', '-in', file('a.crt', certPem));
}

function verify(leaf: CertificateAndKey, roots: string, ...options: string[]): string {
  return openssl(
    'verify',
    '-x509_strict',
    ...options,
    '-CAfile',
    file('roots.crt', roots),
    file('leaf.crt', leaf.certPem),
  );
}

describe('createCertificateAuthority', () => {
  test.each([
    ['ec', 'ec'],
    ['ec', 'rsa'],
    ['rsa', 'ec'],
    ['rsa', 'rsa'],
  ] as const)('an %s authority signs an %s leaf that openssl verifies strictly', (ca, key) => {
    const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS, key: ca });

    const server = authority.issue({
      commonName: 's',
      dnsNames: ['a.example', '*.b.example'],
      ipAddresses: ['127.0.0.1', '::1', '2001:db8::8:800:200c:417a'],
      usages: ['serverAuth'],
      key,
    });

    expect(verify(server, authority.certPem, '-purpose', 'sslserver')).toBe('leaf.crt: OK\n');
    for (const name of ['a.example', 'x.b.example']) {
      expect(verify(server, authority.certPem, '-verify_hostname', name)).toBe('leaf.crt: OK\n');
    }
    for (const ip of ['127.0.0.1', '::1', '2001:db8::8:800:200c:417a']) {
      expect(verify(server, authority.certPem, '-verify_ip', ip)).toBe('leaf.crt: OK\n');
    }
    expect(() => verify(server, authority.certPem, '-purpose', 'sslclient')).toThrow(/purpose/);
    expect(() => verify(server, authority.certPem, '-verify_ip', '127.0.0.2')).toThrow(/mismatch/);
  });

  test('openssl reads of the authority what was asked for', () => {
    const authority = createCertificateAuthority({
      commonName: 'kubernetes-ca',
      nowMs: Date.UTC(2026, 10, 21, 4, 0, 0),
      days: 10,
    });

    const shown = text(authority);

    expect(shown).toContain('Version: 3 (0x2)');
    expect(shown).toContain('Issuer: CN=kubernetes-ca');
    expect(shown).toContain('Subject: CN=kubernetes-ca');
    expect(shown).toContain('Not Before: Nov 21 03:00:00 2026 GMT');
    expect(shown).toContain('Not After : Dec  1 03:00:00 2026 GMT');
    expect(shown).toMatch(/Basic Constraints: critical\s+CA:TRUE/);
    expect(shown).toMatch(/Key Usage: critical\s+Digital Signature, Certificate Sign, CRL Sign\n/);
    expect(shown).toMatch(/Subject Key Identifier:\s+(?:[0-9A-F]{2}:){19}[0-9A-F]{2}\n/);
    expect(shown).toContain('Signature Algorithm: ecdsa-with-SHA256');
    expect(shown).toContain('ASN1 OID: prime256v1');
  });

  test('openssl reads of a client what was asked for, groups in their order', () => {
    const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });
    const keyId = /Subject Key Identifier:\s+(\S+)/.exec(text(authority))?.[1];

    const shown = text(
      authority.issue({
        commonName: 'jürgen, O=evil',
        organizations: ['zebra', 'ant', 'system:masters'],
        uid: '42',
        usages: ['clientAuth', 'serverAuth'],
        key: 'rsa',
      }),
    );

    // RFC 2253 prints the last attribute first.
    expect(shown).toContain(
      'Subject: 1.3.6.1.4.1.57683.2=#0C023432,CN=j\\C3\\BCrgen\\, O=evil,O=system:masters,O=ant,O=zebra',
    );
    expect(shown).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(shown).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    expect(shown).toMatch(/TLS Web Client Authentication, TLS Web Server Authentication\n/);
    expect(shown).toMatch(new RegExp(`Authority Key Identifier:\\s+(keyid:)?${String(keyId)}\\n`));
    expect(shown).toContain('Public-Key: (2048 bit)');
  });

  test('a leaf without usages has no extended key usage, one without a name has an empty subject', () => {
    const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });

    const shown = text(authority.issue({ commonName: '', usages: [] }));

    expect(shown).not.toContain('Extended Key Usage');
    expect(shown).toMatch(/Subject: *\n/);
  });

  test('a leaf is valid as long as its authority unless told otherwise', () => {
    const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS, days: 3 });
    const whole = new X509Certificate(authority.issue({ commonName: 'a', usages: [] }).certPem);
    const expired = authority.issue({
      commonName: 'b',
      usages: ['clientAuth'],
      notBeforeMs: NOW_MS - 2 * HOUR_MS,
      notAfterMs: NOW_MS - HOUR_MS,
    });

    expect(whole.validFromDate.getTime()).toBe(Math.floor((NOW_MS - HOUR_MS) / 1000) * 1000);
    expect(whole.validToDate.getTime() - whole.validFromDate.getTime()).toBe(3 * DAY_MS);
    expect(() => verify(expired, authority.certPem)).toThrow(/certificate has expired/);
  });

  test.each([
    ['1949-12-31T23:59:59Z', 'Dec 31 23:59:59 1949 GMT'],
    ['1950-01-01T00:00:00Z', 'Jan  1 00:00:00 1950 GMT'],
    ['2049-12-31T23:59:59Z', 'Dec 31 23:59:59 2049 GMT'],
    ['2050-01-01T00:00:00Z', 'Jan  1 00:00:00 2050 GMT'],
  ])('writes the date %s in the form that RFC 5280 wants', (date, shown) => {
    const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });

    const leaf = authority.issue({ commonName: 'a', usages: [], notAfterMs: Date.parse(date) });

    expect(text(leaf)).toContain(`Not After : ${shown}`);
  });

  test('an intermediate authority leads from its leaves to the root', () => {
    const root = createCertificateAuthority({ commonName: 'root', nowMs: NOW_MS });
    const intermediate = root.issueAuthority({ commonName: 'intermediate', key: 'rsa' });
    const leaf = intermediate.issue({ commonName: 'a', usages: ['clientAuth'] });

    expect(verify(leaf, root.certPem, '-untrusted', file('middle.crt', intermediate.certPem))).toBe(
      'leaf.crt: OK\n',
    );
    expect(() => verify(leaf, root.certPem)).toThrow(/unable to get local issuer/);
  });

  test.each([
    ['ec', 'PRIVATE KEY'],
    ['rsa', 'RSA PRIVATE KEY'],
  ] as const)('the %s key is PEM of the type "%s" and belongs to the certificate', (key, type) => {
    const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS, key });
    const leaf = authority.issue({ commonName: 'a', usages: [], key });

    for (const { certPem, keyPem } of [authority, leaf]) {
      expect(keyPem).toMatch(new RegExp(`^-----BEGIN ${type}-----\n`));
      expect(keyPem.endsWith('-----\n')).toBe(true);
      expect(certPem.endsWith('-----END CERTIFICATE-----\n')).toBe(true);
      expect(openssl('pkey', '-check', '-noout', '-in', file('a.key', keyPem))).toMatch(/valid/);
      expect(new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
    }
  });

  test('no two certificates share a serial number', () => {
    const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });
    const serials = Array.from(
      { length: 20 },
      () =>
        new X509Certificate(authority.issue({ commonName: 'a', usages: [] }).certPem).serialNumber,
    );

    expect(new Set(serials).size).toBe(20);
  });

  test.each(['localhost', '1.2.3', '1.2.3.4.5', 'fe80::1%eth0', ''])(
    'refuses "%s" as an IP address',
    (address) => {
      const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });

      expect(() =>
        authority.issue({ commonName: 'a', ipAddresses: [address], usages: [] }),
      ).toThrow(`Cannot issue a certificate: expected an IP address, got "${address}"`);
    },
  );

  test.each(['::', '::1', '1::', '1:2:3:4:5:6:7:8', '::ffff:10.0.0.1', 'fd00:0:0:1::', 'FD00::A'])(
    'writes the IPv6 address %s as openssl does',
    (address) => {
      const authority = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });
      const leaf = authority.issue({ commonName: 'a', ipAddresses: [address], usages: [] });

      expect(verify(leaf, authority.certPem, '-verify_ip', address)).toBe('leaf.crt: OK\n');
    },
  );
});

describe('loadCertificateAuthority', () => {
  test('goes on with an authority that was written down', () => {
    const written = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });

    const loaded = loadCertificateAuthority(written.certPem, written.keyPem);

    expect(loaded.certPem).toBe(written.certPem);
    expect(loaded.keyPem).toBe(written.keyPem);
    expect(verify(loaded.issue({ commonName: 'a', usages: [] }), written.certPem)).toBe(
      'leaf.crt: OK\n',
    );
  });

  test('takes an authority made by openssl', () => {
    openssl(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3'],
      ...['-addext', 'keyUsage=critical,keyCertSign'],
      ...['-subj', '/C=CH/O=Some/CN=made by openssl', '-keyout', 'o.key', '-out', 'o.crt'],
    );
    const certPem = openssl('x509', '-in', 'o.crt');
    const keyPem = openssl('pkey', '-in', 'o.key');

    const leaf = loadCertificateAuthority(certPem, keyPem).issue({ commonName: 'a', usages: [] });

    expect(verify(leaf, certPem)).toBe('leaf.crt: OK\n');
    expect(text(leaf)).toContain('Issuer: CN=made by openssl,O=Some,C=CH');
  });

  test('refuses a key of another certificate', () => {
    const one = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });
    const other = createCertificateAuthority({ commonName: 'ca', nowMs: NOW_MS });

    expect(() => loadCertificateAuthority(one.certPem, other.keyPem)).toThrow(
      'Cannot load the certificate authority: the key belongs to another certificate',
    );
  });
});
