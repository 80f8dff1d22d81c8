import {
  type DerElement,
  TAG,
  contextConstructed,
  contextPrimitive,
  readElements,
  readObjectIdentifier,
  readText,
  readTime,
} from './der.ts';
import { OID } from './object-identifiers.ts';

/**
 * What node:crypto's X509Certificate does not show, or shows only as text that would have to be split
 * again: names to the byte, the subject's attributes one by one, and the extensions that decide what a
 * certificate may be used for.
 */
export interface X509Fields {
  readonly version: number;
  readonly serialNumber: Buffer;
  readonly signatureAlgorithm: string;
  readonly rawIssuer: Buffer;
  readonly rawSubject: Buffer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly rawPublicKey: Buffer;
  /** In certificate order; values of multi-valued sets in their DER order. */
  readonly subject: readonly NameAttribute[];
  readonly subjectKeyId: Buffer | undefined;
  readonly authorityKeyId: Buffer | undefined;
  readonly basicConstraints:
    { readonly isCa: boolean; readonly maxPathLength: number | undefined } | undefined;
  /** Undefined: no key usage extension, so nothing is forbidden by it. */
  readonly keyUsage: { readonly certificateSign: boolean } | undefined;
  /** Object identifiers; undefined: no extended key usage extension, so any usage. */
  readonly extendedKeyUsages: readonly string[] | undefined;
  readonly hasAlternativeNames: boolean;
  /** Tags of the kinds of names in the constraints; undefined: no such extension. */
  readonly nameConstraintTags: readonly number[] | undefined;
  /** Critical extensions that this reader does not understand: they make the certificate unusable. */
  readonly unhandledCriticalExtensions: readonly string[];
}

export interface NameAttribute {
  /** Object identifier, for example 2.5.4.3 for the common name. */
  readonly type: string;
  readonly value: string;
}

/** Reads a DER certificate. Throws SyntaxError when it is none. */
export function parseX509(der: Uint8Array): X509Fields {
  const [toBeSigned, algorithm] = childrenOf(only(readElements(der)));
  const fields = childrenOf(toBeSigned);
  const version = fields[0]?.tag === contextConstructed(0) ? fields.shift() : undefined;
  const [serialNumber, , issuer, validity, subject, publicKey, ...rest] = fields;
  const [notBefore, notAfter] = childrenOf(validity);
  const extensions = rest.find(({ tag }) => tag === contextConstructed(3));
  return {
    version: version ? (only(childrenOf(version)).content[0] ?? 0) + 1 : 1,
    serialNumber: present(serialNumber).content,
    signatureAlgorithm: objectIdentifierOf(childrenOf(algorithm)[0]),
    rawIssuer: present(issuer).encoding,
    rawSubject: present(subject).encoding,
    notBeforeMs: readTime(present(notBefore)),
    notAfterMs: readTime(present(notAfter)),
    rawPublicKey: present(publicKey).encoding,
    subject: nameAttributes(present(subject)),
    ...extensionFields(extensions ? childrenOf(only(childrenOf(extensions))) : []),
  };
}

/** All values of one attribute of the subject, in certificate order. */
export function subjectValues({ subject }: X509Fields, type: string): string[] {
  return subject.filter((attribute) => attribute.type === type).map(({ value }) => value);
}

function nameAttributes(name: DerElement): NameAttribute[] {
  return childrenOf(name).flatMap((set) =>
    childrenOf(set).map((attribute) => {
      const [type, value] = childrenOf(attribute);
      return { type: objectIdentifierOf(type), value: readText(present(value)) };
    }),
  );
}

interface Extension {
  readonly critical: boolean;
  readonly value: Buffer;
}

const HANDLED: ReadonlySet<string> = new Set([
  OID.subjectKeyIdentifier,
  OID.keyUsage,
  OID.subjectAltName,
  OID.basicConstraints,
  OID.nameConstraints,
  OID.certificatePolicies,
  OID.authorityKeyIdentifier,
  OID.extendedKeyUsage,
]);

function extensionFields(elements: readonly DerElement[]) {
  const extensions = new Map(elements.map((extension) => readExtension(extension)));
  if (extensions.size !== elements.length) {
    throw new SyntaxError('Cannot read a certificate: an extension stands there twice');
  }
  const valueOf = <Value>(type: string, read: (value: Buffer) => Value): Value | undefined => {
    const extension = extensions.get(type);
    return extension && read(extension.value);
  };
  return {
    subjectKeyId: valueOf(OID.subjectKeyIdentifier, (value) => only(readElements(value)).content),
    authorityKeyId: valueOf(OID.authorityKeyIdentifier, readAuthorityKeyId),
    basicConstraints: valueOf(OID.basicConstraints, readBasicConstraints),
    keyUsage: valueOf(OID.keyUsage, readKeyUsage),
    extendedKeyUsages: valueOf(OID.extendedKeyUsage, (value) =>
      childrenOf(only(readElements(value))).map((usage) => objectIdentifierOf(usage)),
    ),
    hasAlternativeNames: extensions.has(OID.subjectAltName),
    nameConstraintTags: valueOf(OID.nameConstraints, readNameConstraintTags),
    unhandledCriticalExtensions: [...extensions]
      .filter(([type, { critical }]) => critical && !HANDLED.has(type))
      .map(([type]) => type),
  };
}

function readExtension(extension: DerElement): [string, Extension] {
  const [type, ...rest] = childrenOf(extension);
  const critical = rest.some(({ tag, content }) => tag === TAG.boolean && content[0] !== 0);
  const value = present(rest.find(({ tag }) => tag === TAG.octetString)).content;
  return [objectIdentifierOf(type), { critical, value }];
}

function readAuthorityKeyId(value: Buffer): Buffer | undefined {
  return childrenOf(only(readElements(value))).find(({ tag }) => tag === contextPrimitive(0))
    ?.content;
}

function readBasicConstraints(value: Buffer): { isCa: boolean; maxPathLength: number | undefined } {
  const fields = childrenOf(only(readElements(value)));
  const isCa = fields.some(({ tag, content }) => tag === TAG.boolean && content[0] !== 0);
  const pathLength = fields.find(({ tag }) => tag === TAG.integer)?.content;
  return {
    isCa,
    maxPathLength:
      pathLength && pathLength.length <= 4
        ? pathLength.readUIntBE(0, pathLength.length)
        : undefined,
  };
}

/** Bit 5 of the named bit list is keyCertSign. */
function readKeyUsage(value: Buffer): { certificateSign: boolean } {
  const bits = only(readElements(value)).content;
  return { certificateSign: ((bits[1] ?? 0) & 0x04) !== 0 };
}

function readNameConstraintTags(value: Buffer): number[] {
  return childrenOf(only(readElements(value))).flatMap((subtrees) =>
    childrenOf(subtrees).map((subtree) => present(childrenOf(subtree)[0]).tag),
  );
}

function objectIdentifierOf(element: DerElement | undefined): string {
  const { tag, content } = present(element);
  if (tag !== TAG.objectIdentifier) throw malformed();
  return readObjectIdentifier(content);
}

function childrenOf(element: DerElement | undefined): DerElement[] {
  const { tag, content } = present(element);
  if ((tag & 0x20) === 0) throw malformed();
  return readElements(content);
}

function only(elements: readonly DerElement[]): DerElement {
  if (elements.length !== 1) throw malformed();
  return present(elements[0]);
}

function present(element: DerElement | undefined): DerElement {
  if (!element) throw malformed();
  return element;
}

function malformed(): SyntaxError {
  return new SyntaxError('Cannot read a certificate: its structure is not that of RFC 5280');
}
