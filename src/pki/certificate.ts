import {
  type KeyObject,
  X509Certificate,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { promisify } from 'node:util';
import {
  NULL,
  TAG,
  TRUE,
  bitString,
  contextConstructed,
  contextPrimitive,
  element,
  integer,
  objectIdentifier,
  octetString,
  readElements,
  sequence,
  setOf,
  time,
  utf8String,
} from './der.ts';
import { OID } from './object-identifiers.ts';
import { parseX509 } from './x509.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type KeyKind = 'ec' | 'rsa';

/** Keys of one's own making. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** PEM texts, each with its final newline, so that they can be joined by `+`. */
export interface CertificateAndKey {
  readonly certPem: string;
  /** PKCS#8 for EC P-256, PKCS#1 for RSA 2048 (as upstream's self-signed key). */
  readonly keyPem: string;
}

export interface AuthorityRequest {
  readonly commonName: string;
  /** The certificate is valid from one hour before this moment (clocks differ) ... */
  readonly nowMs: number;
  /** ... for this many days, 3650 unless told. */
  readonly days?: number;
  readonly key?: KeyKind | KeyPair;
}

export interface LeafRequest {
  /** '' leaves the attribute out. */
  readonly commonName: string;
  /** One attribute each, in this order: the groups of a Kubernetes user. */
  readonly organizations?: readonly string[];
  /** Kubernetes' UID attribute, 1.3.6.1.4.1.57683.2. */
  readonly uid?: string;
  readonly dnsNames?: readonly string[];
  /** IPv4 or IPv6 in text form. */
  readonly ipAddresses?: readonly string[];
  /** Empty: no extended key usage at all, which permits every usage. */
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
  /** Unless told, the validity is that of the authority. */
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly key?: KeyKind | KeyPair;
}

export interface CertificateAuthority extends CertificateAndKey {
  /** Makes a key and a certificate for it. Throws TypeError for an IP address that is none. */
  issue(leaf: LeafRequest): CertificateAndKey;
  /** Makes an intermediate authority, signed by this one, valid as long as this one. */
  issueAuthority(request: { commonName: string; key?: KeyKind }): CertificateAuthority;
}

/** Makes a self-signed certificate authority (certificate version 3, SHA-256 signatures). */
export function createCertificateAuthority(request: AuthorityRequest): CertificateAuthority {
  const { commonName, nowMs, days = 3650, key = 'ec' } = request;
  const keys = keysOf(key);
  const subject = distinguishedName([[OID.commonName, commonName]]);
  const notBeforeMs = nowMs - HOUR_MS;
  const der = signedCertificate({
    subject,
    publicKey: keys.publicKey,
    notBeforeMs,
    notAfterMs: notBeforeMs + days * DAY_MS,
    extensions: authorityExtensions(keys.publicKey),
    issuer: { subject, key: keys.privateKey },
  });
  return authority(der, keys.privateKey);
}

/** Takes up an authority that was written down before. Throws when the PEM texts are none or do not belong together. */
export function loadCertificateAuthority(certPem: string, keyPem: string): CertificateAuthority {
  const certificate = new X509Certificate(certPem);
  const key = createPrivateKey(keyPem);
  if (!certificate.checkPrivateKey(key)) {
    throw new TypeError(
      'Cannot load the certificate authority: the key belongs to another certificate',
    );
  }
  return authority(certificate.raw, key);
}

interface Issuer {
  readonly subject: Buffer;
  readonly key: KeyObject;
}

function authority(der: Buffer, key: KeyObject): CertificateAuthority {
  const own = parseX509(der);
  const issuer: Issuer = { subject: own.rawSubject, key };
  const authorityKeyId = own.subjectKeyId ?? keyId(createPublicKey(key));
  const certify = (
    request: Omit<CertificateContent, 'issuer' | 'publicKey'>,
    keys: KeyPair,
  ): Buffer =>
    signedCertificate({
      ...request,
      extensions: [...request.extensions, authorityKeyIdentifier(authorityKeyId)],
      publicKey: keys.publicKey,
      issuer,
    });

  return {
    certPem: certificatePem(der),
    keyPem: privateKeyPem(key),

    issue(leaf) {
      const keys = keysOf(leaf.key ?? 'ec');
      const certificate = certify(
        {
          subject: subjectOf(leaf),
          notBeforeMs: leaf.notBeforeMs ?? own.notBeforeMs,
          notAfterMs: leaf.notAfterMs ?? own.notAfterMs,
          extensions: leafExtensions(leaf, keys.publicKey),
        },
        keys,
      );
      return { certPem: certificatePem(certificate), keyPem: privateKeyPem(keys.privateKey) };
    },

    issueAuthority({ commonName, key: kind = 'ec' }) {
      const keys = keysOf(kind);
      const certificate = certify(
        {
          subject: distinguishedName([[OID.commonName, commonName]]),
          notBeforeMs: own.notBeforeMs,
          notAfterMs: own.notAfterMs,
          extensions: authorityExtensions(keys.publicKey),
        },
        keys,
      );
      return authority(certificate, keys.privateKey);
    },
  };
}

const RSA = { modulusLength: 2048 };
const generateKeyPairAsync = promisify(generateKeyPair);

/** RSA 2048. That takes 50 ms and more, in which others go on. */
export function generateRsaKeys(): Promise<KeyPair> {
  return generateKeyPairAsync('rsa', RSA);
}

function keysOf(key: KeyKind | KeyPair): KeyPair {
  if (typeof key !== 'string') return key;
  return key === 'rsa'
    ? generateKeyPairSync('rsa', RSA)
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

interface CertificateContent {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly Buffer[];
  readonly issuer: Issuer;
}

/** RFC 5280 section 4.1. */
function signedCertificate(content: CertificateContent): Buffer {
  const { issuer } = content;
  const algorithm = signatureAlgorithm(issuer.key);
  const version3 = element(contextConstructed(0), integer(Buffer.from([2])));
  const toBeSigned = sequence(
    version3,
    integer(serialNumber()),
    algorithm,
    issuer.subject,
    sequence(time(content.notBeforeMs), time(content.notAfterMs)),
    content.subject,
    content.publicKey.export({ type: 'spki', format: 'der' }),
    element(contextConstructed(3), sequence(...content.extensions)),
  );
  return sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, issuer.key)));
}

