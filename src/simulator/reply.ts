import type { ServerResponse } from 'node:http';
import { StatusError, toStatus } from '../apimachinery/status-error.ts';
import { PROTOBUF } from './representation.ts';

/** Writes a JSON document with the newline at its end that the real one writes. */
export function sendJson(
  response: ServerResponse,
  code: number,
  document: object,
  contentType = 'application/json',
): void {
  const body = Buffer.from(`${JSON.stringify(document)}\n`);
  response.writeHead(code, { 'Content-Type': contentType, 'Content-Length': body.length });
  response.end(body);
}

export function sendProtobuf(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'Content-Type': PROTOBUF, 'Content-Length': body.length });
  response.end(body);
}

export function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Any error as a Status; one that is no StatusError is a mistake of ours and says so. */
export function sendError(response: ServerResponse, error: unknown): void {
  const status =
    error instanceof StatusError
      ? error
      : new StatusError({
          code: 500,
          reason: 'InternalError',
          message: `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
        });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (status.code === 403) response.setHeader('X-Content-Type-Options', 'nosniff');
  if (status.retryAfterSeconds > 0) response.setHeader('Retry-After', status.retryAfterSeconds);
  sendJson(response, status.code, toStatus(status));
}

/** For everything that this simulation leaves out: an honest refusal instead of a guess. */
export function notSimulated(what: string): StatusError {
  return new StatusError({
    code: 501,
    reason: 'NotImplemented',
    message: `the simulated kube-apiserver does not ${what}`,
  });
}
