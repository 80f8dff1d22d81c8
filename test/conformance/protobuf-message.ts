import { type Field, fieldsOf } from './messages.ts';
import { type Tree, mapping, scalar, sequence, treeOf } from './tree.ts';

/** Go's magic number in front of every object of Kubernetes in protobuf. */
const MAGIC = Buffer.from('k8s\0');
const NANOS_PER_SECOND = 1_000_000_000n;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes an object of Kubernetes from protobuf (runtime.Unknown with its magic number) into the document
 * that JSON would be: members by their names, moments and quantities as text. What has the zero value of its
 * type counts as absent, as for every reader of protobuf. Made for these tests from the published
 * definitions (`messages.ts`), without a line in common with the server's writer.
 *
 * @throws TypeError when the bytes are not such a message, hold a field that is not defined, one that may
 *   stand there only once twice, or one in another wire format.
 */
export function decodeObject(bytes: Uint8Array): Tree {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) {
    throw new TypeError('expected the magic number of Kubernetes in front of the message');
  }
  const envelope = new Map<number, Uint8Array>();
  for (const { number, bytes: content } of wireFields(bytes.subarray(MAGIC.length))) {
    if (content === undefined || number > 4 || envelope.has(number)) {
      throw new TypeError(`unexpected field ${number} in the envelope`);
    }
    envelope.set(number, content);
  }
  const [apiVersion, kind] = typeMetaOf(envelope.get(1));
  if (textOf(envelope.get(3)) !== '' || textOf(envelope.get(4)) !== '') {
    throw new TypeError('expected neither contentEncoding nor contentType in the envelope');
  }
  const message = decodeMessage(messageOf(apiVersion, kind), envelope.get(2) ?? new Uint8Array());
  return mapping([['kind', scalar(kind)], ['apiVersion', scalar(apiVersion)], ...message]);
}

/** Two versions of a kind number their fields differently. */
function messageOf(apiVersion: string, kind: string): string {
  const beta = `${kind} of v1beta1`;
  return apiVersion === 'meta.k8s.io/v1beta1' && fieldsOf(beta) ? beta : kind;
}

function typeMetaOf(bytes: Uint8Array | undefined): [apiVersion: string, kind: string] {
  const texts = new Map(
    wireFields(bytes ?? new Uint8Array()).map(({ number, bytes: text }) => [number, textOf(text)]),
  );
  return [texts.get(1) ?? '', texts.get(2) ?? ''];
}

type Members = (readonly [string, Tree])[];

function decodeMessage(name: string, bytes: Uint8Array): Members {
  const fields = fieldsOf(name);
  if (!fields) throw new TypeError(`there is no message "${name}" in this API`);
  const found = new Map<number, WireField[]>();
  for (const wire of wireFields(bytes)) {
    found.set(wire.number, [...(found.get(wire.number) ?? []), wire]);
  }
  for (const number of found.keys()) {
    if (!fields.has(number)) throw new TypeError(`${name} has no field ${number}`);
  }
  return [...fields].flatMap(([number, field]): Members => {
    const value = decodeField(`${name}.${field.name}`, field, found.get(number) ?? []);
    return value ? [[field.name, value]] : [];
  });
}

/** Undefined when all is as if the field were absent. */
function decodeField(path: string, field: Field, wires: readonly WireField[]): Tree | undefined {
  if (field.many === 'map') return decodeMap(path, field, wires);
  const values = wires.map((wire) => decodeValue(path, field, wire));
  if (field.many === 'list') {
    const items = values.map((value, index) => value ?? zeroOf(path, field, wires[index]));
    return items.length > 0 || field.name === 'items' ? sequence(items) : undefined;
  }
  if (values.length > 1) throw new TypeError(`${path} is there ${values.length} times`);
  return values[0];
}

/** An item is there even when all of it is zero. */
function zeroOf(path: string, { type }: Field, wire: WireField | undefined): Tree {
  if (typeof type === 'object') return mapping([]);
  if (type === 'string' && wire?.bytes) return scalar('');
  throw new TypeError(`${path} has an item without a value`);
}

