import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { KubeletNode } from '../../src/kubelet/node-address.ts';
import { createCertificateAuthority } from '../../src/pki/certificate.ts';
import type { CertificateAuthority, LeafRequest } from '../../src/pki/certificate.ts';

export type KubeletAnswer = (request: IncomingMessage, response: ServerResponse) => void;

export interface KubeletServer extends AsyncDisposable {
  readonly port: number;
  /** `METHOD path` of every request so far. */
  readonly asked: string[];
  readonly requests: IncomingMessage[];
  /** Every TCP connection so far. */
  readonly sockets: Socket[];
  /** What it does from now on. */
  answer: KubeletAnswer;
  /** A node whose kubelet this is. */
  node(name?: string): KubeletNode;
}

export interface KubeletServerOptions {
  /** Undefined: plain HTTP. */
  readonly authority: CertificateAuthority | undefined;
  readonly leaf?: Partial<LeafRequest>;
  /** Asks for a client certificate of the authority, and refuses connections without. */
  readonly clientCertificate?: boolean;
  readonly host?: string;
  readonly port?: number;
}

/** A scripted kubelet on a free port. */
export async function startKubelet(
  answer: KubeletAnswer,
  options: KubeletServerOptions,
): Promise<KubeletServer> {
  const { host = '127.0.0.1', port = 0 } = options;
  const server = createServer(options);
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined); // broken off on purpose
  });
  server.keepAliveTimeout = 0;
  await listen(server, port, host);
  const kubelet: KubeletServer = {
    port: (server.address() as AddressInfo).port,
    asked: [],
    requests: [],
    sockets,
    answer,
    node: (name = 'node-a') => aNode({ name, address: host, port: kubelet.port }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    kubelet.asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    kubelet.requests.push(request);
    kubelet.answer(request, response);
  });
  return kubelet;
}

function createServer({
  authority,
  leaf,
  host = '127.0.0.1',
  clientCertificate = false,
}: KubeletServerOptions): HttpServer {
  if (!authority) return createHttpServer();
  const { certPem, keyPem } = authority.issue({
    commonName: 'system:node:node-a',
    ipAddresses: [host],
    usages: ['serverAuth'],
    ...leaf,
  });
  return createHttpsServer({
    cert: certPem,
    key: keyPem,
    ca: authority.certPem,
    requestCert: clientCertificate,
    rejectUnauthorized: clientCertificate,
  });
}

export interface TcpServer extends AsyncDisposable {
  readonly sockets: Socket[];
  node(name?: string): KubeletNode;
}

/** Something that listens and is no kubelet. */
export async function startTcp(onConnection: (socket: Socket) => void): Promise<TcpServer> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined); // broken off on purpose
    socket.resume(); // to see its end
    onConnection(socket);
  });
  await listen(server, 0, '127.0.0.1');
  const { port } = server.address() as AddressInfo;
  return {
    sockets,
    node: (name = 'node-a') => aNode({ name, address: '127.0.0.1', port }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

function aNode({
  name,
  address,
  port,
}: {
  name: string;
  address: string;
  port: number;
}): KubeletNode {
  return {
    name,
    addresses: [{ type: 'InternalIP', address }],
    kubeletPort: port,
    resourceMetricsPath: '',
  };
}

export function newKubeletAuthority(commonName = 'kubelet-ca'): CertificateAuthority {
  return createCertificateAuthority({ commonName, nowMs: Date.now() });
}

export const SUMMARY_TEXT = JSON.stringify({
  node: {
    nodeName: 'node-a',
    startTime: '2026-01-01T00:00:00Z',
    cpu: { time: '2026-01-02T00:00:10Z', usageNanoCores: 5, usageCoreNanoSeconds: 7_000_000_003 },
    memory: { time: '2026-01-02T00:00:10Z', workingSetBytes: 4096 },
  },
  pods: [
    {
      podRef: { name: 'web-0', namespace: 'shop', uid: 'u-1' },
      containers: [
        {
          name: 'main',
          startTime: '2026-01-01T00:00:01Z',
          cpu: { time: '2026-01-02T00:00:11Z', usageCoreNanoSeconds: 1_000_000_000 },
          memory: { time: '2026-01-02T00:00:11Z', workingSetBytes: 1024 },
        },
      ],
    },
  ],
});

const PAGE_TEXT = [
  'node_cpu_usage_seconds_total 7.5 1767312010000',
  'node_memory_working_set_bytes 4096 1767312010000',
  'container_cpu_usage_seconds_total{container="main",namespace="shop",pod="web-0"} 1.25 1767312011000',
  'container_memory_working_set_bytes{container="main",namespace="shop",pod="web-0"} 1024 1767312011000',
  'container_start_time_seconds{container="main",namespace="shop",pod="web-0"} 1.7672256e+09',
  '',
].join('\n');

export const sendSummary: KubeletAnswer = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(SUMMARY_TEXT);
};

export const sendPage: KubeletAnswer = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(PAGE_TEXT);
};
