import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { CertificateAndKey } from '../pki/certificate.ts';
import { type KubeObject, listAt, textAt, valueAt } from './kube-object.ts';
import type { ObjectStore } from './objects.ts';
import { ENDPOINT_SLICES, SERVICES } from './resource-type.ts';
import type { UserInfo } from './user-info.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where an APIService's requests go, or why they can go nowhere. */
export type Resolution =
  | { readonly endpoints: readonly Endpoint[] }
  | { readonly endpoints: undefined; readonly reason: string; readonly message: string };

/** Service, port and ready endpoints, checked in the order and with the words of the real one. */
export function resolveEndpoints(objects: ObjectStore, apiService: KubeObject): Resolution {
  const name = textAt(apiService, 'spec', 'service', 'name');
  const namespace = textAt(apiService, 'spec', 'service', 'namespace');
  const port = Number(valueAt(apiService, 'spec', 'service', 'port') ?? 443);
  const subject = `service/${name} in "${namespace}"`;
  const unresolved = (reason: string, message: string) =>
    ({ endpoints: undefined, reason, message }) as const;

  const service = objects.get(SERVICES, namespace, name);
  if (!service) return unresolved('ServiceNotFound', `${subject} is not present`);
  const servicePort = listAt(service, 'spec', 'ports').find(
    (item) => valueAt(item, 'port') === port,
  );
  if (servicePort === undefined) {
    return unresolved('ServicePortError', `${subject} is not listening on port ${port}`);
  }
  const slices = objects
    .snapshot(ENDPOINT_SLICES)
    .objects.filter(
      ({ metadata }) =>
        metadata.namespace === namespace &&
        metadata.labels?.['kubernetes.io/service-name'] === name,
    );
  if (slices.length === 0) {
    return unresolved('EndpointsNotFound', `cannot find endpointslices for ${subject}`);
  }
  const portName = textAt(servicePort, 'name');
  const endpoints = slices.flatMap((slice) => readyEndpoints(slice, portName));
  if (endpoints.length === 0) {
    const message = `endpointslices for ${subject} have no addresses with port name "${portName}"`;
    return unresolved('MissingEndpoints', message);
  }
  return { endpoints };
}

function readyEndpoints(slice: KubeObject, portName: string): Endpoint[] {
  const port = listAt(slice, 'ports').find((item) => textAt(item, 'name') === portName);
  if (port === undefined) return [];
  return listAt(slice, 'endpoints')
    .filter((endpoint) => valueAt(endpoint, 'conditions', 'ready') !== false)
    .flatMap((endpoint) => listAt(endpoint, 'addresses'))
    .map((address) => ({ host: String(address), port: Number(textAt(port, 'port')) }));
}

export interface BackendRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

export interface BackendAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly etag: string;
  readonly body: string;
}

/** Documents for the aggregator's own use (discovery, OpenAPI) may have this size. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/**
 * Connections to one aggregated API server, as the front proxy. They are kept and used again, as by Go's
 * transport: up to 25 idle ones a host, for 90 s.
 */
export class Backend {
  private readonly agent: Agent;

  constructor(apiService: KubeObject, frontProxy: CertificateAndKey) {
    const name = textAt(apiService, 'spec', 'service', 'name');
    const namespace = textAt(apiService, 'spec', 'service', 'namespace');
    const caBundle = textAt(apiService, 'spec', 'caBundle');
    this.agent = new Agent({
      keepAlive: true,
      maxFreeSockets: 25,
      timeout: 90_000,
      cert: frontProxy.certPem,
      key: frontProxy.keyPem,
      // The name that is asked for and verified, whatever address is dialled.
      servername: `${name}.${namespace}.svc`,
      rejectUnauthorized: valueAt(apiService, 'spec', 'insecureSkipTLSVerify') !== true,
      ...(caBundle !== '' && { ca: Buffer.from(caBundle, 'base64').toString() }),
    });
  }

  /** The answer or the error comes by the request's events. Throws for headers that cannot be sent. */
  open({ endpoint, method, path, headers }: BackendRequest, signal?: AbortSignal): ClientRequest {
    const { host, port } = endpoint;
    return httpsRequest({
      agent: this.agent,
      host,
      port,
      method,
      path,
      headers: { ...headers, Host: `${host}:${port}` },
      setHost: false,
      ...(signal && { signal }),
    });
  }

  /** Asks for a whole document within a time limit. Rejects with what the network said. */
  async fetch(request: BackendRequest, timeoutMs: number): Promise<BackendAnswer> {
    const opened = this.open(request);
    const timeout = setTimeout(() => {
      opened.destroy(new Error('context deadline exceeded'));
    }, timeoutMs);
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        opened.once('response', resolve);
        opened.once('error', reject);
        opened.end();
      });
      return {
        status: answer.statusCode ?? 0,
        contentType: answer.headers['content-type'] ?? '',
        etag: answer.headers.etag ?? '',
        body: (await readBody(answer, MAX_DOCUMENT_BYTES)).toString(),
      };
    } finally {
      clearTimeout(timeout);
    }
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Reads a message to its end. @throws RangeError beyond `maxBytes`. */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new RangeError(`Cannot read the body: more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Who asks, in the headers that an aggregated API server believes the front proxy. */
export function identityHeaders({ name, uid, groups, extra }: UserInfo): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'X-Remote-User': onWire(name) };
  if (uid !== '') headers['X-Remote-Uid'] = onWire(uid);
  if (groups.length > 0) headers['X-Remote-Group'] = groups.map(onWire);
  for (const [key, values] of extra) {
    headers[`X-Remote-Extra-${escapeKey(key)}`] = values.map(onWire);
  }
  return headers;
}

/** Header values travel as bytes; Node takes one character for each. */
function onWire(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** Every byte that no header name may hold, and the percent sign itself, as %XX: client-go/transport. */
function escapeKey(key: string): string {
  return [...Buffer.from(key, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (/[A-Za-z0-9!#$&'*+.^_`|~-]/.test(character)) return character;
      return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** What Go's net package would say of it, because people compare these texts with those of real clusters. */
export function networkErrorText(error: unknown, { host, port }: Endpoint): string {
  const code = textAt(error, 'code');
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (code === 'ECONNRESET') return 'EOF';
  return error instanceof Error ? error.message : String(error);
}
