import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeCredentials } from '../../src/kube/kube-credentials.ts';
import { createCertificateAuthority } from '../../src/pki/certificate.ts';
import type { CertificateAuthority } from '../../src/pki/certificate.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (request: Seen, response: ServerResponse) => void | Promise<void>;

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  readonly authority: CertificateAuthority;
  /** Every request so far, in order. */
  readonly requests: Seen[];
  /** TCP connections so far. */
  readonly connections: () => number;
  /** The protocols that each connection offered. */
  readonly offered: string[][];
  /** What it does from now on. */
  answer: Answer;
}

interface ApiServerOptions {
  readonly authority?: CertificateAuthority;
  readonly dnsNames?: readonly string[];
  readonly requestCert?: boolean;
  /** A free one unless told. */
  readonly port?: number;
}

/** A scripted kube-apiserver over TLS on a free port of 127.0.0.1. */
export async function startApiServer(
  answer: Answer,
  options: ApiServerOptions = {},
): Promise<ApiServer> {
  const authority = options.authority ?? newAuthority('kube-ca');
  const leaf = authority.issue({
    commonName: 'kube-apiserver',
    dnsNames: [...(options.dnsNames ?? [])],
    ipAddresses: options.dnsNames ? [] : ['127.0.0.1'],
    usages: ['serverAuth'],
  });
  const requests: Seen[] = [];
  const offered: string[][] = [];
  let connections = 0;
  const server = createServer({
    cert: leaf.certPem,
    key: leaf.keyPem,
    ca: authority.certPem,
    ALPNCallback: ({ protocols }) => {
      offered.push(protocols);
      return 'http/1.1';
    },
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: options.requestCert ?? false,
  });
  const api: ApiServer = {
    url: '',
    authority,
    requests,
    connections: () => connections,
    offered,
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('connection', () => {
    connections++;
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      const seen = await read(request);
      requests.push(seen);
      await api.answer(seen, response);
    })();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(api, { url: `https://127.0.0.1:${port}` });
}

async function read(request: IncomingMessage): Promise<Seen> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://server');
  return {
    method: request.method ?? '',
    path: pathname,
    query: searchParams,
    headers: request.headers,
    body,
  };
}

export function newAuthority(commonName: string): CertificateAuthority {
  return createCertificateAuthority({ commonName, nowMs: Date.now() });
}

/** Credentials that never change, for a server of `startApiServer`. */
export function credentialsFor(
  api: Pick<ApiServer, 'url' | 'authority'>,
  changes: Partial<KubeCredentials> = {},
): KubeCredentials {
  return {
    server: api.url,
    ca: api.authority.certPem,
    insecureSkipTlsVerify: false,
    tlsServerName: undefined,
    clientCertificate: undefined,
    token: () => Promise.resolve('good'),
    refreshToken: () => undefined,
    ...changes,
  };
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

export function statusBody(code: number, reason: string, message: string): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
  };
}
