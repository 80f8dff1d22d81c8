import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** A request as its bytes, one character a byte. Whoever writes it says where it ends. */
export interface RawRequest {
  readonly text: string;
  /** To know whether an answer has a body; 'GET' unless told. */
  readonly method?: string;
}

export interface RawReply {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  /** The lines of each name, in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

/** An answer that is no HTTP, or none within the time limit. */
class RawClientError extends Error {
  override readonly name = 'RawClientError';
}

const TIME_LIMIT_MS = 30_000;
/** On their way at once: what a server reads at one go, so that it closes no connection with bytes unread. */
const WINDOW_BYTES = 16_384;
const NO_REPLY: RawReply = { status: 0, headers: new Map(), body: Buffer.alloc(0) };

/**
 * Writes requests into one connection, several at once without waiting for answers, and reads those. What is
 * left when the server closes it goes out again on a new connection.
 * @throws RawClientError when an answer is no HTTP or does not come.
 */
export async function exchange(
  requests: readonly RawRequest[],
  open: () => Socket,
): Promise<RawReply[]> {
  const replies: RawReply[] = [];
  while (replies.length < requests.length) {
    const found = await onOneConnection(requests.slice(replies.length), open());
    replies.push(...(found.length === 0 ? [NO_REPLY] : found));
  }
  return replies;
}

/** A connection to a server on this machine. */
export function toLocalPort(port: number): () => Socket {
  return () => connect(port, '127.0.0.1');
}

function onOneConnection(requests: readonly RawRequest[], socket: Socket): Promise<RawReply[]> {
  return new Promise((resolve, reject) => {
    const replies: RawReply[] = [];
    let received = Buffer.alloc(0);
    let written = 0;
    const writeMore = (): void => {
      if (written > replies.length) return;
      for (let room = WINDOW_BYTES; room > 0 && written < requests.length; written++) {
        const { text = '' } = requests[written] ?? {};
        socket.write(text, 'latin1');
        room -= text.length;
      }
    };
    const end = (error?: Error): void => {
      socket.destroy();
      if (error) reject(error);
      else resolve(replies);
    };
    const read = (isOver: boolean): void => {
      try {
        while (replies.length < requests.length) {
          const method = requests[replies.length]?.method ?? 'GET';
          const parsed = parseReply(received, method, isOver);
          if (!parsed) break;
          received = received.subarray(parsed.length);
          if (parsed.reply.status >= 200) replies.push(parsed.reply);
        }
      } catch (error) {
        end(error as Error);
      }
      if (isOver || replies.length === requests.length) end();
      else writeMore();
    };
    socket.setNoDelay(true);
    socket.setTimeout(TIME_LIMIT_MS, () => {
      end(new RawClientError(`Cannot read an answer: none after ${TIME_LIMIT_MS} ms`));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      read(false);
    });
    socket.once('close', () => {
      read(true);
    });
    // A server that refuses a request may reset the connection while we still write; its close follows.
    socket.on('error', () => undefined);
    writeMore();
  });
}

interface Parsed {
  readonly reply: RawReply;
  readonly length: number;
}

/** Undefined when not all of it is there. */
function parseReply(bytes: Buffer, method: string, isOver: boolean): Parsed | undefined {
  const headLength = bytes.indexOf('\r\n\r\n') + 4;
  if (headLength < 4) {
    if (bytes.length > 0 && isOver) throw new RawClientError('Cannot read an answer: cut off');
    return undefined;
  }
  const { status, headers } = parseHead(bytes.toString('latin1', 0, headLength - 4));
  const rest = bytes.subarray(headLength);
  const hasBody = method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
  const framed = hasBody ? readBody(rest, headers, isOver) : { body: Buffer.alloc(0), length: 0 };
  if (!framed) return undefined;
  return { reply: { status, headers, body: framed.body }, length: headLength + framed.length };
}

function parseHead(text: string): Pick<RawReply, 'status' | 'headers'> {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, code] = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(statusLine) ?? [];
  if (code === undefined) throw new RawClientError(`Cannot read an answer: "${statusLine}"`);
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return { status: Number(code), headers };
}

function readBody(
  bytes: Buffer,
  headers: ReadonlyMap<string, readonly string[]>,
  isOver: boolean,
): { body: Buffer; length: number } | undefined {
  if (headers.get('transfer-encoding')?.[0] === 'chunked') return readChunks(bytes);
  const [text] = headers.get('content-length') ?? [];
  if (text === undefined) return isOver ? { body: bytes, length: bytes.length } : undefined;
  const length = Number(text);
  return bytes.length < length ? undefined : { body: bytes.subarray(0, length), length };
}

function readChunks(bytes: Buffer): { body: Buffer; length: number } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    chunks.push(bytes.subarray(start, start + size));
    at = start + size + 2;
    if (size === 0) return { body: Buffer.concat(chunks), length: at };
  }
}
