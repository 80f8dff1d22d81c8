const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');
/** Of an answer's beginning, kept for whoever looks for something in it. */
const KEPT_BYTES = 4096;

/**
 * Notices where an HTTP/1.1 answer ends without reading what is in it, so that a client costs less than the
 * server that it measures. One answer after the other: nothing is asked before the former one is whole.
 */
export class AnswerReader {
  /** Of the present answer, head included. */
  bytes = 0;
  code = 0;
  /** Its first bytes, one character each. */
  beginning = '';
  #expected = -1;
  #tail: Buffer = Buffer.alloc(0);
  #isHeadRead = false;

  /** Takes what came; true with the last piece of an answer. */
  add(piece: Buffer): boolean {
    if (this.#isWhole()) this.#reset();
    this.bytes += piece.length;
    if (this.beginning.length < KEPT_BYTES) {
      this.beginning += piece.toString('latin1', 0, KEPT_BYTES - this.beginning.length);
    }
    this.#tail =
      piece.length >= LAST_CHUNK.length
        ? Buffer.from(piece.subarray(-LAST_CHUNK.length))
        : Buffer.concat([this.#tail, piece]).subarray(-LAST_CHUNK.length);
    if (!this.#isHeadRead) this.#readHead();
    return this.#isWhole();
  }

  #reset(): void {
    this.bytes = 0;
    this.code = 0;
    this.beginning = '';
    this.#expected = -1;
    this.#tail = Buffer.alloc(0);
    this.#isHeadRead = false;
  }

  #isWhole(): boolean {
    if (!this.#isHeadRead) return false;
    return this.#expected >= 0 ? this.bytes >= this.#expected : this.#tail.equals(LAST_CHUNK);
  }

  #readHead(): void {
    const end = this.beginning.indexOf(HEAD_END.toString('latin1'));
    if (end < 0) return;
    this.#isHeadRead = true;
    const head = this.beginning.slice(0, end);
    this.code = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0);
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
    if (length !== undefined) this.#expected = end + HEAD_END.length + Number(length);
  }
}

/** The token of the next page, as a list in JSON begins with it; undefined of the last page. */
export function continueTokenIn(beginning: string): string | undefined {
  const [, token] = /"continue":\s?"([^"]+)"/.exec(beginning) ?? [];
  return token;
}
