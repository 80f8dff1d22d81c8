import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../src/pki/certificate.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** Name and value in turn, as sent. */
  readonly rawHeaders: readonly string[];
  /** CN of the client certificate; '' without one. */
  readonly client: string;
  readonly serverName: string;
  readonly body: string;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * An aggregated API server that one tells what to answer, and that tells what it was asked. To the
 * aggregator's own questions it gives a plausible answer by itself.
 */
export class BackendServer implements AsyncDisposable {
  readonly ca: CertificateAuthority;
  readonly seen: SeenRequest[] = [];
  connections = 0;
  /** Of every request that is not the aggregator's own. */
  answer: Answer = (_request, response) => {
    sendJson(response, { kind: 'NodeMetricsList', items: [] });
  };
  /** Of the probe and of discovery. */
  ownAnswer: Answer = (request, response) => {
    sendJson(response, request.url === '/apis' ? AGGREGATED : RESOURCES, typeOf(request));
  };
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor() {
    this.ca = createCertificateAuthority({ commonName: 'backend', nowMs: Date.now() });
    const { certPem, keyPem } = this.ca.issue({
      commonName: 'backend',
      dnsNames: ['metrics-server.kube-system.svc'],
      usages: ['serverAuth'],
    });
    this.server = createServer(
      { cert: certPem, key: keyPem, requestCert: true, rejectUnauthorized: false, ca: [] },
      (request, response) => {
        void this.handle(request, response);
      },
    );
    this.server.on('secureConnection', () => this.connections++);
    // Also those whose handshake is not over, which the server itself does not count.
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  async listen(port = 0): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Requests that came in the name of a user. */
  get userRequests(): readonly SeenRequest[] {
    return this.seen.filter((request) => !isOwn(request.rawHeaders));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    this.seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      ...peerOf(request),
      body: Buffer.concat(chunks).toString(),
    });
    if (isOwn(request.rawHeaders)) this.ownAnswer(request, response);
    else this.answer(request, response);
  }
}

function peerOf({ socket }: IncomingMessage): Pick<SeenRequest, 'client' | 'serverName'> {
  if (!(socket instanceof TLSSocket)) return { client: '', serverName: '' };
  const commonName = socket.getPeerX509Certificate()?.toLegacyObject().subject.CN;
  return { client: String(commonName), serverName: String(Reflect.get(socket, 'servername')) };
}

/** All values of a header, in order. */
export function valuesOf({ rawHeaders }: SeenRequest, name: string): string[] {
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name.toLowerCase(),
  );
}

export function sendJson(
  response: ServerResponse,
  document: object,
  contentType = 'application/json',
): void {
  response.writeHead(200, { 'content-type': contentType });
  response.end(JSON.stringify(document));
}

function isOwn(rawHeaders: readonly string[]): boolean {
  return rawHeaders.includes('system:kube-aggregator') || rawHeaders.includes('system:aggregator');
}

function typeOf({ url }: IncomingMessage): string {
  return url === '/apis'
    ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    : 'application/json';
}

const AGGREGATED = {
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  items: [
    {
      metadata: { name: 'metrics.k8s.io' },
      versions: [
        {
          version: 'v1beta1',
          resources: [
            {
              resource: 'nodes',
              responseKind: { group: '', version: '', kind: 'NodeMetrics' },
              scope: 'Cluster',
              singularResource: '',
              verbs: ['get', 'list'],
            },
          ],
          freshness: 'Current',
        },
      ],
    },
  ],
};

const RESOURCES = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'metrics.k8s.io/v1beta1',
  resources: [
    {
      name: 'pods',
      singularName: '',
      namespaced: true,
      kind: 'PodMetrics',
      verbs: ['get', 'list'],
    },
  ],
};
