import { ProtobufWriter } from '../apimachinery/protobuf-writer.ts';
import { type KubeObject, listAt, textAt, valueAt } from './kube-object.ts';
import type { MetaVersion } from './representation.ts';

/**
 * Metadata in protobuf, as Go's clients ask for it first. Field numbers are those of apimachinery,
 * pkg/apis/meta/v1/generated.proto and pkg/runtime/generated.proto.
 */

const MAGIC = 'k8s\0';

/** A document in the envelope of Kubernetes. */
function enveloped(apiVersion: string, kind: string, raw: ProtobufWriter): ProtobufWriter {
  const unknown = new ProtobufWriter()
    .message(1, new ProtobufWriter().string(1, apiVersion).string(2, kind))
    .message(2, raw)
    .string(3, '')
    .string(4, '');
  return new ProtobufWriter().append(MAGIC + unknown.toBinary());
}

export function partialDocument(object: KubeObject, version: MetaVersion): Buffer {
  return documentOf(object, version).finish();
}

function documentOf(object: KubeObject, version: MetaVersion): ProtobufWriter {
  return enveloped(`meta.k8s.io/${version}`, 'PartialObjectMetadata', partialOf(object));
}

function partialOf({ metadata }: KubeObject): ProtobufWriter {
  return new ProtobufWriter().message(1, objectMeta(metadata));
}

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export function partialList(
  items: readonly KubeObject[],
  metadata: ListMeta,
  version: MetaVersion,
): Buffer {
  const listMeta = new ProtobufWriter()
    .string(1, '')
    .string(2, metadata.resourceVersion)
    .string(3, metadata.continue ?? '');
  if (metadata.remainingItemCount !== undefined) listMeta.integer(4, metadata.remainingItemCount);
  const list = new ProtobufWriter().message(1, listMeta);
  for (const item of items) list.message(2, partialOf(item));
  return enveloped(`meta.k8s.io/${version}`, 'PartialObjectMetadataList', list).finish();
}

/** One event of a watch in its frame. */
export function partialEvent(
  type: string,
  object: KubeObject | StatusLike,
  version: MetaVersion,
): Buffer {
  const document = isStatus(object)
    ? enveloped('v1', 'Status', statusOf(object))
    : documentOf(object, version);
  const event = new ProtobufWriter()
    .string(1, type)
    .message(2, new ProtobufWriter().message(1, document))
    .finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

export interface StatusLike {
  readonly kind: 'Status';
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
}

function isStatus(object: KubeObject | StatusLike): object is StatusLike {
  return object.kind === 'Status';
}

function statusOf({ message = '', reason = '', code = 0 }: StatusLike): ProtobufWriter {
  return new ProtobufWriter()
    .message(1, new ProtobufWriter())
    .string(2, 'Failure')
    .string(3, message)
    .string(4, reason)
    .integer(6, code);
}

function objectMeta(metadata: KubeObject['metadata']): ProtobufWriter {
  const { namespace = '', uid = '', resourceVersion = '', creationTimestamp } = metadata;
  const seconds = Math.floor(Date.parse(creationTimestamp ?? '') / 1000);
  const writer = new ProtobufWriter()
    .string(1, textAt(metadata, 'name')) // a bookmark has none
    .string(2, '')
    .string(3, namespace)
    .string(4, '')
    .string(5, uid)
    .string(6, resourceVersion)
    .integer(7, 0)
    .message(8, new ProtobufWriter().integer(1, Number.isNaN(seconds) ? 0 : seconds));
  entries(writer, 11, metadata.labels);
  entries(writer, 12, metadata.annotations);
  for (const reference of listAt(metadata, 'ownerReferences')) {
    const [kind, owner, id, group] = ['kind', 'name', 'uid', 'apiVersion'].map((member) =>
      textAt(reference, member),
    );
    const message = new ProtobufWriter().string(1, kind ?? '').string(3, owner ?? '');
    message.string(4, id ?? '').string(5, group ?? '');
    writer.message(13, message.boolean(6, valueAt(reference, 'controller') === true));
  }
  return writer;
}

function entries(
  writer: ProtobufWriter,
  field: number,
  values: Readonly<Record<string, string>> | undefined,
): void {
  for (const [key, value] of Object.entries(values ?? {}).sort()) {
    writer.message(field, new ProtobufWriter().string(1, key).string(2, value));
  }
}
