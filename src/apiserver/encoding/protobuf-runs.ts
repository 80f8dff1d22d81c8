import { ProtobufWriter, varint } from '../../apimachinery/protobuf-writer.ts';
import type { ItemEncoding, ItemRun } from '../api-group.ts';
import { EncodedRun } from './encoded-run.ts';
import type { RunBytes, StampedBytes } from './encoded-run.ts';
import type { ListEnvelope } from './encoder.ts';
import { NOTHING, PieceBuffer } from './piece-buffer.ts';
import { ENVELOPE_END, envelopeStart } from './protobuf-envelope.ts';
import { stampedFieldsOf } from './protobuf-fields.ts';
import { listMetaMessage } from './protobuf-meta.ts';

const METADATA = 1;
const ITEM_TAG = varint((2 << 3) | 2);

/**
 * A list as protobuf. The length of the whole stands in front, so all runs are brought up to date before any is written;
 * until it is, each is held as it was measured.
 */
export function* protobufRuns<Item>(
  runs: Iterable<ItemRun<Item> | undefined>,
  encoding: ItemEncoding<Item>,
  { apiVersion, kind, createdAtSeconds, meta }: ListEnvelope,
): Generator<Buffer> {
  const held: RunBytes[] = [];
  let written = 0;
  try {
    const encode = elementsOf(encoding, createdAtSeconds);
    let length = 0;
    for (const run of runs) {
      if (run) {
        run.protobuf ??= new EncodedRun();
        const bytes = run.protobuf.update(run.revise(), (place) => {
          const item = run.itemAt(place);
          return item && encode(item);
        });
        bytes.hold();
        held.push(bytes);
        length += bytes.length;
      }
      yield NOTHING;
    }
    const metadata = new ProtobufWriter().message(METADATA, listMetaMessage(meta));
    const pieces = new PieceBuffer(varint(createdAtSeconds));
    pieces.bytes(envelopeStart(apiVersion, kind, metadata.length + length) + metadata.toBinary());
    for (const bytes of held) {
      pieces.run(bytes);
      bytes.release();
      written++;
      if (pieces.isFull) yield pieces.take();
    }
    pieces.bytes(ENVELOPE_END);
    yield pieces.take();
  } finally {
    for (const bytes of held.slice(written)) bytes.release();
  }
}

/** An item as it stands in a list. */
function elementsOf<Item>(
  encoding: ItemEncoding<Item>,
  createdAtSeconds: number,
): (item: Item) => StampedBytes {
  const fields = stampedFieldsOf(encoding, createdAtSeconds);
  return (item) => {
    const { bytes, stampAt } = fields(item);
    const start = ITEM_TAG + varint(bytes.length);
    return { bytes: start + bytes, stampAt: stampAt < 0 ? -1 : start.length + stampAt };
  };
}
