import type { FieldSelector } from '../apimachinery/field-selector.ts';
import type { LabelSelector } from '../apimachinery/label-selector.ts';
import type { LabelSet } from '../apimachinery/label-set.ts';
import type { BinaryString } from '../apimachinery/protobuf-writer.ts';
import type { FieldSchema } from '../apimachinery/type-schema.ts';
import type { EncodedRun } from './encoding/encoded-run.ts';

/**
 * The contract with the tenants of this API server (apis/*). The server knows paths, identities,
 * permissions and formats; a tenant knows its resources and how one item of them is written.
 */
export interface ApiGroup {
  /** For example `metrics.k8s.io`. */
  readonly name: string;
  /** Preferred version first. */
  readonly versions: readonly ApiVersion[];
}

export interface ApiVersion {
  readonly name: string;
  /** Asked for at each discovery request and each dispatch: resources may come and go. */
  resources(): readonly AnyResource[];
}

/** A resource whose item type only its own encoding knows. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the item type stays inside the resource
export type AnyResource = Resource<any>;

export interface Resource<Item> {
  /** In the plural and in lower case; with the subresource behind a slash where it is one: `apples/weight`. */
  readonly name: string;
  readonly singularName: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /**
   * In the order they are served; read lazily while the response is written, in one turn or in several.
   * Undefined stands for a record that is passed over: there the reader may pause, however many there are.
   */
  list?(request: ListRequest): Iterable<Item | undefined>;
  /** The items of `list` in runs, for encodings that keep them; undefined means that they come one by one. */
  runs?(request: ListRequest): Iterable<ItemRun<Item> | undefined> | undefined;
  /** Without it the resource is always listed whole, whatever `limit` says. */
  readonly paging?: Paging<Item>;
  /** Throws a StatusError (not found) when there is none. */
  get?(request: GetRequest): Item;
  /** Instead of `get`, for a resource whose single answer is a list kind, as those of custom metrics are. */
  getList?(request: GetRequest): Iterable<Item>;
  readonly encoding: ItemEncoding<Item>;
  /** What an item looks like, for OpenAPI; stays as it is. Undefined: the resource is left out there. */
  readonly schema?: KindSchema;
}

/** What clients are told about a kind. Kind, apiVersion, metadata and the list around items are the server's to add. */
export interface KindSchema {
  /** Stands before the kind in the name of the type: `io.k8s.metrics.pkg.apis.metrics.v1beta1.` */
  readonly package: string;
  readonly description: string;
  readonly listDescription: string;
  readonly itemsDescription: string;
  /** What follows the metadata. */
  readonly fields: readonly FieldSchema[];
  /** False: `encoding.metadata` answers undefined. */
  readonly hasMetadata?: boolean;
}

/** How a list is cut into pages: items have keys, the list is in their order and can begin after any of them. */
export interface Paging<Item> {
  keyOf(item: Item): ItemKey;
  /** Walks as `list` does and tells of each record whether it would be served; for counting, so nothing is made. */
  walk(request: ListRequest): Iterable<boolean>;
}

/** Unique among the items of a resource, and ordered: by namespace, then name, in byte order. */
export interface ItemKey {
  /** '' for a resource without namespaces. */
  readonly namespace: string;
  readonly name: string;
}

export interface ListRequest {
  /** Undefined: all namespaces, or a resource without namespaces. */
  readonly namespace: string | undefined;
  readonly labelSelector: LabelSelector;
  readonly fieldSelector: FieldSelector;
  /** Undefined: from the beginning, and always where there is no `paging`. The item need not exist (any longer). */
  readonly after: ItemKey | undefined;
}

export interface GetRequest {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string | undefined;
}

/**
 * Items that stand next to each other in a list, and will again in the next one. What was written of them is kept here,
 * so that a list of a large cluster is copied from a few hundred places instead of being gathered from all over memory.
 */
export interface ItemRun<Item> {
  /**
   * What there is at each place as of now: another number whenever there is anything new to say, 0 where there is no
   * item. The numbers are the run's own and change with the next call.
   */
  revise(): Uint32Array;
  /** The item of a place whose number is not 0, asked right after revise(). Undefined: its time was over in between. */
  itemAt(place: number): Item | undefined;
  json: EncodedRun | undefined;
  protobuf: EncodedRun | undefined;
}

/**
 * How one item is written. What every object has (kind, apiVersion, metadata with the moment of the request)
 * is the server's to write. An item always says the same: it may be asked more than once for one answer.
 */
export interface ItemEncoding<Item> {
  /** Undefined: items of this kind have no metadata. */
  metadata(item: Item): ItemMetadata | undefined;
  /** The members of the JSON object after `metadata`, without braces, compact, escaped as Go does. */
  json(item: Item): string;
  /** The protobuf fields after the metadata, which is number 1; all of them where there is no metadata. */
  protobuf(item: Item): BinaryString;
  /** Columns of a Table after `Name`, taken from the first item. */
  columns(item: Item): readonly TableColumn[];
  /** One cell a column, after the name. */
  cells(item: Item): readonly string[];
}

export interface ItemMetadata {
  readonly name: string;
  /** Undefined: the kind has no namespaces. */
  readonly namespace: string | undefined;
  readonly labels: LabelSet;
}

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
}
