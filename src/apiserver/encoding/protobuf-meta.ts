import { ProtobufWriter, utf8Bytes, varint } from '../../apimachinery/protobuf-writer.ts';
import type { BinaryString } from '../../apimachinery/protobuf-writer.ts';
import type { ItemMetadata } from '../api-group.ts';
import type { StampedBytes } from './encoded-run.ts';
import type { ListMeta } from './list-meta.ts';

/** meta/v1 ListMeta: no self link, no resource version. */
export function listMetaMessage({ continueToken, remainingItemCount }: ListMeta): ProtobufWriter {
  const writer = new ProtobufWriter().string(1, '').string(2, '').string(3, continueToken);
  return remainingItemCount === undefined ? writer : writer.integer(4, remainingItemCount);
}

/** meta/v1 ObjectMeta of what has a name and nothing else, not even a moment of creation. */
export function nameOnlyMessage(name: string): ProtobufWriter {
  return new ProtobufWriter()
    .string(1, name)
    .string(2, '')
    .string(3, '')
    .string(4, '')
    .string(5, '')
    .string(6, '')
    .integer(7, 0)
    .message(8, new ProtobufWriter());
}

const NAME_TAG = varint((1 << 3) | 2);
const NAMESPACE_TAG = varint((3 << 3) | 2);
/** Between the name and the namespace stands generateName, always empty. */
const BEFORE_NAMESPACE = new ProtobufWriter().string(2, '').toBinary() + NAMESPACE_TAG;

/**
 * Writes meta/v1 ObjectMeta for the items of one request, thousands of them: what is the same in all is
 * written once.
 */
export class ObjectMetaWriter {
  /** From selfLink to the creation time, which is the moment of the request. */
  private readonly beforeLabels: BinaryString;
  /** How many of them begin with the second. */
  private readonly bytesFromStamp: number;

  constructor(createdAtSeconds: number) {
    const afterSecond = new ProtobufWriter().integer(2, 0).toBinary();
    const createdAt = new ProtobufWriter().integer(1, createdAtSeconds).append(afterSecond);
    this.bytesFromStamp = varint(createdAtSeconds).length + afterSecond.length;
    this.beforeLabels = new ProtobufWriter()
      .string(4, '')
      .string(5, '')
      .string(6, '')
      .integer(7, 0)
      .message(8, createdAt)
      .toBinary();
  }

  /** `stampAt` says where the second of the request stands. */
  message({ name, namespace = '', labels }: ItemMetadata): StampedBytes {
    const nameBytes = utf8Bytes(name);
    const namespaceBytes = utf8Bytes(namespace);
    const place =
      NAME_TAG +
      varint(nameBytes.length) +
      nameBytes +
      BEFORE_NAMESPACE +
      varint(namespaceBytes.length) +
      namespaceBytes;
    return {
      bytes: place + this.beforeLabels + labels.protobuf,
      stampAt: place.length + this.beforeLabels.length - this.bytesFromStamp,
    };
  }
}
