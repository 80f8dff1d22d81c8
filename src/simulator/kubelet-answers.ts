import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { ActiveFault } from './faults.ts';

/** What a kubelet was going to answer. */
export interface KubeletBody {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

const TEXT_PLAIN = 'text/plain; charset=utf-8';
const CHUNK_BYTES = 64 * 1024;
const MIB = 1024 * 1024;
/** Whoever takes an answer keeps the connection for the next one. */
const STAYS_MS = 1_000;

/**
 * Answers in place of the kubelet when the fault is one that looks at no body. True: the request is
 * dealt with.
 */
export async function answerFaulty(
  fault: ActiveFault,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<boolean> {
  switch (fault.kind) {
    case 'slow':
      await sleep(fault.value, undefined, { signal });
      return false;
    case 'silent':
      return true;
    case 'reset':
      (response.socket ?? response).destroy();
      return true;
    case 'status-500':
      answer(response, 500, 'Internal Error: simulated\n');
      return true;
    case 'status-401':
      answer(response, 401, 'Unauthorized');
      return true;
    case 'status-403':
      answer(response, 403, 'Forbidden (simulated)\n');
      return true;
    case 'status-404':
      answer(response, 404, '404 page not found\n');
      return true;
    case 'redirect':
      response.setHeader('Location', '/elsewhere');
      answer(response, 302, '');
      return true;
    case 'html':
      send(response, 200, {
        contentType: 'text/html',
        body: '<!DOCTYPE html>\n<html><body><h1>Please log in</h1></body></html>\n',
      });
      return true;
    default:
      return false;
  }
}

/** Sends the body as the fault wants it; plainly when the fault is of another kind. */
export async function sendFaulty(
  fault: ActiveFault | undefined,
  response: ServerResponse,
  content: KubeletBody,
  signal: AbortSignal,
): Promise<void> {
  const bytes = Buffer.from(content.body);
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  switch (fault?.kind) {
    case 'empty':
      send(response, 200, { ...content, body: '' });
      return;
    case 'wrong-content-type':
      send(response, 200, { ...content, contentType: 'application/octet-stream' });
      return;
    case 'truncated':
      send(response, 200, { ...content, body: half });
      return;
    case 'cut':
      writeHead(response, 200, content.contentType);
      response.write(half, () => response.socket?.destroy());
      return;
    case 'drip':
      writeHead(response, 200, content.contentType);
      for (let at = 0; at < bytes.length && !response.destroyed; at++) {
        response.write(bytes.subarray(at, at + 1));
        await sleep(fault.value, undefined, { signal });
      }
      response.end();
      return;
    case 'huge':
      writeHead(response, 200, content.contentType);
      await writeBlanks(response, fault.value * MIB, signal);
      response.end(bytes);
      return;
    default:
      send(response, 200, content);
  }
}

/**
 * Resolves when the response is over, and a second more: true when all of it was handed to the kernel and its reader is
 * still there. One that had given up meanwhile is not.
 */
export function wholeSent(response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const { socket } = response;
    response.once('close', () => {
      if (!response.writableFinished || !socket) resolve(false);
      else
        setTimeout(() => {
          resolve(!socket.destroyed);
        }, STAYS_MS).unref();
    });
  });
}

/** Blanks before a JSON value are white space, so the body stays a true one. */
async function writeBlanks(
  response: ServerResponse,
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  const chunk = Buffer.alloc(CHUNK_BYTES, ' ');
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) {
    if (response.destroyed || signal.aborted) return;
    if (!response.write(chunk)) await drained(response);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** A short answer in plain text. */
export function answer(response: ServerResponse, status: number, body: string): void {
  send(response, status, { contentType: TEXT_PLAIN, body });
}

function send(response: ServerResponse, status: number, { contentType, body }: KubeletBody): void {
  writeHead(response, status, contentType);
  response.end(body);
}

/** The headers that Go sends, and no more: no Connection, no Keep-Alive, chunks instead of a length. */
function writeHead(response: ServerResponse, status: number, contentType: string): void {
  response.removeHeader('Connection');
  response.writeHead(status, { 'Content-Type': contentType, 'Transfer-Encoding': 'chunked' });
}
