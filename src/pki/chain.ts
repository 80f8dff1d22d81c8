import { X509Certificate } from 'node:crypto';
import { OID } from './object-identifiers.ts';
import { type X509Fields, parseX509, subjectValues } from './x509.ts';

/** Certificates of a peer beyond this number are not looked at; upstream's are bounded by its TLS library. */
const MAX_INTERMEDIATES = 16;
/** As Go's crypto/x509: a crafted set of certificates must not cost more than this. */
const MAX_SIGNATURE_CHECKS = 100;
/** Signatures by MD2, MD5 and SHA-1 prove nothing any more; Go refuses them as well. */
const INSECURE_ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.2', 'MD2-RSA'],
  ['1.2.840.113549.1.1.4', 'MD5-RSA'],
  ['1.2.840.113549.1.1.5', 'SHA1-RSA'],
  ['1.2.840.10045.4.1', 'ECDSA-SHA1'],
  ['1.2.840.10040.4.3', 'DSA-SHA1'],
]);
/** Name constraints on these kinds of names say nothing about a certificate without alternative names. */
const CONSTRAINTS_ON_ALTERNATIVE_NAMES: ReadonlySet<number> = new Set([0x81, 0x82, 0x86, 0x87]);

/** A certificate was refused; the message is that of Go's crypto/x509. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

export interface VerifiedChain {
  /** The moment at which the first certificate of the chain expires: until then the verdict holds. */
  readonly notAfterMs: number;
}

interface Certificate {
  readonly x509: X509Certificate;
  readonly fields: X509Fields;
}

/**
 * A set of trusted certificates, and the question whether a client's certificate comes from it.
 * Follows Go's crypto/x509 Verify with the usage clientAuth: every certificate in the bundle is an
 * anchor, also an intermediate; all authorities of one name are tried; a certificate without extended
 * key usage may be used for anything.
 */
export class CaBundle {
  /** One PEM text for each certificate, for the TLS layer's list of acceptable authorities. */
  readonly certificates: readonly string[];
  /** The DER names of the authorities. */
  readonly subjects: readonly Buffer[];
  readonly #roots: readonly Certificate[];

  private constructor(roots: readonly Certificate[]) {
    this.#roots = roots;
    this.certificates = roots.map(({ x509 }) => x509.toString());
    this.subjects = roots.map(({ fields }) => fields.rawSubject);
  }

  /** Reads a PEM bundle; blocks of other types are passed over. Throws SyntaxError when a certificate is broken or there is none. */
  static parse(pem: string): CaBundle {
    const roots = pemCertificates(pem).map((block) => readCertificate(block));
    if (roots.length === 0) {
      throw new SyntaxError('data does not contain any valid RSA or ECDSA certificates');
    }
    return new CaBundle(roots);
  }

  /**
   * Throws CertificateError unless `leaf` leads to this bundle, is meant for clients, and is valid now.
   * That the peer holds the key of `leaf` is what the TLS handshake has proved.
   */
  verifyClient(
    leaf: X509Certificate,
    intermediates: readonly X509Certificate[],
    nowMs: number,
  ): VerifiedChain {
    const presented = readPresented(leaf);
    checkUsable(presented.fields, nowMs);
    const search: Search = {
      roots: this.#roots,
      intermediates: intermediates.slice(0, MAX_INTERMEDIATES).map((x509) => readPresented(x509)),
      nowMs,
      signatureChecks: 0,
      hint: undefined,
    };
    const chains = this.#holds(presented) ? [[presented]] : chainsFrom([presented], search);
    if (chains.length === 0) throw unknownAuthority(search.hint);
    const chain = chains.find((candidate) => candidate.every(mayAuthenticateClients));
    if (!chain) {
      throw new CertificateError('x509: certificate specifies an incompatible key usage');
    }
    return { notAfterMs: Math.min(...chain.map(({ fields }) => fields.notAfterMs)) };
  }

  #holds({ x509 }: Certificate): boolean {
    return this.#roots.some((root) => root.x509.raw.equals(x509.raw));
  }
}

interface Search {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly nowMs: number;
  signatureChecks: number;
  /** Why the first candidate of the right name was not the authority. */
  hint: { readonly reason: string; readonly candidate: X509Fields } | undefined;
}

type Chain = readonly Certificate[];

/** All ways from the end of `chain` to an anchor. */
function chainsFrom(chain: Chain, search: Search): Chain[] {
  const child = chain.at(-1);
  if (!child) return [];
  const toRoots = parentsAmong(search.roots, child)
    .filter((root) => isParent(root, chain, search))
    .map((root) => [...chain, root]);
  const throughIntermediates = parentsAmong(search.intermediates, child)
    .filter((parent) => isParent(parent, chain, search))
    .flatMap((parent) => chainsFrom([...chain, parent], search));
  return [...toRoots, ...throughIntermediates];
}

/** Those whose name is the child's issuer; the ones whose key id says so too come first. */
function parentsAmong(candidates: readonly Certificate[], child: Certificate): Certificate[] {
  const { rawIssuer, authorityKeyId } = child.fields;
  const isNamed = ({ fields }: Certificate): boolean =>
    authorityKeyId !== undefined && fields.subjectKeyId?.equals(authorityKeyId) === true;
  return candidates
    .filter(({ fields }) => fields.rawSubject.equals(rawIssuer))
    .sort((one, other) => Number(isNamed(other)) - Number(isNamed(one)));
}

