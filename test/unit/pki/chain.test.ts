import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type CertificateAuthority,
  type LeafRequest,
  createCertificateAuthority,
} from '../../../src/pki/certificate.ts';
import { CaBundle, CertificateError } from '../../../src/pki/chain.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 4, 0, 0);
const HOUR_MS = 3_600_000;
const client: LeafRequest = { commonName: 'client', usages: ['clientAuth'] };

const root = createCertificateAuthority({ commonName: 'root', nowMs: NOW_MS, days: 10 });
const stranger = createCertificateAuthority({ commonName: 'stranger', nowMs: NOW_MS });
/** The same name as `root`, another key: what a rotated or a forged authority looks like. */
const namesake = createCertificateAuthority({ commonName: 'root', nowMs: NOW_MS });

const x509 = ({ certPem }: { certPem: string }): X509Certificate => new X509Certificate(certPem);

function issued(leaf: LeafRequest, by: CertificateAuthority = root): X509Certificate {
  return x509(by.issue(leaf));
}

function verdict(
  bundle: readonly CertificateAuthority[],
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[] = [],
  nowMs = NOW_MS,
): string {
  const cas = CaBundle.parse(bundle.map(({ certPem }) => certPem).join(''));
  try {
    cas.verifyClient(leaf, intermediates, nowMs);
    return 'ok';
  } catch (err) {
    if (!(err instanceof CertificateError)) throw err;
    return err.message;
  }
}

describe('CaBundle.verifyClient', () => {
  test.each([
    { name: 'a client of the authority', leaf: issued(client) },
    { name: 'one without any extended usage', leaf: issued({ ...client, usages: [] }) },
    {
      name: 'one for both sides',
      leaf: issued({ ...client, usages: ['serverAuth', 'clientAuth'] }),
    },
    { name: 'an RSA key', leaf: issued({ ...client, key: 'rsa' }) },
    { name: 'the authority itself: it is in the bundle', leaf: x509(root) },
  ])('accepts $name', ({ leaf }) => {
    expect(verdict([root], leaf)).toBe('ok');
  });

  test.each([
    {
      name: 'a client of another authority',
      leaf: issued(client, stranger),
      text: 'x509: certificate signed by unknown authority',
    },
    {
      name: 'a client of an authority that only has the same name',
      leaf: issued(client, namesake),
      text: 'x509: certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "root")',
    },
    {
      name: 'a certificate for servers only',
      leaf: issued({ ...client, usages: ['serverAuth'] }),
      text: 'x509: certificate specifies an incompatible key usage',
    },
    {
      name: 'an expired certificate',
      leaf: issued({ ...client, notAfterMs: NOW_MS - 1000 }),
      text: 'x509: certificate has expired or is not yet valid: current time 2026-11-21T04:00:00Z is after 2026-11-21T03:59:59Z',
    },
    {
      name: 'a certificate of tomorrow',
      leaf: issued({ ...client, notBeforeMs: NOW_MS + 1000 }),
      text: 'x509: certificate has expired or is not yet valid: current time 2026-11-21T04:00:00Z is before 2026-11-21T04:00:01Z',
    },
    {
      name: 'a self-signed certificate of nobody',
      leaf: x509(stranger),
      text: 'x509: certificate signed by unknown authority',
    },
  ])('refuses $name', ({ leaf, text }) => {
    expect(verdict([root], leaf)).toBe(text);
  });

  test('refuses everything once the authority has expired', () => {
    const leaf = issued({ ...client, notAfterMs: NOW_MS + 1000 * 24 * HOUR_MS });

    expect(verdict([root], leaf, [], NOW_MS + 20 * 24 * HOUR_MS)).toBe(
      'x509: certificate signed by unknown authority (possibly because of "x509: certificate has expired or is not yet valid: current time 2026-12-11T04:00:00Z is after 2026-12-01T03:00:00Z" while trying to verify candidate authority certificate "root")',
    );
  });

  test('tries every authority of one name, whatever their order', () => {
    const leaf = issued(client);

    expect(verdict([namesake, root], leaf)).toBe('ok');
    expect(verdict([root, namesake], leaf)).toBe('ok');
    expect(verdict([namesake], leaf)).not.toBe('ok');
  });

  test('says until when the chain holds: the earliest end in it', () => {
    const cas = CaBundle.parse(root.certPem);
    const endOfRoot = NOW_MS - HOUR_MS + 10 * 24 * HOUR_MS;
    const short = issued({ ...client, notAfterMs: NOW_MS + HOUR_MS });
    const long = issued({ ...client, notAfterMs: NOW_MS + 100 * 24 * HOUR_MS });

    expect(cas.verifyClient(short, [], NOW_MS).notAfterMs).toBe(NOW_MS + HOUR_MS);
    expect(cas.verifyClient(long, [], NOW_MS).notAfterMs).toBe(endOfRoot);
  });

  describe('with intermediates', () => {
    const middle = root.issueAuthority({ commonName: 'middle' });
    const low = middle.issueAuthority({ commonName: 'low' });
    const leaf = issued(client, low);

    test.each([
      { name: 'accepts them in order', given: [x509(low), x509(middle)], text: 'ok' },
      { name: 'accepts them in any order', given: [x509(middle), x509(low)], text: 'ok' },
      {
        name: 'accepts them among strangers and doubles',
        given: [x509(stranger), x509(middle), x509(middle), x509(low), x509(root)],
        text: 'ok',
      },
      {
        name: 'refuses when one is missing',
        given: [x509(low)],
        text: 'x509: certificate signed by unknown authority',
      },
      {
        name: 'refuses when none was sent',
        given: [],
        text: 'x509: certificate signed by unknown authority',
      },
    ])('$name', ({ given, text }) => {
      expect(verdict([root], leaf, given)).toBe(text);
    });

    test('an intermediate in the bundle is an anchor of its own', () => {
      expect(verdict([middle], leaf, [x509(low)])).toBe('ok');
      expect(verdict([low], leaf)).toBe('ok');
    });

    test('a leaf cannot pose as an authority', () => {
      // openssl dates by the real clock, so this authority does as well
      const today = createCertificateAuthority({ commonName: 'today', nowMs: Date.now() });
      const impostor = today.issue({ ...client, commonName: 'impostor' });
      const forged = createForged(impostor, 'victim');

      expect(verdict([today], forged, [x509(impostor)], Date.now() + HOUR_MS)).toBe(
        'x509: certificate signed by unknown authority (possibly because of "x509: invalid signature: parent certificate cannot sign this kind of certificate" while trying to verify candidate authority certificate "impostor")',
      );
    });

    test('looks at sixteen intermediates at most', () => {
      const noise = Array.from({ length: 16 }, () => x509(stranger));

      expect(verdict([root], leaf, [...noise, x509(low), x509(middle)])).toBe(
        'x509: certificate signed by unknown authority',
      );
    });
  });
});

