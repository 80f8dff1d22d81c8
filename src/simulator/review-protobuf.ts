import { badRequest } from '../apimachinery/status-error.ts';

/**
 * Reviews as kubectl sends them: in protobuf, without asking first. Field numbers are those of
 * k8s.io/api/authentication/v1 and authorization/v1 (generated.proto); what we do not read is passed over.
 */
type Field =
  | { readonly name: string; readonly as: 'text' | 'texts' | 'number' | 'values' }
  | { readonly name: string; readonly as: 'message'; readonly message: Message };
type Message = ReadonlyMap<number, Field>;

const text = (name: string): Field => ({ name, as: 'text' });
const message = (name: string, fields: Message): Field => ({
  name,
  as: 'message',
  message: fields,
});

const OBJECT_META: Message = new Map([
  [1, text('name')],
  [3, text('namespace')],
]);
const RESOURCE_ATTRIBUTES: Message = new Map(
  ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'].map(
    (name, index) => [index + 1, text(name)] as const,
  ),
);
const ATTRIBUTES: readonly (readonly [number, Field])[] = [
  [1, message('resourceAttributes', RESOURCE_ATTRIBUTES)],
  [
    2,
    message(
      'nonResourceAttributes',
      new Map([
        [1, text('path')],
        [2, text('verb')],
      ]),
    ),
  ],
];
const ACCESS_REVIEW: Message = new Map([
  ...ATTRIBUTES,
  [3, text('user')],
  [4, { name: 'groups', as: 'texts' }],
  [5, { name: 'extra', as: 'values' }],
  [6, text('uid')],
]);

const SPECS: ReadonlyMap<string, Message> = new Map<string, Message>([
  ['SelfSubjectAccessReview', new Map(ATTRIBUTES)],
  ['SubjectAccessReview', ACCESS_REVIEW],
  ['LocalSubjectAccessReview', ACCESS_REVIEW],
  ['SelfSubjectRulesReview', new Map([[1, text('namespace')]])],
  ['SelfSubjectReview', new Map()],
  [
    'TokenReview',
    new Map<number, Field>([
      [1, text('token')],
      [2, { name: 'audiences', as: 'texts' }],
    ]),
  ],
  ['TokenRequest', new Map([[4, { name: 'expirationSeconds', as: 'number' }]])],
]);

const MAGIC = Buffer.from('k8s\0');
const TYPE_META: Message = new Map([
  [1, text('apiVersion')],
  [2, text('kind')],
]);

/**
 * Reads a review in the envelope of Kubernetes (apimachinery/pkg/runtime/generated.proto, Unknown).
 * @throws StatusError 400 for bytes that are no such thing.
 */
export function decodeReview(bytes: Buffer): object {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest('Cannot read the object: expected the prefix of Kubernetes protobuf');
  }
  let typeMeta: Record<string, unknown> = {};
  let raw: Buffer = Buffer.alloc(0);
  for (const { number, bytes: content } of fieldsOf(bytes.subarray(MAGIC.length))) {
    if (number === 1) typeMeta = decode(content, TYPE_META);
    if (number === 2) raw = content;
  }
  const { apiVersion, kind } = typeMeta;
  const spec = SPECS.get(String(kind));
  if (!spec) throw badRequest(`Cannot read the object: unexpected kind "${String(kind)}"`);
  const members: Message = new Map([
    [1, message('metadata', OBJECT_META)],
    [2, message('spec', spec)],
  ]);
  return { apiVersion, kind, ...decode(raw, members) };
}

function decode(bytes: Buffer, fields: Message): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { number, value, bytes: content } of fieldsOf(bytes)) {
    const field = fields.get(number);
    if (!field) continue;
    const before = values[field.name];
    switch (field.as) {
      case 'text':
        values[field.name] = content.toString();
        break;
      case 'texts':
        values[field.name] = [
          ...(Array.isArray(before) ? (before as unknown[]) : []),
          content.toString(),
        ];
        break;
      case 'number':
        values[field.name] = value;
        break;
      case 'values':
        values[field.name] = { ...(before as object | undefined), ...decodeValues(content) };
        break;
      case 'message':
        values[field.name] = decode(content, field.message);
        break;
    }
  }
  return values;
}

/** One entry of `map<string, ExtraValue>`. */
function decodeValues(entry: Buffer): Record<string, unknown> {
  const fields: Message = new Map<number, Field>([
    [1, text('key')],
    [2, message('value', new Map([[1, { name: 'items', as: 'texts' }]]))],
  ]);
  const { key, value } = decode(entry, fields);
  return { [String(key)]: (value as { items?: unknown } | undefined)?.items ?? [] };
}

interface WireField {
  readonly number: number;
  /** Of a varint. */
  readonly value: number;
  /** Of a length-delimited field. */
  readonly bytes: Buffer;
}

const NO_BYTES = Buffer.alloc(0);

/** protobuf.dev/programming-guides/encoding: varints and length-delimited fields; there are no others in reviews. */
function* fieldsOf(bytes: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length && factor < 2 ** 56; factor *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw badRequest('Cannot read the object: the protobuf ends in the middle of a number');
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) yield { number, value: varint(), bytes: NO_BYTES };
    else if (wireType === 2) {
      const length = varint();
      if (at + length > bytes.length) {
        throw badRequest('Cannot read the object: the protobuf ends in the middle of a field');
      }
      yield { number, value: 0, bytes: bytes.subarray(at, at + length) };
      at += length;
    } else throw badRequest(`Cannot read the object: unexpected wire type ${wireType}`);
  }
}
