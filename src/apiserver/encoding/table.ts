import { badRequest } from '../../apimachinery/status-error.ts';
import { goQuote } from '../../apimachinery/go-quote.ts';
import { quoteJson, toJsonText } from '../../apimachinery/json-text.ts';
import type { ItemEncoding, TableColumn } from '../api-group.ts';
import { jsonArray, jsonDocument, metadataObject, versionedObject } from './json.ts';
import type { Envelope } from './json.ts';
import type { Transform } from './negotiate.ts';

export type IncludedObject = 'Metadata' | 'Object' | 'None';

/**
 * What each row carries besides its cells. `noHeaders` is read by nobody: upstream's tables ignore it too.
 * @throws StatusError 400.
 */
export function includedObject(text: string | undefined): IncludedObject {
  switch (text) {
    case undefined:
    case '':
    case 'Metadata':
      return 'Metadata';
    case 'Object':
    case 'None':
      return text;
    default:
      throw badRequest(
        `Unable to convert to Table as requested: includeObject: Invalid value: ${goQuote(text)}: ` +
          "must be 'Metadata', 'Object', 'None', or empty",
      );
  }
}

const NAME_COLUMN: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the resource',
};

export interface TableRequest {
  readonly version: Transform['version'];
  readonly include: IncludedObject;
  readonly pretty: boolean;
}

/**
 * A meta.k8s.io Table, piece by piece. The columns are those of the first item; without items there are
 * neither columns nor rows, and both are null (as upstream: metrics-server/pkg/api/table.go).
 * `envelope` is that of one item, for rows that include the whole object.
 */
export function* jsonTable<Item>(
  items: Iterable<Item>,
  encoding: ItemEncoding<Item>,
  envelope: Envelope,
  { version, include, pretty }: TableRequest,
): Generator<string> {
  const apiVersion = `meta.k8s.io/${version}`;
  const rest = items[Symbol.iterator]();
  const first = rest.next();
  const table = { kind: 'Table', apiVersion, metadata: {} };
  if (first.done === true) {
    yield jsonDocument({ ...table, columnDefinitions: null, rows: null }, pretty);
    return;
  }
  const columns = [NAME_COLUMN, ...encoding.columns(first.value)];
  const columnDefinitions = columns.map(({ name, type, format, description }) => {
    return { name, type, format, description, priority: 0 };
  });
  const head = toJsonText({ ...table, columnDefinitions, rows: [] }).slice(0, -']}'.length);
  const partial: Envelope = { ...envelope, kind: 'PartialObjectMetadata', apiVersion };
  const objectOf = (item: Item): string => {
    if (include === 'None') return 'null';
    if (include === 'Object') return versionedObject(item, encoding, envelope);
    return partialObject(item, encoding, partial);
  };
  const rowOf = (item: Item): string => {
    const cells = [encoding.metadata(item)?.name ?? '', ...encoding.cells(item)];
    return `{"cells":[${cells.map(quoteJson).join(',')}],"object":${objectOf(item)}}`;
  };
  yield* jsonArray(head, chained(first.value, rest), rowOf, pretty);
}

function partialObject<Item>(
  item: Item,
  encoding: ItemEncoding<Item>,
  { kind, apiVersion, createdAt }: Envelope,
): string {
  const metadata = encoding.metadata(item);
  const text = metadata ? metadataObject(metadata, createdAt) : '{}';
  return `{"kind":${quoteJson(kind)},"apiVersion":${quoteJson(apiVersion)},"metadata":${text}}`;
}

function* chained<Item>(first: Item, rest: Iterator<Item>): Generator<Item> {
  try {
    yield first;
    for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
  } finally {
    rest.return?.();
  }
}