function decodeMap(path: string, field: Field, wires: readonly WireField[]): Tree | undefined {
  const entries = wires.map((wire): readonly [string, Tree] => {
    const parts = new Map(wireFields(bytesOf(path, wire)).map((part) => [part.number, part]));
    const value = parts.get(2);
    const decoded = value && decodeValue(path, field, value);
    return [textOf(parts.get(1)?.bytes), decoded ?? scalar('')];
  });
  if (new Set(entries.map(([key]) => key)).size < entries.length) {
    throw new TypeError(`${path} has a key twice`);
  }
  if (entries.length === 0) return undefined;
  return mapping(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function decodeValue(path: string, { type }: Field, wire: WireField): Tree | undefined {
  if (type === 'bool' || type === 'integer') {
    const value = integerOf(path, wire);
    if (value === 0n) return undefined;
    return type === 'bool' ? scalar(true) : scalar(Number(value));
  }
  const bytes = bytesOf(path, wire);
  if (typeof type === 'string') {
    const text = TEXTS[type](path, bytes);
    return text === '' ? undefined : scalar(text);
  }
  const members = decodeMessage(type.message, bytes);
  // In JSON the verbs of a resource are the list itself.
  if (type.message === 'Verbs') return members[0]?.[1] ?? treeOf([]);
  return mapping(members);
}

/** How the messages that JSON writes as text are written; '' of the zero value. */
const TEXTS = {
  string: (_path: string, bytes: Uint8Array): string => textOf(bytes),
  quantity: textOfQuantity,
  time: textOfTime,
  duration: textOfDuration,
} as const;

function textOfQuantity(path: string, bytes: Uint8Array): string {
  const [field, ...rest] = wireFields(bytes);
  if (field === undefined) return '';
  if (field.number !== 1 || rest.length > 0) throw new TypeError(`${path} is no quantity`);
  return textOf(bytesOf(path, field));
}

/** '' of the zero moment. */
function textOfTime(path: string, bytes: Uint8Array): string {
  const { seconds, nanos } = timeParts(path, bytes);
  if (seconds === 0n && nanos === 0n) return '';
  const whole = new Date(Number(seconds) * 1000).toISOString().replace('.000Z', '');
  return nanos === 0n ? `${whole}Z` : `${whole}.${String(nanos).padStart(9, '0')}Z`;
}

function timeParts(path: string, bytes: Uint8Array): { seconds: bigint; nanos: bigint } {
  const parts = new Map(wireFields(bytes).map((part) => [part.number, integerOf(path, part)]));
  if ([...parts.keys()].some((number) => number > 2)) throw new TypeError(`${path} is no moment`);
  return { seconds: parts.get(1) ?? 0n, nanos: parts.get(2) ?? 0n };
}

/** In seconds when it has whole ones, as JSON writes windows of less than a minute; else in nanoseconds. */
function textOfDuration(path: string, bytes: Uint8Array): string {
  const [field, ...rest] = wireFields(bytes);
  if (field === undefined) return '';
  if (field.number !== 1 || rest.length > 0) throw new TypeError(`${path} is no duration`);
  const nanos = integerOf(path, field);
  if (nanos === 0n) return '';
  return nanos % NANOS_PER_SECOND === 0n ? `${nanos / NANOS_PER_SECOND}s` : `${nanos}ns`;
}

interface WireField {
  readonly number: number;
  /** Of wire type 0. */
  readonly integer?: bigint;
  /** Of wire type 2. */
  readonly bytes?: Uint8Array;
}

/** The wire format itself: protobuf.dev/programming-guides/encoding. */
function wireFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new TypeError(`expected a number at byte ${at} of a message`);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, wireType] = [tag >> 3, tag & 7];
    if (wireType === 0) {
      fields.push({ number, integer: varint() });
    } else if (wireType === 2) {
      const length = Number(varint());
      if (length < 0 || at + length > bytes.length) {
        throw new TypeError(`field ${number} is longer than its message`);
      }
      fields.push({ number, bytes: bytes.subarray(at, at + length) });
      at += length;
    } else {
      throw new TypeError(`field ${number} has wire type ${wireType}, which no message here has`);
    }
  }
  return fields;
}

function bytesOf(path: string, { bytes }: WireField): Uint8Array {
  if (bytes === undefined) throw new TypeError(`${path} is a number, expected bytes`);
  return bytes;
}

function integerOf(path: string, { integer }: WireField): bigint {
  if (integer === undefined) throw new TypeError(`${path} is bytes, expected a number`);
  return integer;
}

/** @throws TypeError when it is not UTF-8. */
function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : UTF8.decode(bytes);
}
