import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

interface Description {
  readonly messages: Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>>;
}

/** A document as an implementation reads it that is not ours. */
export interface DecodedDocument {
  readonly apiVersion: string;
  readonly kind: string;
  /** Plain values; what was not on the wire is not there. */
  readonly value: unknown;
  /** The same, written again: fields ascending, lengths as short as they can be, nothing unknown. */
  readonly encoded: Buffer;
}

const META = 'k8s.io.apimachinery.pkg.apis.meta';

/** In which package of Go the kinds of an API version are; Status and discovery say no more than `v1`. */
const PACKAGES = new Map([
  ['metrics.k8s.io/v1beta1', 'k8s.io.metrics.pkg.apis.metrics.v1beta1'],
  ['apidiscovery.k8s.io/v2', 'k8s.io.api.apidiscovery.v2'],
  ['meta.k8s.io/v1', `${META}.v1`],
  ['meta.k8s.io/v1beta1', `${META}.v1beta1`],
  ['v1', `${META}.v1`],
  ['', `${META}.v1`],
]);

const root = readMessages();

/** @throws Error for bytes that are no document of Kubernetes, or one of a kind that is not described. */
export function decodeDocument(bytes: Buffer): DecodedDocument {
  if (bytes.toString('latin1', 0, 4) !== 'k8s\0') throw new Error('Not protobuf of Kubernetes');
  const envelope = root.lookupType('k8s.io.apimachinery.pkg.runtime.Unknown');
  const unknown = envelope.decode(bytes.subarray(4));
  const { typeMeta, raw } = unknown as unknown as {
    typeMeta: { apiVersion: string; kind: string };
    raw: Uint8Array;
  };
  const { apiVersion, kind } = typeMeta;
  const type = typeOf(apiVersion, kind);
  const message = type.decode(raw);
  const again = { ...(unknown as object), raw: type.encode(message).finish() };
  return {
    apiVersion,
    kind,
    value: JSON.parse(JSON.stringify(type.toObject(message, { longs: Number }))),
    encoded: Buffer.concat([Buffer.from('k8s\0'), envelope.encode(again).finish()]),
  };
}

/** A document as the other implementation writes it: fields that the value has, empty ones included. */
export function encodeDocument(apiVersion: string, kind: string, value: object): Buffer {
  const raw = typeOf(apiVersion, kind).encode(value).finish();
  const envelope = root.lookupType('k8s.io.apimachinery.pkg.runtime.Unknown');
  const unknown = { typeMeta: { apiVersion, kind }, raw, contentEncoding: '', contentType: '' };
  return Buffer.concat([Buffer.from('k8s\0'), envelope.encode(unknown).finish()]);
}

function typeOf(apiVersion: string, kind: string): protobuf.Type {
  // Of v1beta1 only the list has a message of its own.
  if (kind === 'PartialObjectMetadata') return root.lookupType(`${META}.v1.${kind}`);
  return root.lookupType(`${PACKAGES.get(apiVersion) ?? 'nowhere'}.${kind}`);
}

/** test/protobuf/README.md says where the descriptions are from. */
function readMessages(): protobuf.Root {
  const file = new URL('../protobuf/messages.json', import.meta.url);
  const { messages } = JSON.parse(readFileSync(file, 'utf8')) as Description;
  const described = new protobuf.Root();
  for (const [name, fields] of Object.entries(messages)) {
    const path = name.split('.');
    const type = new protobuf.Type(path.pop() ?? '');
    for (const [field, [number, text]] of Object.entries(fields)) {
      type.add(fieldOf(field, number, text));
    }
    described.define(path).add(type);
  }
  return described;
}

function fieldOf(name: string, number: number, text: string): protobuf.FieldBase {
  const [, keyType, valueType] = /^map<(\w+), (.+)>$/.exec(text) ?? [];
  if (keyType !== undefined && valueType !== undefined) {
    return new protobuf.MapField(name, number, keyType, valueType);
  }
  const [, rule, type] = /^(repeated )?(.+)$/.exec(text) ?? [];
  return new protobuf.Field(name, number, type ?? '', rule === undefined ? 'optional' : 'repeated');
}