function isParent(candidate: Certificate, chain: Chain, search: Search): boolean {
  const isInChain = chain.some(
    ({ fields }) =>
      fields.rawSubject.equals(candidate.fields.rawSubject) &&
      fields.rawPublicKey.equals(candidate.fields.rawPublicKey),
  );
  if (isInChain) return false;
  search.signatureChecks += 1;
  if (search.signatureChecks > MAX_SIGNATURE_CHECKS) {
    throw new CertificateError(
      'x509: signature check attempts limit reached while verifying certificate chain',
    );
  }
  try {
    checkSignedBy(chain.at(-1), candidate);
    checkUsable(candidate.fields, search.nowMs);
    checkConstraints(candidate.fields, chain);
    return true;
  } catch (err) {
    if (!(err instanceof CertificateError)) throw err;
    search.hint ??= { reason: err.message, candidate: candidate.fields };
    return false;
  }
}

function checkSignedBy(child: Certificate | undefined, parent: Certificate): void {
  const { version, basicConstraints, keyUsage } = parent.fields;
  const isAuthority = basicConstraints ? basicConstraints.isCa : version < 3;
  if (!child || !isAuthority || keyUsage?.certificateSign === false) {
    throw new CertificateError(
      'x509: invalid signature: parent certificate cannot sign this kind of certificate',
    );
  }
  const insecure = INSECURE_ALGORITHMS.get(child.fields.signatureAlgorithm);
  if (insecure !== undefined) {
    throw new CertificateError(`x509: cannot verify signature: insecure algorithm ${insecure}`);
  }
  const { publicKey } = parent.x509;
  if (!child.x509.verify(publicKey)) {
    throw new CertificateError(
      publicKey.asymmetricKeyType === 'ec'
        ? 'x509: ECDSA verification failure'
        : 'crypto/rsa: verification error',
    );
  }
}

function checkUsable(fields: X509Fields, nowMs: number): void {
  if (fields.unhandledCriticalExtensions.length > 0) {
    throw new CertificateError('x509: unhandled critical extension');
  }
  const expired = 'x509: certificate has expired or is not yet valid: current time';
  if (nowMs < fields.notBeforeMs) {
    throw new CertificateError(
      `${expired} ${wholeSeconds(nowMs)} is before ${wholeSeconds(fields.notBeforeMs)}`,
    );
  }
  if (nowMs > fields.notAfterMs) {
    throw new CertificateError(
      `${expired} ${wholeSeconds(nowMs)} is after ${wholeSeconds(fields.notAfterMs)}`,
    );
  }
}

/** `chain` is everything below the authority; its leaf does not count as an intermediate. */
function checkConstraints(authority: X509Fields, chain: Chain): void {
  const maxPathLength = authority.basicConstraints?.maxPathLength;
  if (maxPathLength !== undefined && chain.length - 1 > maxPathLength) {
    throw new CertificateError('x509: too many intermediates for path length constraint');
  }
  const { nameConstraintTags } = authority;
  if (!nameConstraintTags) return;
  // Names are not compared with constraints here, so whatever a constraint could forbid is refused.
  const couldForbid =
    chain.some(({ fields }) => fields.hasAlternativeNames) ||
    nameConstraintTags.some((tag) => !CONSTRAINTS_ON_ALTERNATIVE_NAMES.has(tag));
  if (couldForbid) {
    throw new CertificateError(
      'x509: a root or intermediate certificate is not authorized to sign for this name: name constraints are not supported',
    );
  }
}

function mayAuthenticateClients({ fields: { extendedKeyUsages } }: Certificate): boolean {
  return (
    extendedKeyUsages === undefined ||
    extendedKeyUsages.includes(OID.clientAuth) ||
    extendedKeyUsages.includes(OID.anyExtendedKeyUsage)
  );
}

function unknownAuthority(hint: Search['hint']): CertificateError {
  const message = 'x509: certificate signed by unknown authority';
  if (!hint) return new CertificateError(message);
  const { reason, candidate } = hint;
  const name =
    subjectValues(candidate, OID.commonName)[0] ??
    subjectValues(candidate, OID.organization)[0] ??
    `serial:${BigInt(`0x${candidate.serialNumber.toString('hex')}`)}`;
  return new CertificateError(
    `${message} (possibly because of "${reason}" while trying to verify candidate authority certificate "${name}")`,
  );
}

function readPresented(x509: X509Certificate): Certificate {
  try {
    return { x509, fields: parseX509(x509.raw) };
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    throw new CertificateError(`x509: malformed certificate: ${err.message}`, { cause: err });
  }
}

function readCertificate(pem: string): Certificate {
  try {
    const x509 = new X509Certificate(pem);
    return { x509, fields: parseX509(x509.raw) };
  } catch (err) {
    throw new SyntaxError('Cannot read a CA bundle: one of its certificates is malformed', {
      cause: err,
    });
  }
}

function pemCertificates(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
