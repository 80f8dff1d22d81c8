const NOTHING = Buffer.alloc(0);

/** Bytes that come in pieces, put together only when enough of them are there. */
export class GatheredBytes {
  /** What was put together; what counts begins at `at`. */
  bytes: Buffer = NOTHING;
  at = 0;
  private readonly later: Uint8Array[] = [];
  private laterBytes = 0;

  /** How many have come and were not taken. */
  get length(): number {
    return this.bytes.length - this.at + this.laterBytes;
  }

  push(piece: Uint8Array): void {
    this.later.push(piece);
    this.laterBytes += piece.length;
  }

  /** Whether so many bytes are there. They are in `bytes` then, from `at` on. */
  has(count: number): boolean {
    if (this.length < count) return false;
    if (this.bytes.length - this.at < count) this.join();
    return true;
  }

  private join(): void {
    const [only] = this.later;
    this.bytes =
      this.at === this.bytes.length && this.later.length === 1 && only
        ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
        : Buffer.concat([this.bytes.subarray(this.at), ...this.later]);
    this.at = 0;
    this.later.length = 0;
    this.laterBytes = 0;
  }
}
