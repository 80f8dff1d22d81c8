import { badRequest } from '../../apimachinery/status-error.ts';
import { quoteJson } from '../../apimachinery/json-text.ts';
import type { ItemEncoding, TableColumn } from '../api-group.ts';
import type { Envelope, IncludedObject, TableRequest, TypeMeta } from './encoder.ts';
import { itemObject } from './json.ts';
import { listMetaObject } from './list-meta.ts';
import { partialEncoding } from './partial.ts';
import type { ArrayDocument } from './text-layout.ts';

/**
 * Reads the query `includeObject`. `noHeaders` is read by nobody: upstream's tables ignore it too.
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
        `Unable to convert to Table as requested: includeObject: Invalid value: ${quoteJson(text)}: ` +
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

/**
 * A meta.k8s.io Table. The columns are those of the first item, which is taken here; without items there are
 * neither columns nor rows, and both are null (as upstream: metrics-server/pkg/api/table.go). Until there is
 * one it yields empty pieces.
 * `envelope` is that of one item, for rows that include the whole object.
 */
export function* tableDocument<Item>(
  items: Iterable<Item | undefined>,
  encoding: ItemEncoding<Item>,
  envelope: Envelope,
  { version, include, meta }: TableRequest,
): Generator<'', ArrayDocument<Item> | object> {
  const apiVersion = `meta.k8s.io/${version}`;
  const rest = items[Symbol.iterator]();
  const first = yield* firstOf(rest);
  const table = { kind: 'Table', apiVersion, metadata: listMetaObject(meta) };
  if (first === undefined) return { ...table, columnDefinitions: null, rows: null };
  const columns = [NAME_COLUMN, ...encoding.columns(first)];
  const columnDefinitions = columns.map(({ name, type, format, description }) => {
    return { name, type, format, description, priority: 0 };
  });
  const objectOf = includedText(encoding, envelope, include, {
    kind: 'PartialObjectMetadata',
    apiVersion,
  });
  return {
    members: { ...table, columnDefinitions },
    key: 'rows',
    whenEmpty: 'null',
    items: chained(first, rest),
    textOf(item: Item): string {
      const cells = [encoding.metadata(item)?.name ?? '', ...encoding.cells(item)];
      return `{"cells":[${cells.map(quoteJson).join(',')}],"object":${objectOf(item)}}`;
    },
  };
}

function includedText<Item>(
  encoding: ItemEncoding<Item>,
  envelope: Envelope,
  include: IncludedObject,
  partialType: TypeMeta,
): (item: Item) => string {
  const { createdAt } = envelope;
  const partial = partialEncoding(encoding);
  switch (include) {
    case 'None':
      return () => 'null';
    case 'Object':
      return (item) => itemObject(item, encoding, envelope, createdAt);
    case 'Metadata':
      return (item) => itemObject(item, partial, partialType, createdAt);
  }
}

/** The first item, with a pause where there is none yet; undefined when there is none at all. */
function* firstOf<Item>(items: Iterator<Item | undefined>): Generator<'', Item | undefined> {
  let isLeft = true;
  try {
    for (let next = items.next(); next.done !== true; next = items.next()) {
      if (next.value === undefined) {
        yield '';
        continue;
      }
      isLeft = false;
      return next.value;
    }
    return undefined;
  } finally {
    if (isLeft) items.return?.();
  }
}

function* chained<Item>(
  first: Item,
  rest: Iterator<Item | undefined>,
): Generator<Item | undefined> {
  try {
    yield first;
    for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
  } finally {
    rest.return?.();
  }
}
