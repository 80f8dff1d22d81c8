import { varint } from '../../apimachinery/protobuf-writer.ts';
import type { ItemEncoding } from '../api-group.ts';
import type { StampedBytes } from './encoded-run.ts';
import { ObjectMetaWriter } from './protobuf-meta.ts';

/** Number 1 of an item is its metadata. */
const METADATA_TAG = varint((1 << 3) | 2);

/** All fields of one item. */
export function stampedFieldsOf<Item>(
  encoding: ItemEncoding<Item>,
  createdAtSeconds: number,
): (item: Item) => StampedBytes {
  const objectMeta = new ObjectMetaWriter(createdAtSeconds);
  return (item) => {
    const metadata = encoding.metadata(item);
    const own = encoding.protobuf(item);
    if (!metadata) return { bytes: own, stampAt: -1 };
    const { bytes, stampAt } = objectMeta.message(metadata);
    const start = METADATA_TAG + varint(bytes.length);
    return { bytes: start + bytes + own, stampAt: start.length + stampAt };
  };
}
