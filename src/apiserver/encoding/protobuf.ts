import { ProtobufWriter, varint } from '../../apimachinery/protobuf-writer.ts';
import type { BinaryString } from '../../apimachinery/protobuf-writer.ts';
import type { ItemEncoding } from '../api-group.ts';
import type { Encoder } from './encoder.ts';
import { protobufDocument } from './protobuf-documents.ts';
import { NOTHING } from './piece-buffer.ts';
import { ENVELOPE_END, envelopeStart, protobufEnvelope } from './protobuf-envelope.ts';
import { stampedFieldsOf } from './protobuf-fields.ts';
import { listMetaMessage } from './protobuf-meta.ts';
import { protobufRuns } from './protobuf-runs.ts';

/** A list goes out in pieces of about this many bytes. */
const CHUNK_BYTES = 64 * 1024;

/** The numbers of a list's metadata and of its items: in all lists but one the same. */
const NUMBERS = { metadata: 1, items: 2 };
const BETA_PARTIAL_NUMBERS = { metadata: 2, items: 1 };

/** The protobuf of Kubernetes as its Go generator writes it (contract.md 4.4). */
export const PROTOBUF: Encoder = {
  contentType: 'application/vnd.kubernetes.protobuf',
  document: protobufDocument,
  item(item, encoding, { apiVersion, kind, createdAtSeconds }) {
    const fields = fieldsOf(encoding, createdAtSeconds)(item);
    return protobufEnvelope(apiVersion, kind, new ProtobufWriter().append(fields));
  },
  list: (items, encoding, { apiVersion, kind, createdAtSeconds, meta }) => {
    const numbers = apiVersion === 'meta.k8s.io/v1beta1' ? BETA_PARTIAL_NUMBERS : NUMBERS;
    const itemTag = varint((numbers.items << 3) | 2);
    const fields = fieldsOf(encoding, createdAtSeconds);
    const elementOf = (item: Parameters<typeof fields>[0]): BinaryString => {
      const element = fields(item);
      return itemTag + varint(element.length) + element;
    };
    const metadata = new ProtobufWriter().message(numbers.metadata, listMetaMessage(meta));
    const isFirst = numbers.metadata < numbers.items;
    const [before, after] = isFirst ? [metadata.toBinary(), ''] : ['', metadata.toBinary()];
    return measuredFirst(items, elementOf, {
      startOf: (length) => envelopeStart(apiVersion, kind, metadata.length + length) + before,
      end: after + ENVELOPE_END,
    });
  },
  runs: protobufRuns,
};

/** All fields of one item. */
function fieldsOf<Item>(
  encoding: ItemEncoding<Item>,
  createdAtSeconds: number,
): (item: Item) => BinaryString {
  const stamped = stampedFieldsOf(encoding, createdAtSeconds);
  return (item) => stamped(item).bytes;
}

/**
 * The length of the whole stands in front, so the items are measured before any is written. They are kept
 * until then and not what they say, so that a list that is waiting holds little.
 */
function* measuredFirst<Item>(
  items: Iterable<Item | undefined>,
  elementOf: (item: Item) => BinaryString,
  { startOf, end }: { startOf: (length: number) => BinaryString; end: BinaryString },
): Generator<Buffer> {
  const measured: Item[] = [];
  let length = 0;
  for (const item of items) {
    if (item !== undefined) {
      measured.push(item);
      length += elementOf(item).length;
    }
    yield NOTHING;
  }
  let chunk = startOf(length);
  for (const item of measured) {
    chunk += elementOf(item);
    if (chunk.length >= CHUNK_BYTES) {
      yield Buffer.from(chunk, 'latin1');
      chunk = '';
    }
  }
  yield Buffer.from(chunk + end, 'latin1');
}
