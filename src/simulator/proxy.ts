import type {
  ClientRequest,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { timedOut } from '../apimachinery/status-error.ts';
import {
  type Backend,
  type BackendRequest,
  type Endpoint,
  identityHeaders,
  networkErrorText,
} from './backend.ts';
import { encodeQuery } from './form-encoding.ts';
import { sendError, sendText } from './reply.ts';
import type { UserInfo } from './user-info.ts';

/** RFC 9110 section 7.6.1, and what upstream's proxy removes with them. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
]);
/** Consumed by the kube-apiserver: the caller's own credentials and claims never arrive. */
const CONSUMED =
  /^(?:authorization|impersonate-.*|x-remote-(?:user|uid|group|extra-.*)|host|x-forwarded-.*)$/;

export interface ProxyContext {
  readonly backend: Backend;
  readonly endpoint: Endpoint;
  readonly user: UserInfo;
  readonly timeoutMs: number;
}

/** Passes a request on to an aggregated API server in the name of its user, and the answer back (contract.md 2.3). */
export async function proxy(
  request: IncomingMessage,
  response: ServerResponse,
  context: ProxyContext,
): Promise<void> {
  const { endpoint, timeoutMs } = context;
  const wasGzipAsked = request.headers['accept-encoding'] !== undefined;
  const deadline = new AbortController();
  const timeout = setTimeout(() => {
    deadline.abort();
  }, timeoutMs);
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  const signal = AbortSignal.any([deadline.signal, gone.signal]);
  try {
    const answer = await openWithRetry(request, context, signal);
    await passAnswer(answer, response, wasGzipAsked);
  } catch (error) {
    if (response.headersSent || gone.signal.aborted) response.destroy();
    else if (!deadline.signal.aborted) refuse(response, networkErrorText(error, endpoint));
    else if (timeoutMs > DISCOVERY_TIMEOUT_MS) sendError(response, timedOut());
    else refuse(response, 'context deadline exceeded');
  } finally {
    clearTimeout(timeout);
  }
}

function refuse(response: ServerResponse, text: string): void {
  sendText(response, 503, `error trying to reach service: ${text}\n`);
}

/** Of requests for `/apis/GROUP/VERSION`, and of all others. */
export const DISCOVERY_TIMEOUT_MS = 5000;
export const REQUEST_TIMEOUT_MS = 60_000;

/** A kept connection may have been closed by the other side just now: then, as Go does, once more on another one. */
async function openWithRetry(
  request: IncomingMessage,
  context: ProxyContext,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  for (;;) {
    const backendRequest = context.backend.open(toBackendRequest(request, context), signal);
    try {
      return await answerOf(request, backendRequest);
    } catch (error) {
      const mayRepeat = hasNoBody(request) && backendRequest.reusedSocket;
      if (!mayRepeat || !(error instanceof Error) || !isReset(error)) throw error;
    }
  }
}

function answerOf(
  request: IncomingMessage,
  backendRequest: ClientRequest,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    backendRequest.once('response', resolve);
    // Kept for good: an error after the answer arrives at the answer, too, and must not end the process.
    backendRequest.on('error', reject);
    if (hasNoBody(request)) backendRequest.end();
    else request.pipe(backendRequest);
  });
}

function hasNoBody({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function toBackendRequest(
  request: IncomingMessage,
  { endpoint, user }: ProxyContext,
): BackendRequest {
  const { method = 'GET', url = '/' } = request;
  return { endpoint, method, path: encodeQuery(url), headers: forwardedHeaders(request, user) };
}

/** Repeated header lines stay repeated. */
function forwardedHeaders(request: IncomingMessage, user: UserInfo): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  const named = (request.headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    if (HOP_BY_HOP.has(name) || named.includes(name) || CONSUMED.test(name)) continue;
    headers[name] = values.length === 1 ? values[0] : values;
  }
  if (headers['accept-encoding'] === undefined) headers['Accept-Encoding'] = 'gzip';
  headers['X-Forwarded-For'] = request.socket.remoteAddress ?? '';
  headers['X-Forwarded-Uri'] = (request.url ?? '/').split('?')[0];
  headers['X-Forwarded-Host'] = request.headers.host;
  headers['X-Forwarded-Proto'] = 'https';
  return { ...headers, ...identityHeaders(user) };
}

async function passAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  wasGzipAsked: boolean,
): Promise<void> {
  const { statusCode: status = 502, headers } = answer;
  if (status >= 300 && status < 400 && headers.location !== undefined) {
    answer.destroy();
    const refusal = 'the backend attempted to redirect this request, which is not permitted';
    sendText(response, 502, `${refusal}\n`);
    return;
  }
  const unzips = !wasGzipAsked && headers['content-encoding'] === 'gzip';
  passHeaders(answer, response, unzips);
  response.writeHead(status);
  if (unzips) await pipeline(answer, createGunzip(), response);
  else await pipeline(answer, response);
}

function passHeaders(answer: IncomingMessage, response: ServerResponse, unzips: boolean): void {
  for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
    if (HOP_BY_HOP.has(name) || name.startsWith('access-control-')) continue;
    if (unzips && (name === 'content-encoding' || name === 'content-length')) continue;
    response.setHeader(name, values);
  }
}
