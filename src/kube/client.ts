import { toJsonText } from '../apimachinery/json-text.ts';
import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { AgentHolder } from './agent.ts';
import type { AgentLimits } from './agent.ts';
import { Deadline, pause, untilAborted } from './deadline.ts';
import type { KubeCredentials } from './kube-credentials.ts';
import { KubeError, toKubeError } from './kube-error.ts';
import { RateLimiter } from './rate-limiter.ts';
import { refusalError } from './status-reply.ts';

/** Counts calls to kube-apiserver. `code` is the HTTP status, or `<error>` without one. */
export interface RequestInstruments {
  requested(method: string, host: string, code: string, seconds: number): void;
  waited(method: string, host: string, seconds: number): void;
  transferred(method: string, host: string, sentBytes: number, receivedBytes: number): void;
}

export interface KubeClientOptions {
  readonly credentials: KubeCredentials;
  /** See user-agent.ts. */
  readonly userAgent: string;
  readonly clock: Clock;
  readonly instruments: RequestInstruments;
  readonly limits?: Partial<ClientLimits>;
}

interface ClientLimits extends AgentLimits {
  /** Calls by `post` to one path, a second on average, and at once (as upstream's delegated clients). */
  readonly queriesPerSecond: number;
  readonly burst: number;
  /** Of an answer to `post`. */
  readonly maxResponseBytes: number;
}

const LIMITS: ClientLimits = {
  connections: 64,
  connectTimeoutMs: 10_000,
  queriesPerSecond: 200,
  burst: 400,
  maxResponseBytes: 3 * 1024 * 1024,
};

/** Of the body of a refusal, which is only quoted. */
const MAX_REFUSAL_BYTES = 64 * 1024;

export interface OpenRequest {
  /** Path and query. */
  readonly path: string;
  readonly accept: string;
  /** Time until the headers are here, connecting included. */
  readonly headersTimeoutMs: number;
  /** Ends the body, too. */
  readonly signal: AbortSignal;
}

interface PostOptions {
  /** Time for everything: the rate limit, connecting, the whole answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly accept: string;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

/** Calls kube-apiserver over kept connections, HTTP/1.1, with our credentials. Everything fails as KubeError. */
export class KubeClient implements AsyncDisposable {
  /** Scheme, host and port: for messages. */
  readonly server: string;
  private readonly options: KubeClientOptions;
  private readonly limits: ClientLimits;
  private readonly agents: AgentHolder;
  /** One a path; only reviews are posted. */
  private readonly limiters = new Map<string, RateLimiter>();
  private readonly origin: string;
  private readonly host: string;
  private readonly basePath: string;

  constructor(options: KubeClientOptions) {
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.agents = new AgentHolder(options.credentials, this.limits);
    const url = new URL(options.credentials.server);
    this.server = url.origin;
    this.origin = url.origin;
    this.host = url.host;
    this.basePath = url.pathname.replace(/\/+$/, '');
  }

  /**
   * Starts a GET and gives its body as it comes, for a list or a watch. Stop reading, or abort, to end it.
   *
   * @throws KubeError when the answer is not 200, or no headers came in time.
   */
  async open(request: OpenRequest): Promise<AsyncIterable<Uint8Array>> {
    const { path, accept, headersTimeoutMs, signal } = request;
    const call = `GET ${path.replace(/\?.*/s, '')}`;
    using deadline = new Deadline(headersTimeoutMs, undefined, () =>
      this.overdue(call, headersTimeoutMs),
    );
    const response = await this.send({
      method: 'GET',
      path,
      accept,
      body: undefined,
      signal: AbortSignal.any([signal, deadline.signal]),
    });
    return this.readBody(response.body);
  }

  /**
   * Creates an object (a review) and returns what the server made of it.
   *
   * @throws KubeError when the answer is not 2xx and JSON, or did not come in time.
   */
  async post(path: string, object: object, options: PostOptions): Promise<unknown> {
    const { timeoutMs, signal } = options;
    const call = `POST ${path.replace(/\?.*/s, '')}`;
    using deadline = new Deadline(timeoutMs, signal, () => this.overdue(call, timeoutMs));
    await this.takeTurn(path, timeoutMs, deadline.signal);
    // As Go's client writes it, line end included.
    const sent = `${toJsonText(object)}\n`;
    const outgoing = { method: 'POST', path, accept: 'application/json', body: sent } as const;
    const response = await this.send({ ...outgoing, signal: deadline.signal });
    const bytes = await this.readWhole(
      response.body,
      this.limits.maxResponseBytes,
      deadline.signal,
    );
    this.options.instruments.transferred('POST', this.host, Buffer.byteLength(sent), bytes.length);
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      throw new KubeError(`kube-apiserver answered ${call} with something that is not JSON`, {
        kind: 'malformed',
        cause,
      });
    }
  }

