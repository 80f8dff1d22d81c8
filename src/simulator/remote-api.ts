import { createInterface } from 'node:readline';
import { Agent } from 'undici';
import type { CertificateAndKey } from '../pki/certificate.ts';
import { textAt } from './kube-object.ts';

/** A kube-apiserver that we did not write, and who we are there. */
export interface RemoteCluster {
  /** Like https://127.0.0.1:6443. */
  readonly server: string;
  readonly caPem: string;
  readonly identity: CertificateAndKey | { readonly token: string };
}

/** What a kube-apiserver answered instead of what was wanted. */
export class RemoteApiError extends Error {
  override readonly name = 'RemoteApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface RemoteEvent {
  /** ADDED, MODIFIED, DELETED, BOOKMARK or ERROR. */
  readonly type: string;
  readonly object: unknown;
}

interface RemoteRequest {
  readonly body?: object;
  readonly contentType?: string;
}

const TIMEOUT_MS = 15_000;
/** kube-apiserver ends watches by itself after this long; then the next one begins. */
const WATCH_SECONDS = 300;

/** Speaks JSON with a kube-apiserver. */
export class RemoteApi implements AsyncDisposable {
  private readonly cluster: RemoteCluster;
  private readonly agent: Agent;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(cluster: RemoteCluster) {
    this.cluster = cluster;
    const { identity, caPem } = cluster;
    const isToken = 'token' in identity;
    this.headers = isToken ? { authorization: `Bearer ${identity.token}` } : {};
    const proof = isToken ? {} : { cert: identity.certPem, key: identity.keyPem };
    this.agent = new Agent({
      connect: { ca: caPem, ...proof },
      // a watch is silent between two bookmarks
      bodyTimeout: 0,
    });
  }

  get(path: string): Promise<unknown> {
    return this.send('GET', path, {});
  }

  post(path: string, body: object): Promise<unknown> {
    return this.send('POST', path, { body });
  }

  /** A JSON merge patch: lists are replaced as a whole. */
  patch(path: string, body: object): Promise<unknown> {
    return this.send('PATCH', path, { body, contentType: 'application/merge-patch+json' });
  }

  delete(path: string, options: object = {}): Promise<unknown> {
    return this.send('DELETE', path, { body: options });
  }

  /**
   * The events of a watch until the server ends it or the signal aborts (it then rejects).
   * Throws RemoteApiError when there is no watch to be had, 410 included.
   */
  async *watch(
    path: string,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<RemoteEvent> {
    const query = new URLSearchParams({
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(WATCH_SECONDS),
    });
    const { statusCode, body } = await this.agent.request({
      origin: this.cluster.server,
      path: `${path}?${query.toString()}`,
      method: 'GET',
      headers: { ...this.headers, accept: 'application/json' },
      signal,
    });
    if (statusCode !== 200) throw await refusal(statusCode, body);
    for await (const line of createInterface({ input: body })) {
      const event = JSON.parse(line) as RemoteEvent;
      if (event.type === 'ERROR') {
        const code = Number(textAt(event.object, 'code'));
        throw new RemoteApiError(code, textAt(event.object, 'message'));
      }
      yield event;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.destroy();
  }

  private async send(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    { body, contentType = 'application/json' }: RemoteRequest,
  ): Promise<unknown> {
    const answer = await this.agent.request({
      origin: this.cluster.server,
      path,
      method,
      headers: {
        ...this.headers,
        accept: 'application/json',
        ...(body && { 'content-type': contentType }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.statusCode >= 300) throw await refusal(answer.statusCode, answer.body);
    return answer.body.json();
  }
}

async function refusal(status: number, body: { text(): Promise<string> }): Promise<RemoteApiError> {
  const text = await body.text();
  return new RemoteApiError(status, messageIn(text) ?? text);
}

/** The message of a Status; undefined of any other text. */
function messageIn(text: string): string | undefined {
  try {
    return textAt(JSON.parse(text), 'message');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
