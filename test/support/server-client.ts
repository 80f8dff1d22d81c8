import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';

export interface ServerAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Who asks, and how that is proved. */
export interface Identity {
  readonly certificate?: CertificateAndKey;
  /** Sent with every request, in this order; names may be repeated. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

interface RequestOptions {
  readonly method?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/**
 * Speaks to a metrics server over one kept TLS connection. It does not verify the server's certificate:
 * that is the aggregator's decision (insecureSkipTLSVerify) and the subject of other tests. To be closed.
 */
export class ServerClient implements Disposable {
  readonly #port: number;
  readonly #identity: Identity;
  readonly #agent: Agent;

  constructor(port: number, identity: Identity = {}) {
    this.#port = port;
    this.#identity = identity;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  }

  async get(path: string, options: RequestOptions = {}): Promise<ServerAnswer> {
    return this.send(path, options);
  }

  /** The JSON of an answer that has to be 200. */
  async json<Body>(path: string): Promise<Body> {
    const { status, body } = await this.send(path);
    if (status !== 200) throw new Error(`GET ${path} was answered ${status}: ${body}`);
    return JSON.parse(body) as Body;
  }

  async send(path: string, options: RequestOptions = {}): Promise<ServerAnswer> {
    const { method = 'GET', headers = [], body } = options;
    const { certificate, headers: ofIdentity = [] } = this.#identity;
    return new Promise((resolve, reject) => {
      const opened = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          // As it is: URL would tidy it up.
          path,
          method,
          agent: this.#agent,
          headers: {
            ...collected([...ofIdentity, ...headers]),
            ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
          },
          ...(certificate && { cert: certificate.certPem, key: certificate.keyPem }),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', reject);
          answer.once('end', () => {
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: Buffer.concat(chunks).toString(),
            });
          });
        },
      );
      opened.once('error', reject);
      opened.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function collected(headers: readonly (readonly [string, string])[]): OutgoingHttpHeaders {
  const collection = new Map<string, string[]>();
  for (const [name, value] of headers) {
    collection.set(name, [...(collection.get(name) ?? []), value]);
  }
  return Object.fromEntries(collection);
}
