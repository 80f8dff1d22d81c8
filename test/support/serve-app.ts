import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { createApp } from '../../src/apiserver/app.ts';
import type { AppParts } from '../../src/apiserver/app-parts.ts';
import type { UserInfo } from '../../src/apiserver/authentication/authenticator.ts';
import { systemClock } from '../../src/clock.ts';
import type { Logger } from '../../src/log.ts';

interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as it came. */
  readonly bytes: Buffer;
}

export interface ServedApp extends AsyncDisposable {
  readonly port: number;
  readonly registry: Registry;
  /** Messages and errors of the log, one a line. */
  readonly logged: readonly string[];
  ask(question: Question | string): Promise<Reply>;
}

export const ADMIN: UserInfo = aUser('admin', ['system:masters', 'system:authenticated']);

export function aUser(
  name: string,
  groups: readonly string[] = ['system:authenticated'],
): UserInfo {
  return { name, uid: '', groups, extra: new Map() };
}

/** The real app behind a real socket, of TLS on demand; everybody is the administrator unless the test says otherwise. */
export async function serveApp(parts: Partial<AppParts>, tls?: ServerOptions): Promise<ServedApp> {
  const registry = new Registry();
  const logged: string[] = [];
  const app = createApp({
    groups: [],
    authenticator: { authenticate: () => Promise.resolve(ADMIN) },
    authorizer: { authorize: () => Promise.resolve({ allowed: true }) },
    checks: [],
    registry,
    log: recordingLog(logged),
    clock: systemClock,
    version: '0.1.0',
    ...parts,
    serving: { ...SERVING, ...parts.serving },
  });
  const server = (tls ? createTlsServer(tls, app) : createServer(app)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    registry,
    logged,
    ask: (question) => ask(port, typeof question === 'string' ? { path: question } : question),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const SERVING: AppParts['serving'] = {
  port: 443,
  externalHostname: '',
  requestTimeoutMs: 60_000,
  maxRequestsInFlight: 400,
  maxMutatingRequestsInFlight: 200,
  shutdownSendRetryAfter: false,
  strictTransportSecurity: [],
  corsAllowedOrigins: [],
};

function recordingLog(lines: string[]): Logger {
  const record = (fields: object, message: string): void => {
    const { err } = fields as { err?: unknown };
    lines.push(err instanceof Error ? `${message}: ${err.message}` : message);
  };
  return { error: record, warn: record, info: record, debug: () => undefined };
}

function ask(port: number, { method = 'GET', path, headers = {}, body }: Question): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const all = { ...headers, ...length };
    const target = { host: '127.0.0.1', port, method, path, headers: all, agent: false };
    const outgoing = httpRequest(target, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode: status = 0, headers: received } = incoming;
        resolve({ status, headers: received, body: bytes.toString('utf8'), bytes });
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
