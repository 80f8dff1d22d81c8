import { quoteJson } from '../../apimachinery/json-text.ts';
import { LabelSet } from '../../apimachinery/label-set.ts';
import { utf8Bytes } from '../../apimachinery/protobuf-writer.ts';
import type { ItemEncoding, ItemMetadata } from '../api-group.ts';
import type { StampedBytes } from './encoded-run.ts';
import type { Envelope, ListEnvelope, TypeMeta } from './encoder.ts';
import { listMetaObject } from './list-meta.ts';
import type { ArrayDocument } from './text-layout.ts';

/** The JSON object of an item: `type` first where there is one, then metadata, then what is its own. */
export function itemObject<Item>(
  item: Item,
  encoding: ItemEncoding<Item>,
  type: TypeMeta | undefined,
  createdAt: string,
): string {
  const metadata = encoding.metadata(item);
  const own = encoding.json(item);
  let text = type === undefined ? '{' : `{${typeMembers(type)}`;
  if (metadata) text += `${comma(text)}"metadata":${metadataObject(metadata, createdAt)}`;
  return own === '' ? `${text}}` : `${text}${comma(text)}${own}}`;
}

/** The same without a type, as it stands in a list behind another one. */
export function listedObject<Item>(
  item: Item,
  encoding: ItemEncoding<Item>,
  createdAt: string,
): StampedBytes {
  const metadata = encoding.metadata(item);
  if (!metadata) {
    return {
      bytes: utf8Bytes(`,${itemObject(item, encoding, undefined, createdAt)}`),
      stampAt: -1,
    };
  }
  const own = encoding.json(item);
  const before = utf8Bytes(`,{"metadata":${beforeStamp(metadata)}`);
  const after = utf8Bytes(`${afterStamp(metadata)}${own === '' ? '' : ','}${own}}`);
  return { bytes: before + createdAt + after, stampAt: before.length };
}

function comma(before: string): string {
  return before === '{' ? '' : ',';
}

export function listDocument<Item>(
  items: Iterable<Item | undefined>,
  encoding: ItemEncoding<Item>,
  { kind, apiVersion, createdAt, meta, itemType }: ListEnvelope,
): ArrayDocument<Item> {
  return {
    members: { kind, apiVersion, metadata: listMetaObject(meta) },
    key: 'items',
    // A list of partial objects is made from nothing by upstream, and then has no items rather than none.
    whenEmpty: itemType === undefined ? '[]' : 'null',
    items,
    textOf: (item) => itemObject(item, encoding, itemType, createdAt),
  };
}

/** The JSON object of an item's metadata. `creationTimestamp` is the moment of the request, as upstream. */
function metadataObject(metadata: ItemMetadata, createdAt: Envelope['createdAt']): string {
  return `${beforeStamp(metadata)}${createdAt}${afterStamp(metadata)}`;
}

function beforeStamp({ name, namespace }: ItemMetadata): string {
  const place = namespace === undefined ? '' : `,"namespace":${quoteJson(namespace)}`;
  return `{"name":${quoteJson(name)}${place},"creationTimestamp":"`;
}

function afterStamp({ labels }: ItemMetadata): string {
  return labels === LabelSet.empty ? '"}' : `","labels":${labels.json}}`;
}

function typeMembers({ kind, apiVersion }: TypeMeta): string {
  return `"kind":${quoteJson(kind)},"apiVersion":${quoteJson(apiVersion)}`;
}