  /** Breaks every connection off. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.agents[Symbol.asyncDispose]();
  }

  private async takeTurn(path: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const waitMs = this.limiterOf(path).reserve(timeoutMs);
    this.options.instruments.waited('POST', this.host, (waitMs ?? timeoutMs) / 1000);
    if (waitMs === undefined) {
      const { queriesPerSecond } = this.limits;
      throw new KubeError(
        `Cannot call kube-apiserver: more than ${queriesPerSecond} calls a second wait for their turn`,
        { kind: 'timeout' },
      );
    }
    if (waitMs > 0) await pause(waitMs, signal);
  }

  private limiterOf(path: string): RateLimiter {
    const known = this.limiters.get(path);
    if (known) return known;
    const { queriesPerSecond, burst } = this.limits;
    const limiter = new RateLimiter(queriesPerSecond, burst, this.options.clock);
    this.limiters.set(path, limiter);
    return limiter;
  }

  /** Sends it; when the server does not know our token, once more with the token as it is now. */
  private async send(outgoing: Outgoing): Promise<Dispatcher.ResponseData> {
    const { credentials } = this.options;
    const token = await this.token(outgoing.signal);
    try {
      return await this.sendOnce(outgoing, token);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.status !== 401 && error.kind !== 'tls') throw error;
      credentials.refreshToken();
      if (error.kind === 'tls') throw error; // the next call verifies with the CA as it is now
      const renewed = await this.token(outgoing.signal);
      if (renewed === token) throw error;
      return await this.sendOnce(outgoing, renewed);
    }
  }

  private async token(signal: AbortSignal): Promise<string | undefined> {
    return untilAborted(this.options.credentials.token(), signal, () => undefined);
  }

  private async sendOnce(
    outgoing: Outgoing,
    token: string | undefined,
  ): Promise<Dispatcher.ResponseData> {
    const { clock, instruments } = this.options;
    const startMs = clock.monotonicMs();
    let code = '<error>';
    try {
      const response = await this.dispatch(outgoing, token);
      code = String(response.statusCode);
      const { statusCode } = response;
      if (outgoing.method === 'GET' ? statusCode === 200 : statusCode >= 200 && statusCode < 300) {
        return response;
      }
      throw await this.refusal(outgoing, response);
    } catch (error) {
      throw toKubeError(error, this.server);
    } finally {
      const seconds = (clock.monotonicMs() - startMs) / 1000;
      instruments.requested(outgoing.method, this.host, code, seconds);
    }
  }

  private dispatch(
    { method, path, accept, body, signal }: Outgoing,
    token: string | undefined,
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { accept, 'user-agent': this.options.userAgent };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const pending = this.agents.current().request({
      origin: this.origin,
      path: `${this.basePath}${path}`,
      method,
      headers,
      body: body ?? null,
      signal,
    });
    return untilAborted(pending, signal, (late) => {
      late.body.destroy();
    });
  }

  private async refusal(
    { method, path, signal }: Outgoing,
    response: Dispatcher.ResponseData,
  ): Promise<KubeError> {
    const bytes = await this.readWhole(response.body, MAX_REFUSAL_BYTES, signal);
    const retryAfter = response.headers['retry-after'];
    return refusalError(
      {
        method,
        path: path.replace(/\?.*/s, ''),
        status: response.statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        body: bytes.toString('utf8'),
      },
      this.options.clock.nowMs(),
    );
  }

  private async readWhole(
    body: Dispatcher.ResponseData['body'],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.readBody(body)) {
      signal.throwIfAborted();
      length += chunk.length;
      if (length > maxBytes) {
        throw new KubeError(
          `Cannot read the answer of kube-apiserver: longer than ${maxBytes} bytes`,
          {
            kind: 'too-large',
          },
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** Ending the loop over it early closes the connection, since more may be under way. */
  private async *readBody(body: Dispatcher.ResponseData['body']): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) yield chunk as Uint8Array;
    } catch (error) {
      throw toKubeError(error, this.server);
    }
  }

  private overdue(call: string, timeoutMs: number): KubeError {
    return new KubeError(
      `kube-apiserver at ${this.server} did not answer ${call} in ${timeoutMs} ms`,
      {
        kind: 'timeout',
      },
    );
  }
}
