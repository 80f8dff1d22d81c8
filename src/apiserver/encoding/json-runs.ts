import { utf8Bytes } from '../../apimachinery/protobuf-writer.ts';
import type { ItemEncoding, ItemRun } from '../api-group.ts';
import { EncodedRun } from './encoded-run.ts';
import type { ListEnvelope } from './encoder.ts';
import { listDocument, listedObject } from './json.ts';
import { NOTHING, PieceBuffer } from './piece-buffer.ts';
import { beforeArray } from './text-layout.ts';

const OPENING_BRACKET = 0x5b;

/** A list as compact JSON. In the runs every item stands behind a comma; the first one of the list gets the bracket instead. */
export function* jsonRuns<Item>(
  runs: Iterable<ItemRun<Item> | undefined>,
  encoding: ItemEncoding<Item>,
  envelope: ListEnvelope,
): Generator<Buffer> {
  const { createdAt } = envelope;
  const pieces = new PieceBuffer(createdAt);
  pieces.bytes(utf8Bytes(beforeArray(listDocument([], encoding, envelope))));
  let isEmpty = true;
  for (const run of runs) {
    if (run) {
      run.json ??= new EncodedRun();
      const bytes = run.json.update(run.revise(), (place) => {
        const item = run.itemAt(place);
        return item && listedObject(item, encoding, createdAt);
      });
      if (bytes.length > 0) {
        pieces.run(bytes, isEmpty ? OPENING_BRACKET : undefined);
        isEmpty = false;
      }
    }
    yield pieces.isFull ? pieces.take() : NOTHING;
  }
  pieces.bytes(isEmpty ? '[]}\n' : ']}\n');
  yield pieces.take();
}
