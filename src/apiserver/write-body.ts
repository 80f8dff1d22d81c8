import type { Writable } from 'node:stream';
import type { Turns } from './turns.ts';

/** Pieces are gathered into writes of about this many characters or bytes: large enough for TLS, small enough for memory. */
export const CHUNK_SIZE = 64 * 1024;
/** How many pieces are taken at most between two looks at the clock; after each write there is one, too. */
const PIECES_PER_LOOK = 8;

/**
 * Writes a body piece by piece and ends the stream. Waits until each chunk has gone to the client, so that no more than one
 * is kept for it, lets others have their turn, and stops at once, without another piece taken, when the client is gone. A
 * body that fits into one chunk is handed over whole, so that it gets a Content-Length.
 *
 * Whoever makes pieces may use the bytes of one that was as large as a chunk for the next one.
 *
 * Resolves to the bytes written. What the pieces throw is thrown, with the stream left open.
 */
export async function writeBody(
  sink: Writable,
  pieces: Iterable<string | Buffer>,
  turns: Turns,
): Promise<number> {
  using writer = new OneByOne(sink);
  const chunks = new Chunks();
  let taken = 0;
  let bytes = 0;
  for (const piece of pieces) {
    chunks.add(piece);
    const isFull = chunks.isFull;
    if (isFull) {
      const chunk = chunks.take();
      if (!(await writer.write(chunk))) return bytes;
      bytes += chunk.length;
    }
    const isTimeToLook = ++taken % PIECES_PER_LOOK === 0 || isFull;
    if (isTimeToLook && turns.isSpent()) await turns.next();
    // Gone, or answered by somebody else meanwhile: a deadline ends what has not begun.
    if (isOver(sink)) return bytes;
  }
  const last = chunks.take();
  sink.end(last);
  return bytes + last.length;
}

function isOver({ destroyed, writableEnded }: Writable): boolean {
  return destroyed || writableEnded;
}

/** Gathers pieces until they are worth a write. */
class Chunks {
  private text = '';
  private bytes: Buffer = NOTHING;

  add(piece: string | Buffer): void {
    if (typeof piece === 'string') this.text += piece;
    else if (piece.length > 0) this.bytes = joined(this.take(), piece);
  }

  get isFull(): boolean {
    return this.text.length + this.bytes.length >= CHUNK_SIZE;
  }

  take(): Buffer {
    const text = this.text === '' ? NOTHING : Buffer.from(this.text, 'utf8');
    const chunk = joined(this.bytes, text);
    this.text = '';
    this.bytes = NOTHING;
    return chunk;
  }
}

const NOTHING = Buffer.alloc(0);

function joined(left: Buffer, right: Buffer): Buffer {
  if (left.length === 0) return right;
  return right.length === 0 ? left : Buffer.concat([left, right]);
}

/** Writes to a stream one chunk at a time. */
class OneByOne {
  readonly #sink: Writable;
  #resume: () => void = () => undefined;
  readonly #whenGone = (): void => {
    this.#resume();
  };

  constructor(sink: Writable) {
    this.#sink = sink;
    sink.once('close', this.#whenGone);
  }

  /**
   * Resolves to true when the chunk has been handed over, so that its bytes may be used again; to false when nobody takes
   * it: a write fails when the client is gone, and that is no error of ours.
   */
  write(chunk: Buffer): Promise<boolean> {
    if (isOver(this.#sink)) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#resume = () => {
        resolve(false);
      };
      this.#sink.write(chunk, (error) => {
        resolve(!error);
      });
    });
  }

  [Symbol.dispose](): void {
    this.#sink.off('close', this.#whenGone);
  }
}
