import type { BinaryString } from '../../apimachinery/protobuf-writer.ts';
import { CHUNK_SIZE } from '../write-body.ts';
import type { RunBytes } from './encoded-run.ts';

/** What is longer mostly becomes a whole chunk and the run that fills it, and gets the room for that at once. */
const SMALL_BYTES = 4_096;

/** What stands for nothing, where something may come later. */
export const NOTHING = Buffer.alloc(0);

/** Gathers the bytes of a list into pieces that are worth a write, straight where they are sent from. */
export class PieceBuffer {
  readonly #stamp: Buffer;
  #buffer: Buffer = NOTHING;
  #length = 0;

  /** `stamp` is the moment of the request as it stands in each item. */
  constructor(stamp: BinaryString) {
    // Runs keep it: as a slice of Node's pool it would keep 64 KiB.
    this.#stamp = Buffer.allocUnsafeSlow(stamp.length);
    this.#stamp.write(stamp, 'latin1');
  }

  get isFull(): boolean {
    return this.#length >= CHUNK_SIZE;
  }

  bytes(bytes: BinaryString): void {
    this.#reserve(bytes.length);
    this.#buffer.write(bytes, this.#length, 'latin1');
    this.#length += bytes.length;
  }

  /** `first` stands in the place of the first byte. */
  run(run: RunBytes, first?: number): void {
    this.#reserve(run.length);
    run.writeTo(this.#buffer, this.#length, this.#stamp);
    if (first !== undefined) this.#buffer[this.#length] = first;
    this.#length += run.length;
  }

  /** What was gathered since the last time. Its bytes will be used again: it must be full, or the last one. */
  take(): Buffer {
    const piece = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return piece;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const room = needed < SMALL_BYTES ? 2 * this.#buffer.length : CHUNK_SIZE + CHUNK_SIZE / 2;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, room));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
