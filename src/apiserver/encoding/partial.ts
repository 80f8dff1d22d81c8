import type { ItemEncoding } from '../api-group.ts';

/** PartialObjectMetadata: an item of which nothing but its metadata is written, empty where it has none. */
export function partialEncoding<Item>(encoding: ItemEncoding<Item>): ItemEncoding<Item> {
  return {
    metadata: (item) => encoding.metadata(item),
    json: (item) => (encoding.metadata(item) ? '' : '"metadata":{}'),
    protobuf: () => '',
    columns: () => [],
    cells: () => [],
  };
}
