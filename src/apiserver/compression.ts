import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import type { Turns } from './turns.ts';
import { writeBody } from './write-body.ts';

/** A body of more bytes than this is worth compressing (as upstream: responsewriters/writers.go). */
const WORTHWHILE_BYTES = 128 * 1024;
/** The least work; more saves little of what we serve. */
const LEVEL = 1;

/** Whether one of the codings is `gzip`, literally: `gzip;q=1.0` is not, as upstream. */
export function asksForGzip(acceptEncoding: string): boolean {
  return (
    acceptEncoding !== '' && acceptEncoding.split(',').some((coding) => coding.trim() === 'gzip')
  );
}

/** Marks a response as compressed, for whoever comes between us and the client. */
export function announceGzip(response: ServerResponse): void {
  response.setHeader('Content-Encoding', 'gzip');
  response.appendHeader('Vary', 'Accept-Encoding');
}

/** In one go: for bodies that are at hand, which are no larger than a request. Undefined: not worth it. */
export function compressed(body: string | Buffer): Buffer | undefined {
  return Buffer.byteLength(body) > WORTHWHILE_BYTES ? gzipSync(body, { level: LEVEL }) : undefined;
}

/**
 * A body of which enough is taken in advance to know whether it is worth compressing; nothing of it is
 * written yet. Others have their turn meanwhile.
 */
export class HeldBody implements Iterable<string | Buffer> {
  private readonly rest: Iterator<string | Buffer>;
  private readonly taken: (string | Buffer)[] = [];

  constructor(pieces: Iterable<string | Buffer>) {
    this.rest = pieces[Symbol.iterator]();
  }

  /** Stops taking when `isOver` says that nobody waits any more; the answer means nothing then. */
  async isWorthCompressing(turns: Turns, isOver: () => boolean): Promise<boolean> {
    let bytes = 0;
    while (!isOver()) {
      const next = this.rest.next();
      if (next.done === true) return false;
      const piece = next.value;
      // Its bytes may be those of the next one, too.
      this.taken.push(typeof piece === 'string' ? piece : Buffer.from(piece));
      bytes += Buffer.byteLength(piece);
      if (bytes > WORTHWHILE_BYTES) return true;
      if (turns.isSpent()) await turns.next();
    }
    return false;
  }

  /** Instead of iterating. */
  close(): void {
    this.rest.return?.();
  }

  /** Once. */
  *[Symbol.iterator](): Generator<string | Buffer> {
    try {
      yield* this.taken.splice(0);
      for (let next = this.rest.next(); next.done !== true; next = this.rest.next()) {
        yield next.value;
      }
    } finally {
      this.close();
    }
  }
}

/**
 * Writes a body compressed, as slowly as the client takes it, and ends the response. Resolves to the bytes
 * written. What the pieces throw is thrown, and the response is cut off; a client that goes away is no error.
 */
export async function writeCompressed(
  response: ServerResponse,
  pieces: Iterable<string | Buffer>,
  turns: Turns,
): Promise<number> {
  const gzip = createGzip({ level: LEVEL });
  let bytes = 0;
  const sent = pipeline(gzip, response).catch((error: unknown) => {
    if (!response.destroyed) throw error;
  });
  gzip.on('data', (chunk: Buffer) => (bytes += chunk.length));
  try {
    await writeBody(gzip, pieces, turns);
  } catch (error) {
    gzip.destroy();
    response.destroy();
    throw error;
  } finally {
    await sent;
  }
  return bytes;
}
