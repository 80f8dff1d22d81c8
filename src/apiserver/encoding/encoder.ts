import type { ItemEncoding, ItemRun } from '../api-group.ts';
import type { ApiDocument } from './documents.ts';
import type { ListMeta } from './list-meta.ts';
import type { Transform } from './negotiate.ts';

export interface TypeMeta {
  readonly kind: string;
  readonly apiVersion: string;
}

/** Kind and version of what is written, and the moment of the request. */
export interface Envelope extends TypeMeta {
  /** Whole seconds since the epoch. */
  readonly createdAtSeconds: number;
  /** The same as RFC 3339. */
  readonly createdAt: string;
}

export interface ListEnvelope extends Envelope {
  readonly meta: ListMeta;
  /** Undefined: items carry no kind and no version, as those of typed lists. */
  readonly itemType: TypeMeta | undefined;
}

/** What each row of a Table carries besides its cells. */
export type IncludedObject = 'Metadata' | 'Object' | 'None';

export interface TableRequest {
  readonly version: Transform['version'];
  readonly include: IncludedObject;
  readonly meta: ListMeta;
}

/** Writes answers in one media type. Lists come piece by piece: nothing of the size of a list is ever one string. */
export interface Encoder {
  readonly contentType: string;
  /** A document of small size. */
  readonly document: (document: ApiDocument) => string | Buffer;
  /** One item by itself. */
  item<Item>(item: Item, encoding: ItemEncoding<Item>, envelope: Envelope): string | Buffer;
  /**
   * Some pieces are empty: they let others have their turn while nothing can be written yet, for one where an
   * item is undefined.
   */
  list<Item>(
    items: Iterable<Item | undefined>,
    encoding: ItemEncoding<Item>,
    envelope: ListEnvelope,
  ): Iterable<string | Buffer>;
  /** The same list from runs, where this encoding keeps what it wrote of them. */
  readonly runs?: <Item>(
    runs: Iterable<ItemRun<Item> | undefined>,
    encoding: ItemEncoding<Item>,
    envelope: ListEnvelope,
  ) => Iterable<Buffer>;
  /** Undefined where negotiation never asks for one. `envelope` is that of one item. */
  readonly table?: <Item>(
    items: Iterable<Item | undefined>,
    encoding: ItemEncoding<Item>,
    envelope: Envelope,
    request: TableRequest,
  ) => Iterable<string>;
}
