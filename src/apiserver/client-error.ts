import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { methodNotAllowed, toStatus } from '../apimachinery/status-error.ts';

/** Of what arrived before the parser gave up, only so much is looked at. */
const MAX_LOOK_BYTES = 4096;
const LINGER_MS = 500;

/** Answers and closes a connection whose bytes are no request that Node can read, as Go's server would. */
export function answerClientError(err: NodeJS.ErrnoException, socket: Duplex): void {
  if (socket.writableEnded) return; // the parser complains of each piece that still arrives
  if (err.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (err.code === 'HPE_INVALID_METHOD' && isRequestLine(rawPacket(err))) {
    answerUnknownMethod(socket);
    return;
  }
  const status = STATUS.get(err.code ?? '') ?? '400 Bad Request';
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: text/plain; charset=utf-8',
    'Connection: close',
  ];
  endWith(socket, `${head.join('\r\n')}\r\n\r\n${status}`);
}

const STATUS: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/**
 * Go takes any token for a method and answers 405 behind authentication; Node's parser knows a fixed
 * list. The answer tells nothing about the caller or the path, so none has to be authenticated.
 */
export function answerUnknownMethod(socket: Duplex): void {
  const body = `${JSON.stringify(toStatus(methodNotAllowed()))}\n`;
  const head = [
    'HTTP/1.1 405 Method Not Allowed',
    `Audit-Id: ${randomUUID()}`,
    'Cache-Control: no-cache, private',
    'Content-Type: application/json',
    `Date: ${new Date().toUTCString()}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  endWith(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
}

/** To close at once would reset a peer that is still sending, before it has read the answer. As Go, wait a little. */
function endWith(socket: Duplex, text: string): void {
  socket.end(text, () => {
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
}

function rawPacket(err: Error): string {
  const packet = 'rawPacket' in err ? err.rawPacket : undefined;
  return Buffer.isBuffer(packet) ? packet.subarray(0, MAX_LOOK_BYTES).toString('latin1') : '';
}

/** RFC 9112 section 3: a method is a token. Garbage, or the rest of a body, is not. */
function isRequestLine(text: string): boolean {
  return /^(\r\n)*[\w!#$%&'*+.^`|~-]+ \/\S*( HTTP\/1\.[01]\r\n|$)/.test(text);
}
