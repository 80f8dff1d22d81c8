import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Turns } from './turns.ts';

/** Pieces are gathered into writes of about this many characters: large enough for TLS, small enough for memory. */
const CHUNK_CHARACTERS = 64 * 1024;
/** How many pieces are taken between two looks at the clock. */
const PIECES_PER_LOOK = 64;

/**
 * Writes a body piece by piece and ends the stream. Waits while the client does not keep up, lets others
 * have their turn, and stops at once, without another piece taken, when the client is gone. A body that fits into
 * one chunk is handed over whole, so that it gets a Content-Length.
 *
 * Resolves to the bytes written. What the pieces throw is thrown, with the stream left open.
 */
export async function writeBody(
  sink: Writable,
  pieces: Iterable<string>,
  turns: Turns,
): Promise<number> {
  let chunk = '';
  let taken = 0;
  let bytes = 0;
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length >= CHUNK_CHARACTERS) {
      bytes += await writeChunk(sink, chunk);
      chunk = '';
    }
    if (++taken % PIECES_PER_LOOK === 0 && turns.isSpent()) await turns.next();
    if (sink.destroyed) return bytes;
  }
  const last = Buffer.from(chunk, 'utf8');
  sink.end(last);
  return bytes + last.length;
}

async function writeChunk(sink: Writable, text: string): Promise<number> {
  const chunk = Buffer.from(text, 'utf8');
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
