import type { ServerResponse } from 'node:http';
import { utf8Bytes } from '../apimachinery/protobuf-writer.ts';
import { headerLines } from './answer.ts';
import type { Answer, WholeAnswer } from './answer.ts';
import { HeldBody, announceGzip, asksForGzip, compressed, writeCompressed } from './compression.ts';
import type { Turns } from './turns.ts';
import { writeBody } from './write-body.ts';

/**
 * Sends an answer that is at hand. Returns the bytes of its body as they are sent.
 * `acceptEncoding` is the first line of that header, '' where there is none.
 */
export function sendWhole(
  response: ServerResponse,
  answer: WholeAnswer,
  acceptEncoding: string,
): number {
  writeHead(response, answer);
  let { body } = answer;
  if (answer.isCompressible === true && asksForGzip(acceptEncoding)) {
    const smaller = compressed(body);
    if (smaller) {
      announceGzip(response);
      body = smaller;
    }
  }
  // As bytes, one a character: beside a text Node would write the headers as UTF-8 too, and what a client sent in one
  // twice so. Headers and a text leave in one piece, a Buffer would be a second one.
  const bytes = typeof body === 'string' ? utf8Bytes(body) : body;
  response.end(bytes, 'latin1');
  return bytes.length;
}

/**
 * The same for any answer: at once for one that is at hand, else a promise that resolves when the last byte has been handed
 * over, or nobody waits any more. Undefined: it was over before anything could be sent.
 */
export function send(
  response: ServerResponse,
  answer: Answer,
  acceptEncoding: string,
  turns: Turns,
): number | Promise<number | undefined> {
  const { body } = answer;
  return typeof body === 'string' || Buffer.isBuffer(body)
    ? sendWhole(response, { ...answer, body }, acceptEncoding)
    : sendPieces(response, { ...answer, body }, acceptEncoding, turns);
}

async function sendPieces(
  response: ServerResponse,
  answer: Answer & { readonly body: Iterable<string | Buffer> },
  acceptEncoding: string,
  turns: Turns,
): Promise<number | undefined> {
  const { body } = answer;
  if (answer.isCompressible !== true || !asksForGzip(acceptEncoding)) {
    writeHead(response, answer);
    return writeBody(response, body, turns);
  }
  const held = new HeldBody(body);
  const isLarge = await held.isWorthCompressing(turns, () => isOver(response));
  if (isOver(response)) {
    held.close();
    return undefined;
  }
  writeHead(response, answer);
  if (!isLarge) return writeBody(response, held, turns);
  announceGzip(response);
  return writeCompressed(response, held, turns);
}

/** Drops what later stages have set in vain: only headers of these names, in lower case, stay. */
export function keepHeaders(response: ServerResponse, names: readonly string[]): void {
  for (const name of response.getHeaderNames()) {
    if (!names.includes(name)) response.removeHeader(name);
  }
}

function writeHead(response: ServerResponse, answer: Answer): void {
  response.statusCode = answer.code;
  if (answer.headers === undefined && answer.contentType !== undefined) {
    response.setHeader('Content-Type', answer.contentType);
    return;
  }
  for (const [name, lines] of headerLines(answer)) response.setHeader(name, lines);
}

/** Whether an answer has begun, or nobody waits for one any more. */
function isOver(response: ServerResponse): boolean {
  return response.headersSent || response.closed;
}
