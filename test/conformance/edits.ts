import { type Document, inOrderOf } from './document.ts';
import type { Side } from './side.ts';
import {
  type Tree,
  type Value,
  itemsAt,
  sequence,
  textAt,
  treeAt,
  treeOf,
  withMember,
} from './tree.ts';

/** A pod with the figures that are served of it. */
export interface PodFigures {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timestamp: string;
  readonly window: string;
  /** Of all containers, as a Table shows them. */
  readonly cells: { readonly cpu: string; readonly memory: string };
  readonly containers: readonly {
    readonly name: string;
    readonly usage: { readonly cpu: string; readonly memory: string };
  }[];
}

/** Where the items of a list are, whatever it is a list of. */
function itemsMember(document: Document): 'items' | 'rows' {
  return textAt(document.tree, 'kind') === 'Table' ? 'rows' : 'items';
}

/** The body as a list of objects in any encoding; undefined when it is something else. */
export function listIn(side: Side): Document | undefined {
  if (side.status !== 200 || side.body === undefined || side.body.format === 'text')
    return undefined;
  const kind = textAt(side.body.tree, 'kind');
  return kind === 'Table' || kind.endsWith('List') ? side.body : undefined;
}

export function itemsOf(document: Document): readonly Tree[] {
  return itemsAt(document.tree, itemsMember(document));
}

/** With other items, and with what a list says differently when it has none. */
export function withItems(document: Document, items: readonly Tree[]): Document {
  const { tree, format } = document;
  const kind = textAt(tree, 'kind');
  const isNull = items.length === 0 && (kind === 'Table' || kind === 'PartialObjectMetadataList');
  const listed = isNull && format !== 'protobuf' ? treeOf(null) : sequence(items);
  const filled = withMember(tree, itemsMember(document), listed);
  if (kind !== 'Table') return { ...document, tree: filled };
  const columns = inOrderOf(format, treeOf(items.length === 0 ? null : COLUMNS));
  return { ...document, tree: withMember(filled, 'columnDefinitions', columns) };
}

/** Of every Table that has rows: contract.md 4.7. */
const COLUMNS: Value = [
  column('Name', 'name', 'Name of the resource'),
  column('cpu', 'quantity'),
  column('memory', 'quantity'),
  column('Window', 'duration'),
];

function column(name: string, format: string, description = ''): Value {
  return { name, type: 'string', format, description, priority: 0 };
}

/** Of a Table's row without an object, the first cell is all there is to know it by. */
export function nameOf(item: Tree): Place {
  const metadata = treeAt(item, 'metadata') ?? treeAt(item, 'object', 'metadata');
  const [cell] = itemsAt(item, 'cells');
  return {
    namespace: textAt(metadata, 'namespace'),
    name: textAt(metadata, 'name') || (cell?.kind === 'scalar' ? String(cell.value) : ''),
  };
}

/** Without the pod of this name. */
export function withoutItem(document: Document, namespace: string, name: string): Document {
  const kept = itemsOf(document).filter((item) => {
    const found = nameOf(item);
    return found.name !== name || (found.namespace !== namespace && found.namespace !== '');
  });
  return withItems(document, kept);
}

/** A place by namespace and name. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

/**
 * With the pod where it stands by namespace and name.
 * @param placeOf Tells the namespace of a row of a Table that has no object.
 */
export function withPod(
  document: Document,
  pod: PodFigures,
  { includeObject, placeOf }: { includeObject: string; placeOf: (item: Tree) => Place },
): Document {
  const value =
    itemsMember(document) === 'rows' ? row(document, pod, includeObject) : item(document, pod);
  const made = inOrderOf(document.format, treeOf(value));
  const items = itemsOf(document);
  const at = items.findIndex((other) => isBefore(pod, placeOf(other)));
  return withItems(document, items.toSpliced(at < 0 ? items.length : at, 0, made));
}

function isBefore(left: Place, right: Place): boolean {
  if (left.namespace !== right.namespace) return left.namespace < right.namespace;
  return left.name < right.name;
}

/** The same single object in the same representation, of another pod: served, instead of the one there. */
export function ofPod(document: Document, pod: PodFigures, includeObject: string): Document {
  const { tree, format } = document;
  const apiVersion = textAt(tree, 'apiVersion');
  switch (textAt(tree, 'kind')) {
    case 'Table':
      return withItems(document, [inOrderOf(format, treeOf(row(document, pod, includeObject)))]);
    case 'PartialObjectMetadata':
      return { ...document, tree: inOrderOf(format, treeOf(partialMetadata(pod, apiVersion))) };
    case 'PodMetrics':
      return { ...document, tree: inOrderOf(format, treeOf(podMetrics(pod))) };
    default:
      // A representation that no single pod has: the refusal does not name it.
      return document;
  }
}

function item({ format, tree }: Document, pod: PodFigures): Value {
  if (textAt(tree, 'kind') !== 'PartialObjectMetadataList') {
    return { metadata: metadataOf(pod), ...figuresOf(pod) };
  }
  // An object in a list has its type in JSON and YAML only.
  const partial = partialMetadata(pod, textAt(tree, 'apiVersion'));
  return format === 'protobuf' ? { metadata: metadataOf(pod) } : partial;
}

function row({ tree }: Document, pod: PodFigures, includeObject: string): Value {
  const cells = [pod.name, pod.cells.cpu, pod.cells.memory, pod.window];
  if (includeObject === 'None') return { cells, object: null };
  if (includeObject === 'Object') return { cells, object: podMetrics(pod) };
  return { cells, object: partialMetadata(pod, textAt(tree, 'apiVersion')) };
}

export function partialMetadata(pod: PodFigures, apiVersion: string): Value {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata: metadataOf(pod) };
}

export function podMetrics(pod: PodFigures): Value {
  const typeMeta = { kind: 'PodMetrics', apiVersion: 'metrics.k8s.io/v1beta1' };
  return { ...typeMeta, metadata: metadataOf(pod), ...figuresOf(pod) };
}

function metadataOf({ name, namespace, labels }: PodFigures): Value {
  return { name, namespace, creationTimestamp: '*', labels };
}

function figuresOf({ timestamp, window, containers }: PodFigures): Readonly<Record<string, Value>> {
  return { timestamp, window, containers };
}

/** The Status of a pod without figures: contract.md 3.7. */
export function podNotFound(namespace: string, name: string): Value {
  return failure(404, 'NotFound', `podmetrics.metrics.k8s.io "${namespace}/${name}" not found`, {
    name: `${namespace}/${name}`,
    group: 'metrics.k8s.io',
    kind: 'podmetrics',
  });
}

export function failure(code: number, reason: string, message: string, details?: Value): Value {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details !== undefined && { details }),
    code,
  };
}