let folder = '';
function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chain-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A certificate signed by a key whose own certificate does not permit that. */
function createForged(signer: { certPem: string; keyPem: string }, name: string): X509Certificate {
  const scratch = mkdtempSync(join(tmpdir(), 'forged-'));
  try {
    writeFileSync(join(scratch, 'ca.crt'), signer.certPem);
    writeFileSync(join(scratch, 'ca.key'), signer.keyPem);
    const run = (...args: string[]): Buffer =>
      execFileSync('openssl', args, { cwd: scratch, stdio: 'pipe' });
    run(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', `/CN=${name}`, '-keyout', 'a.key', '-out', 'a.csr'],
    );
    run('x509', '-req', '-in', 'a.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-out', 'a.crt');
    return new X509Certificate(readFileSync(join(scratch, 'a.crt')));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

describe('CaBundle.verifyClient, certificates made by openssl', () => {
  /** Signs CN=name with the given extensions by `by` (or by itself), valid around the real now. */
  function make(name: string, extensions: string, by?: string, digest = 'sha256'): X509Certificate {
    writeFileSync(join(folder, 'ext.cnf'), `[ext]\n${extensions}\n`);
    openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`],
    );
    const signer =
      by === undefined
        ? ['-signkey', `${name}.key`]
        : ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, ...signer, '-out', `${name}.crt`, '-days', '2'],
      ...['-extfile', 'ext.cnf', '-extensions', 'ext', `-${digest}`],
    );
    return new X509Certificate(readFileSync(join(folder, `${name}.crt`)));
  }

  function judge(leaf: X509Certificate, ...intermediates: X509Certificate[]): string {
    try {
      CaBundle.parse(readFileSync(join(folder, 'ca.crt'), 'utf8')).verifyClient(
        leaf,
        intermediates,
        Date.now(),
      );
      return 'ok';
    } catch (err) {
      if (!(err instanceof CertificateError)) throw err;
      return err.message;
    }
  }

  const CA = 'basicConstraints=critical,CA:TRUE';

  test.each([
    {
      name: 'an authority without key usage',
      ca: CA,
      leaf: 'extendedKeyUsage=clientAuth',
      text: 'ok',
    },
    {
      name: 'the usage "any"',
      ca: CA,
      leaf: 'extendedKeyUsage=anyExtendedKeyUsage',
      text: 'ok',
    },
    {
      name: 'an authority for servers only',
      ca: `${CA}\nextendedKeyUsage=serverAuth`,
      leaf: 'extendedKeyUsage=clientAuth',
      text: 'x509: certificate specifies an incompatible key usage',
    },
    {
      name: 'an authority that may not sign certificates',
      ca: `${CA}\nkeyUsage=critical,digitalSignature`,
      leaf: 'extendedKeyUsage=clientAuth',
      text: 'x509: certificate signed by unknown authority (possibly because of "x509: invalid signature: parent certificate cannot sign this kind of certificate" while trying to verify candidate authority certificate "ca")',
    },
    {
      name: 'a critical extension that nobody knows',
      ca: CA,
      leaf: '1.2.3.4=critical,ASN1:NULL',
      text: 'x509: unhandled critical extension',
    },
    {
      name: 'an extension that nobody knows and nobody must',
      ca: CA,
      leaf: '1.2.3.4=ASN1:NULL',
      text: 'ok',
    },
    {
      name: 'a constrained authority and a certificate without alternative names',
      ca: `${CA}\nnameConstraints=critical,permitted;DNS:.example`,
      leaf: 'extendedKeyUsage=clientAuth',
      text: 'ok',
    },
    {
      name: 'a constrained authority and a certificate with alternative names',
      ca: `${CA}\nnameConstraints=critical,permitted;DNS:.example`,
      leaf: 'subjectAltName=DNS:a.other',
      text: 'x509: certificate signed by unknown authority (possibly because of "x509: a root or intermediate certificate is not authorized to sign for this name: name constraints are not supported" while trying to verify candidate authority certificate "ca")',
    },
  ])('$name', ({ ca, leaf, text }) => {
    make('ca', ca);

    expect(judge(make('leaf', leaf, 'ca'))).toBe(text);
  });

  test('a path length of zero permits leaves and no intermediate', () => {
    make('ca', `${CA},pathlen:0`);
    const middle = make('middle', CA, 'ca');

    expect(judge(make('leaf', 'keyUsage=digitalSignature', 'ca'))).toBe('ok');
    expect(judge(make('low', 'keyUsage=digitalSignature', 'middle'), middle)).toBe(
      'x509: certificate signed by unknown authority (possibly because of "x509: too many intermediates for path length constraint" while trying to verify candidate authority certificate "ca")',
    );
  });

  test('a signature by SHA-1 proves nothing', () => {
    make('ca', CA);

    expect(judge(make('leaf', 'keyUsage=digitalSignature', 'ca', 'sha1'))).toBe(
      'x509: certificate signed by unknown authority (possibly because of "x509: cannot verify signature: insecure algorithm ECDSA-SHA1" while trying to verify candidate authority certificate "ca")',
    );
  });
});

describe('CaBundle.parse', () => {
  test('reads all certificates of a bundle and passes over the rest', () => {
    const pem = `# comment\n${root.certPem}${stranger.keyPem}\n${stranger.certPem}`;

    const bundle = CaBundle.parse(pem);

    expect(bundle.certificates).toEqual([root.certPem, stranger.certPem]);
    expect(bundle.subjects.map((name) => name.toString('latin1'))).toEqual([
      expect.stringMatching(/root$/),
      expect.stringMatching(/stranger$/),
    ]);
  });

  test.each(['', 'no certificate', root.keyPem])('refuses a bundle without certificates', (pem) => {
    expect(() => CaBundle.parse(pem)).toThrow(
      new SyntaxError('data does not contain any valid RSA or ECDSA certificates'),
    );
  });

  test('refuses the whole bundle when one certificate is broken', () => {
    const broken = stranger.certPem.replace(/\n.{10}/, '\nAAAAAAAAAA');

    expect(() => CaBundle.parse(root.certPem + broken)).toThrow(
      /^Cannot read a CA bundle: one of its certificates is malformed$/,
    );
  });
});
