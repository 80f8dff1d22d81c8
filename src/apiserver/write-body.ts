import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Turns } from './turns.ts';

/** Pieces are gathered into writes of about this many characters or bytes: large enough for TLS, small enough for memory. */
const CHUNK_SIZE = 64 * 1024;
/** How many pieces are taken at most between two looks at the clock; after each write there is one, too. */
const PIECES_PER_LOOK = 8;

/**
 * Writes a body piece by piece and ends the stream. Waits while the client does not keep up, lets others
 * have their turn, and stops at once, without another piece taken, when the client is gone. A body that fits into
 * one chunk is handed over whole, so that it gets a Content-Length.
 *
 * Resolves to the bytes written. What the pieces throw is thrown, with the stream left open.
 */
export async function writeBody(
  sink: Writable,
  pieces: Iterable<string | Buffer>,
  turns: Turns,
): Promise<number> {
  const chunks = new Chunks();
  let taken = 0;
  let bytes = 0;
  for (const piece of pieces) {
    chunks.add(piece);
    const isFull = chunks.isFull;
    if (isFull) bytes += await writeChunk(sink, chunks.take());
    const isTimeToLook = ++taken % PIECES_PER_LOOK === 0 || isFull;
    if (isTimeToLook && turns.isSpent()) await turns.next();
    // Gone, or answered by somebody else meanwhile: a deadline ends what has not begun.
    if (sink.destroyed || sink.writableEnded) return bytes;
  }
  const last = chunks.take();
  sink.end(last);
  return bytes + last.length;
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

async function writeChunk(sink: Writable, chunk: Buffer): Promise<number> {
  if (!sink.write(chunk) && !sink.destroyed) {
    const gone = new AbortController();
    const whenGone = (): void => {
      gone.abort();
    };
    sink.once('close', whenGone);
    try {
      await once(sink, 'drain', { signal: gone.signal });
    } catch (error) {
      if (!gone.signal.aborted) throw error;
    } finally {
      sink.off('close', whenGone);
    }
  }
  return chunk.length;
}
