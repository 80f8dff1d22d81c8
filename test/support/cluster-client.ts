import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';
import type { Cluster } from '../../src/simulator/cluster.ts';

export interface ClusterAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Speaks to the kube-apiserver of a simulated cluster as somebody. To be closed. */
export class ClusterClient implements Disposable {
  private readonly cluster: Cluster;
  private readonly agent: Agent;
  private readonly headers: OutgoingHttpHeaders;

  /** By certificate, by bearer token, or as nobody in particular. */
  constructor(cluster: Cluster, identity: CertificateAndKey | string | undefined) {
    this.cluster = cluster;
    const certificate =
      typeof identity === 'object' ? { cert: identity.certPem, key: identity.keyPem } : {};
    this.agent = new Agent({
      keepAlive: true,
      ca: cluster.authorities.kubeApiServer,
      ...certificate,
    });
    this.headers = typeof identity === 'string' ? { authorization: `Bearer ${identity}` } : {};
  }

  static admin(cluster: Cluster): ClusterClient {
    return new ClusterClient(
      cluster,
      cluster.identities.clientCertificate('admin', ['system:masters']),
    );
  }

  async get(path: string, headers: OutgoingHttpHeaders = {}): Promise<ClusterAnswer> {
    return this.send('GET', path, { headers });
  }

  async post(path: string, object: object): Promise<ClusterAnswer> {
    return this.send('POST', path, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(object),
    });
  }

  async send(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: OutgoingHttpHeaders; body?: string } = {},
  ): Promise<ClusterAnswer> {
    const answer = await this.open(method, path, headers, body);
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    return {
      status: answer.statusCode ?? 0,
      headers: answer.headers,
      body: Buffer.concat(chunks).toString(),
    };
  }

  /** A watch: each line as the value it holds, until one leaves the loop or the server ends it. */
  async *watch(path: string, headers: OutgoingHttpHeaders = {}): AsyncGenerator<WatchLine> {
    const answer = await this.open('GET', path, headers);
    try {
      for await (const line of createInterface({ input: answer })) {
        yield JSON.parse(line) as WatchLine;
      }
    } finally {
      answer.destroy();
    }
  }

  [Symbol.dispose](): void {
    this.agent.destroy();
  }

  private open(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    body?: string,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const opened = request(
        new URL(path, this.cluster.url),
        { agent: this.agent, method, headers: { ...this.headers, ...headers } },
        resolve,
      );
      opened.once('error', reject);
      opened.end(body);
    });
  }
}

export interface WatchLine {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly message?: string;
    readonly code?: number;
    readonly metadata: {
      readonly name?: string;
      readonly resourceVersion?: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly rows?: readonly { readonly cells: readonly unknown[] }[];
  };
}

/** Takes so many items, and leaves. */
export async function take<Item>(items: AsyncGenerator<Item>, count: number): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}
