import { quoteJson, toJsonText } from '../../apimachinery/json-text.ts';
import type { ItemEncoding, ItemMetadata } from '../api-group.ts';
import { indentJson, lineBreak } from './indent-json.ts';

/** Kind and version of what is written, and the moment of the request (RFC 3339, whole seconds). */
export interface Envelope {
  readonly kind: string;
  readonly apiVersion: string;
  readonly createdAt: string;
}

/** A whole document of known, small size: compact with a line break at the end, or laid out without one. */
export function jsonDocument(value: object, pretty: boolean): string {
  return finished(toJsonText(value), pretty);
}

/** One item by itself, with its kind and version. */
export function jsonItem<Item>(
  item: Item,
  encoding: ItemEncoding<Item>,
  envelope: Envelope,
  pretty: boolean,
): string {
  return finished(versionedObject(item, encoding, envelope), pretty);
}

/**
 * A list, piece by piece, one or two pieces an item: nothing of the size of the list is ever one string.
 * Items of a list carry no kind and no version.
 */
export function* jsonList<Item>(
  items: Iterable<Item>,
  encoding: ItemEncoding<Item>,
  envelope: Envelope,
  pretty: boolean,
): Generator<string> {
  const head = `{${typeMembers(envelope)},"metadata":{},"items":[`;
  yield* jsonArray(
    head,
    items,
    (item) => `{${itemMembers(item, encoding, envelope.createdAt)}}`,
    pretty,
  );
}

/** An object whose last member is an array. `head` is everything before the first item: it ends with `[`. */
export function* jsonArray<Item>(
  head: string,
  items: Iterable<Item>,
  textOf: (item: Item) => string,
  pretty: boolean,
): Generator<string> {
  const [before, between, after] = pretty
    ? [lineBreak(2), `,${lineBreak(2)}`, lineBreak(1)]
    : ['', ',', ''];
  yield pretty ? indentJson(`${head}]}`).slice(0, -'[]\n}'.length) + '[' : head;
  let isFirst = true;
  for (const item of items) {
    const text = textOf(item);
    yield (isFirst ? before : between) + (pretty ? indentJson(text, 2) : text);
    isFirst = false;
  }
  yield pretty ? `${isFirst ? '' : after}]\n}` : ']}\n';
}

/** The JSON object of an item with kind and version in front. */
export function versionedObject<Item>(
  item: Item,
  encoding: ItemEncoding<Item>,
  envelope: Envelope,
): string {
  return `{${typeMembers(envelope)},${itemMembers(item, encoding, envelope.createdAt)}}`;
}

/** The JSON object of an item's metadata. `creationTimestamp` is the moment of the request, as upstream. */
export function metadataObject(metadata: ItemMetadata, createdAt: string): string {
  const { name, namespace, labels } = metadata;
  const place = namespace === undefined ? '' : `,"namespace":${quoteJson(namespace)}`;
  const labelled = labels.size === 0 ? '' : `,"labels":${labels.json}`;
  return `{"name":${quoteJson(name)}${place},"creationTimestamp":"${createdAt}"${labelled}}`;
}

function itemMembers<Item>(item: Item, encoding: ItemEncoding<Item>, createdAt: string): string {
  const metadata = encoding.metadata(item);
  const body = encoding.json(item);
  return metadata ? `"metadata":${metadataObject(metadata, createdAt)},${body}` : body;
}

function typeMembers({ kind, apiVersion }: Envelope): string {
  return `"kind":${quoteJson(kind)},"apiVersion":${quoteJson(apiVersion)}`;
}

function finished(compact: string, pretty: boolean): string {
  return pretty ? indentJson(compact) : `${compact}\n`;
}
