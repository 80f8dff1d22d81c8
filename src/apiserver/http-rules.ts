import type { IncomingMessage, RequestListener, ServerOptions, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { TEXT } from './answer.ts';
import { firstLine } from './first-line.ts';
import { parseTarget } from './request-target.ts';

/** Why a request does not get as far as any handler. */
interface HttpRefusal {
  readonly code: number;
  /** Behind the code in the status line. */
  readonly reason: string;
  readonly body: string;
}

/** Bodies are never read here. A longer one is not even thrown away: the connection ends instead, as Go does it. */
const MAX_UNREAD_BODY_BYTES = 262_144;

/**
 * Answers what Node's parser has understood, by the rules of Go's HTTP server (net/http): what that refuses never
 * reaches the handler, and nothing that a client announces (an upgrade, an expectation, a body) makes a
 * request anything but an ordinary one.
 */
export function answerRequests(server: Server, handler: RequestListener): void {
  server.on('request', (request, response) => {
    const refusal = httpRefusal(request);
    if (refusal) refuse(response, refusal);
    else if (request.method === 'OPTIONS' && request.url === '*') response.end();
    else {
      if (leavesRest(request)) response.setHeader('Connection', 'close');
      handler(request, response);
    }
  });
  // By default Node asks for the body. Nobody is going to read it, so the client may as well keep it.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (announcesBody(request)) response.setHeader('Connection', 'close');
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers.expect?.trim() === '') server.emit('request', request, response);
    else {
      // Unlike what is said about requests that could not be read, this is an answer with a date.
      response.writeHead(417, { Connection: 'close' }).end();
    }
  });
}

/** The options of a Node server that leave the decisions to answerRequests. */
export const UNDECIDED = {
  requireHostHeader: false,
  shouldUpgradeCallback: () => false,
} as const satisfies ServerOptions;

/** To be assigned to a Node server: a client may end its side behind its last request. It has no type. */
export const HALF_OPEN = { httpAllowHalfOpen: true } as const;

/** In the order in which Go looks, so that of several mistakes the same one is told. */
function httpRefusal(request: IncomingMessage): HttpRefusal | undefined {
  const { method = '', url = '', httpVersionMajor: major, httpVersionMinor: minor } = request;
  const host = firstLine(request, 'host');
  if (parseTarget(method, url) === undefined || lines(request, 'host') > 1) return badRequest();
  if (minor > 0 && !isReadable(request)) return UNSUPPORTED;
  if (major !== 1) {
    return withReason(505, 'HTTP Version Not Supported: unsupported protocol version');
  }
  if (host === undefined) {
    const isRequired = minor > 0 && method !== 'CONNECT';
    return isRequired ? badRequest(': missing required Host header') : undefined;
  }
  return /^[\w!$%&'()*+,\-.:;=[\]~]*$/.test(host)
    ? undefined
    : badRequest(': malformed Host header');
}

/** What to say of bytes that Node's parser gave up on, or, without an error, waited for in vain. */
export function parserRefusal(err?: NodeJS.ErrnoException & { reason?: unknown }): HttpRefusal {
  switch (err?.code) {
    case 'HPE_HEADER_OVERFLOW':
      return withReason(431, 'Request Header Fields Too Large');
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return String(err.reason).includes('Content-Length') ? badRequest() : UNSUPPORTED;
    default:
      return badRequest();
  }
}

const UNSUPPORTED: HttpRefusal = {
  code: 501,
  reason: 'Not Implemented',
  body: 'Unsupported transfer encoding',
};

export function badRequest(detail = ''): HttpRefusal {
  return withReason(400, `Bad Request${detail}`);
}

function withReason(code: number, reason: string): HttpRefusal {
  return { code, reason, body: `${code} ${reason}` };
}

/** Without the headers of an answer of ours: no handler has seen the request. */
export function refuse(response: ServerResponse, { code, reason, body }: HttpRefusal): void {
  response.sendDate = false;
  response.statusCode = code;
  response.statusMessage = reason;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  if (body !== '') response.setHeader('Content-Type', TEXT);
  response.setHeader('Connection', 'close');
  response.end(body);
}

/** The same as bytes, where there is no response to write into. */
export function refusalText({ code, reason, body }: HttpRefusal): string {
  const head = [`HTTP/1.1 ${code} ${reason}`, `Content-Type: ${TEXT}`, 'Connection: close'];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function isReadable(request: IncomingMessage): boolean {
  const count = lines(request, 'transfer-encoding');
  if (count === 0) return true;
  return count === 1 && firstLine(request, 'transfer-encoding')?.toLowerCase() === 'chunked';
}

/**
 * Whether bytes may follow that are not worth reading, or that Node loses: it drops what comes in one packet
 * with a request for an upgrade.
 */
function leavesRest({ headers }: IncomingMessage): boolean {
  return (
    Number(headers['content-length'] ?? 0) > MAX_UNREAD_BODY_BYTES ||
    headers['transfer-encoding'] !== undefined ||
    headers.upgrade !== undefined
  );
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** How many lines of a header there are. */
function lines({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const candidate = rawHeaders[at] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) count += 1;
  }
  return count;
}
