import type { BinaryString } from '../../apimachinery/protobuf-writer.ts';
import type { RunBytes } from './encoded-run.ts';

/** A list goes out in pieces of about this many bytes. */
const PIECE_BYTES = 64 * 1024;
/** What stands for nothing, where something may come later. */
export const NOTHING = Buffer.alloc(0);

/** Gathers the bytes of a list into pieces, straight where they are sent from. */
export class PieceBuffer {
  readonly #stamp: Buffer;
  #buffer: Buffer = NOTHING;
  #length = 0;
  #size = 0;

  /** `stamp` is the moment of the request as it stands in each item. */
  constructor(stamp: BinaryString) {
    this.#stamp = Buffer.from(stamp, 'latin1');
  }

  get isFull(): boolean {
    return this.#length >= PIECE_BYTES;
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

  /** What was gathered since the last time; it is the caller's. */
  take(): Buffer {
    const piece = this.#buffer.subarray(0, this.#length);
    this.#size = this.#length; // the next one will be as long
    this.#buffer = NOTHING;
    this.#length = 0;
    return piece;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const size = this.#length === 0 ? this.#size : 2 * this.#buffer.length;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, size));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