/** Positive, never zero, 127 random bits: RFC 5280 section 4.1.2.2. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes;
}

function signatureAlgorithm(key: KeyObject): Buffer {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return sequence(objectIdentifier(OID.ecdsaWithSha256));
    case 'rsa':
      return sequence(objectIdentifier(OID.sha256WithRsa), NULL);
    default:
      throw new TypeError(
        `Cannot sign certificates with this key: expected "ec" or "rsa", got "${String(key.asymmetricKeyType)}"`,
      );
  }
}

/** Organizations first, then the common name, as Go writes them; one attribute in each set, which keeps their order. */
function subjectOf({ commonName, organizations = [], uid }: LeafRequest): Buffer {
  const attributes: [string, string][] = organizations.map((name) => [OID.organization, name]);
  if (commonName !== '') attributes.push([OID.commonName, commonName]);
  if (uid !== undefined) attributes.push([OID.kubernetesUid, uid]);
  return distinguishedName(attributes);
}

function distinguishedName(attributes: readonly (readonly [string, string])[]): Buffer {
  return sequence(
    ...attributes.map(([type, value]) =>
      setOf(sequence(objectIdentifier(type), utf8String(value))),
    ),
  );
}

const KEY_USAGE = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  certificateSign: 0x04,
  revocationListSign: 0x02,
} as const;

function authorityExtensions(publicKey: KeyObject): Buffer[] {
  const { digitalSignature, certificateSign, revocationListSign } = KEY_USAGE;
  return [
    extension(OID.basicConstraints, sequence(TRUE), true),
    keyUsage(digitalSignature | certificateSign | revocationListSign),
    extension(OID.subjectKeyIdentifier, octetString(keyId(publicKey))),
  ];
}

function leafExtensions(leaf: LeafRequest, publicKey: KeyObject): Buffer[] {
  const { digitalSignature, keyEncipherment } = KEY_USAGE;
  const isRsa = publicKey.asymmetricKeyType === 'rsa';
  const alternativeNames = [
    ...(leaf.dnsNames ?? []).map((name) => element(contextPrimitive(2), Buffer.from(name))),
    ...(leaf.ipAddresses ?? []).map((address) => element(contextPrimitive(7), ipBytes(address))),
  ];
  const extensions = [
    extension(OID.basicConstraints, sequence(), true),
    keyUsage(isRsa ? digitalSignature | keyEncipherment : digitalSignature),
    extension(OID.subjectKeyIdentifier, octetString(keyId(publicKey))),
  ];
  if (leaf.usages.length > 0) {
    const usages = leaf.usages.map((usage) => objectIdentifier(OID[usage]));
    extensions.push(extension(OID.extendedKeyUsage, sequence(...usages)));
  }
  if (alternativeNames.length > 0) {
    extensions.push(extension(OID.subjectAltName, sequence(...alternativeNames)));
  }
  return extensions;
}

function extension(type: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(type), ...(critical ? [TRUE] : []), octetString(value));
}

/** A named bit list has no trailing zero bits, X.690 section 11.2.2. */
function keyUsage(bits: number): Buffer {
  const unusedBits = 31 - Math.clz32(bits & -bits);
  return extension(OID.keyUsage, bitString(Buffer.from([bits]), unusedBits), true);
}

function authorityKeyIdentifier(id: Buffer): Buffer {
  return extension(OID.authorityKeyIdentifier, sequence(element(contextPrimitive(0), id)));
}

/** SHA-1 of the bits of the public key, method 1 of RFC 5280 section 4.2.1.2: a name, not a protection. */
function keyId(publicKey: KeyObject): Buffer {
  const [info] = readElements(publicKey.export({ type: 'spki', format: 'der' }));
  const bits = readElements(info?.content ?? Buffer.alloc(0)).find(
    ({ tag }) => tag === TAG.bitString,
  );
  return createHash('sha1')
    .update(bits?.content.subarray(1) ?? '')
    .digest();
}

function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address) || address.includes('%')) {
    throw new TypeError(`Cannot issue a certificate: expected an IP address, got "${address}"`);
  }
  return ipv6Bytes(address);
}

function ipv6Bytes(address: string): Buffer {
  // The URL parser writes every IPv6 address in one form: hexadecimal groups, at most one "::".
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(group, index * 2);
  }
  return bytes;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
}

function privateKeyPem(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'pkcs8';
  return key.export({ type, format: 'pem' });
}

function certificatePem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
