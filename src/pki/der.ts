import { isUtf8 } from 'node:buffer';

/**
 * DER (ITU-T X.690) as far as X.509 certificates need it: definite lengths, low tag numbers.
 * The writing functions return complete elements (tag, length, content).
 */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tags, `[n]` in the module of RFC 5280. */
export const contextPrimitive = (number: number): number => 0x80 | number;
export const contextConstructed = (number: number): number => 0xa0 | number;

export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), encodedLength(body.length), body]);
}

export const sequence = (...items: readonly Uint8Array[]): Buffer =>
  element(TAG.sequence, ...items);

/** SET OF: the encodings in ascending order, X.690 section 11.6. */
export const setOf = (...items: readonly Uint8Array[]): Buffer =>
  element(TAG.set, ...[...items].sort((one, other) => Buffer.compare(one, other)));

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const magnitude = bytes.subarray(start);
  const needsSign = (magnitude[0] ?? 0) >= 0x80;
  return element(TAG.integer, Buffer.from(needsSign ? [0] : []), magnitude);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(TAG.bitString, Buffer.from([unusedBits]), bytes);
}

export const octetString = (bytes: Uint8Array): Buffer => element(TAG.octetString, bytes);
export const utf8String = (text: string): Buffer => element(TAG.utf8String, Buffer.from(text));
export const TRUE: Buffer = element(TAG.boolean, Buffer.from([0xff]));
export const NULL: Buffer = Buffer.from([0x05, 0x00]);

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(
    TAG.objectIdentifier,
    Buffer.from([first * 40 + second, ...rest.flatMap((arc) => base128(arc))]),
  );
}

/** UTCTime up to the year 2049, GeneralizedTime after it, RFC 5280 section 4.1.2.5. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/\.\d+|[-:T]/g, '');
  const inUtcTime = digits >= '1950' && digits < '2050';
  return inUtcTime
    ? element(TAG.utcTime, Buffer.from(digits.slice(2)))
    : element(TAG.generalizedTime, Buffer.from(digits));
}

function encodedLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | (rest % 128));
  }
  return bytes;
}

/** One element as read: `content` and `encoding` are views into the bytes given to `readElements`. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly encoding: Buffer;
}

/** The elements that stand one after another in `bytes`. Throws SyntaxError where they are cut off or not DER. */
export function readElements(bytes: Uint8Array): DerElement[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: DerElement[] = [];
  let offset = 0;
  while (offset < buffer.length) {
    const { headerBytes, contentBytes } = readHeader(buffer, offset);
    const start = offset + headerBytes;
    const end = start + contentBytes;
    if (end > buffer.length) throw cutOff(offset);
    elements.push({
      tag: buffer.readUInt8(offset),
      content: buffer.subarray(start, end),
      encoding: buffer.subarray(offset, end),
    });
    offset = end;
  }
  return elements;
}

/** The dotted form of an OBJECT IDENTIFIER's content. */
export function readObjectIdentifier(content: Buffer): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = arc * 128n + BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [joint = 0n, ...rest] = arcs;
  const first = joint < 40n ? 0n : joint < 80n ? 1n : 2n;
  return [first, joint - first * 40n, ...rest].join('.');
}

/** A directory string of any of its types as text. Throws SyntaxError for broken UTF-8. */
export function readText({ tag, content }: DerElement): string {
  switch (tag) {
    case TAG.bmpString:
      return Buffer.from(content).swap16().toString('utf16le');
    case TAG.universalString:
      return utf32(content);
    case TAG.teletexString:
      return content.toString('latin1');
    default:
      if (!isUtf8(content)) throw new SyntaxError('Cannot read a name: it is not UTF-8');
      return content.toString('utf8');
  }
}

/** UTCTime or GeneralizedTime in ms since the epoch. Throws SyntaxError for other forms than RFC 5280 allows. */
export function readTime({ tag, content }: DerElement): number {
  const text = content.toString('latin1');
  const digits =
    tag === TAG.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (!match) throw new SyntaxError(`Cannot read a certificate's time: "${text}"`);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number);
  return (
    new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1000
  );
}

function readHeader(buffer: Buffer, offset: number): { headerBytes: number; contentBytes: number } {
  const tag = buffer.readUInt8(offset);
  if ((tag & 0x1f) === 0x1f) throw new SyntaxError(`Cannot read DER: long tag at byte ${offset}`);
  const first = buffer[offset + 1];
  if (first === undefined) throw cutOff(offset);
  if (first < 0x80) return { headerBytes: 2, contentBytes: first };
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0 || lengthBytes > 4) {
    throw new SyntaxError(`Cannot read DER: unusual length at byte ${offset}`);
  }
  if (offset + 2 + lengthBytes > buffer.length) throw cutOff(offset);
  return {
    headerBytes: 2 + lengthBytes,
    contentBytes: buffer.readUIntBE(offset + 2, lengthBytes),
  };
}

function cutOff(offset: number): SyntaxError {
  return new SyntaxError(`Cannot read DER: the element at byte ${offset} is cut off`);
}

function utf32(content: Buffer): string {
  let text = '';
  for (let offset = 0; offset + 4 <= content.length; offset += 4) {
    const codePoint = content.readUInt32BE(offset);
    text += codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : '\ufffd';
  }
  return text;
}
