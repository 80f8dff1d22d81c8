import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { NodeBlock } from '../model/node-block.ts';
import { type BodyBuffer, BodyBuffers } from './body-buffer.ts';
import { Connections } from './connections.ts';
import { ExchangeError } from './exchange-error.ts';
import { ExpositionDecoder } from './exposition.ts';
import { type Failure, lateWords, refusalWords, transportWords } from './failure-words.ts';
import type { KubeletInstruments } from './instruments.ts';
import { KubeletError, type KubeletErrorKind } from './kubelet-error.ts';
import type { Names } from './names.ts';
import { type AddressConfig, type KubeletNode, kubeletHost } from './node-address.ts';
import { RequestFields } from './request-fields.ts';
import type { ResponseHead } from './response-head.ts';
import { type Ask, SourceChoice } from './source-choice.ts';
import { SummaryDecoder } from './summary.ts';
import type { ApiTls, TlsConfig } from './tls-settings.ts';
import { untilAborted } from './until-aborted.ts';

export interface KubeletClientConfig extends AddressConfig, TlsConfig {
  readonly source: 'auto' | 'summary' | 'resource';
  readonly requestTimeoutMs: number;
  readonly maxResponseBytes: number;
  /** --deprecated-kubelet-completely-insecure: plain HTTP, and no credentials of ours. */
  readonly plainHttp: boolean;
}

/** Our identity and trust, the same as towards kube-apiserver (kube/kube-credentials.ts by shape). */
export interface KubeletCredentials extends ApiTls {
  token(): Promise<string | undefined>;
  /** The next `token()` reads it anew. */
  refreshToken(): void;
}

export interface KubeletClientParts {
  readonly config: KubeletClientConfig;
  readonly credentials: KubeletCredentials;
  readonly userAgent: string;
  readonly readFile: (path: string) => Promise<string>;
  readonly instruments: KubeletInstruments;
  /** Shared with whoever else is told the names of pods. */
  readonly names: Names;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How much of a refusal's text is quoted. */
const QUOTED_CHARACTERS = 200;

/** One scrape of one node. */
interface Call {
  readonly node: KubeletNode;
  /** With its port. */
  readonly host: string;
  readonly signal: AbortSignal;
  readonly body: BodyBuffer;
}

/** Asks kubelets for their figures, each over a kept connection, and decodes the answers. */
export class KubeletClient implements Disposable {
  readonly #parts: KubeletClientParts;
  readonly #connections: Connections;
  readonly #fields: RequestFields;
  readonly #choice: SourceChoice;
  readonly #summary: SummaryDecoder;
  readonly #exposition: ExpositionDecoder;
  readonly #bodies: BodyBuffers;
  #isRuleMissingLogged = false;

  private constructor(parts: KubeletClientParts, connections: Connections) {
    const { names } = parts;
    this.#parts = parts;
    this.#connections = connections;
    this.#fields = new RequestFields(parts.userAgent);
    this.#choice = new SourceChoice(parts.config.source);
    this.#bodies = new BodyBuffers(() => parts.clock.monotonicMs());
    this.#summary = new SummaryDecoder(names);
    this.#exposition = new ExpositionDecoder(names);
  }

  /** @throws Error in upstream's words when the files for TLS cannot be read or used. */
  static async open(parts: KubeletClientParts): Promise<KubeletClient> {
    try {
      return new KubeletClient(parts, await Connections.open({ ...parts, api: parts.credentials }));
    } catch (cause) {
      const message = Error.isError(cause) ? cause.message : String(cause);
      throw new Error(
        `unable to construct a client to connect to the kubelets: unable to construct transport: ${message}`,
        { cause },
      );
    }
  }

  /**
   * Fills the block with what the kubelet of the node says now. `signal` is the deadline, connecting and
   * the whole answer included. Nothing is written into the block after it has settled.
   *
   * @throws KubeletError naming the node, what happened and the remedy; the signal's reason when that is
   * no timeout.
   */
  async scrape(node: KubeletNode, into: NodeBlock, signal: AbortSignal): Promise<void> {
    const { clock, instruments } = this.#parts;
    const startMs = clock.monotonicMs();
    const body = this.#bodies.take();
    let success = false;
    try {
      const host = kubeletHost(node, this.#parts.config);
      await this.#scrape({ node, host, signal, body }, into);
      success = true;
    } finally {
      this.#bodies.give(body);
      // Nobody waits for the answer of a node that is gone, and its series must not come back.
      if (!isWithdrawn(signal)) {
        const seconds = (clock.monotonicMs() - startMs) / 1000;
        instruments.scraped(node.name, success, seconds, clock.nowMs());
      }
    }
  }

  /** The node is gone: so is what was remembered of it. */
  forget(nodeName: string): void {
    this.#choice.forget(nodeName);
    this.#parts.instruments.forget(nodeName);
  }

  /** Breaks off what goes on. */
  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
  }

  async #scrape(call: Call, into: NodeBlock): Promise<void> {
    const ask = this.#choice.for(call.node, this.#parts.clock.monotonicMs());
    try {
      await this.#read(call, ask, into);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (ask.otherwise) {
        await this.#readOtherwise(call, ask.otherwise, error, into);
        return;
      }
      // Should the second source have been remembered, that helps no more; the first one may.
      this.#choice.forget(call.node.name);
      throw error;
    }
  }

  async #readOtherwise(
    call: Call,
    ask: Ask,
    refusal: KubeletError,
    into: NodeBlock,
  ): Promise<void> {
    try {
      await this.#read(call, ask, into);
    } catch (error) {
      throw isRefusal(error) ? bothRefused(call, refusal, error) : error;
    }
    const { clock, log } = this.#parts;
    this.#choice.remember(call.node.name, clock.monotonicMs());
    if (refusal.kind !== 'forbidden' || this.#isRuleMissingLogged) return;
    this.#isRuleMissingLogged = true;
    log.warn(
      { node: call.node.name, err: refusal.message },
      'Kubelets refused the summary, read /metrics/resource instead; grant "get" on nodes/stats',
    );
  }

  /** Asks, and decodes the answer. */
  async #read(call: Call, { source, path }: Ask, into: NodeBlock): Promise<void> {
    const requestedAtMs = this.#parts.clock.nowMs();
    const head = await this.#get(call, path);
    // Whoever withdrew may have given the block to somebody else by now.
    call.signal.throwIfAborted();
    const { bytes } = call.body;
    try {
      checkContent(source, head, bytes);
      if (source === 'summary') this.#summary.decode(bytes, into);
      else this.#exposition.decode(bytes, into, requestedAtMs);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const words = `its answer to GET ${path} is not what was asked for: ${error.message}`;
      throw failed(call, { kind: 'decode', words }, error);
    }
  }

  /** Asks; when our token is not known, once more with the token as it is now. */
  async #get(call: Call, path: string): Promise<ResponseHead> {
    const { credentials } = this.#parts;
    let token = await this.#prepare(call);
    let head = await this.#send(call, path, token);
    if (head.code === 401 && token !== undefined) {
      credentials.refreshToken();
      const renewed = await this.#prepare(call);
      if (renewed !== token) head = await this.#send(call, path, renewed);
      token = renewed;
    }
    if (head.code === 200) return head;
    const text = quotable(head.text, token);
    const said = quotable(call.body.bytes.toString('utf8'), token);
    throw failed(call, refusalWords(path, { code: head.code, text, said }));
  }

  /** What a request needs of our own. Failing here is no fault of the kubelet. */
  async #prepare(call: Call): Promise<string | undefined> {
    const { config, credentials } = this.#parts;
    if (config.plainHttp) return undefined;
    const { signal } = call;
    try {
      const token = await untilAborted(credentials.token(), signal);
      const refreshing = this.#connections.refresh();
      if (refreshing) await untilAborted(refreshing, signal);
      return token;
    } catch (error) {
      if (isWithdrawn(signal)) throw error;
      const message = Error.isError(error) ? error.message : String(error);
      const words = signal.aborted
        ? 'our own credentials could not be read in time'
        : `our own credentials could not be read: ${message}`;
      throw failed(call, { kind: 'credentials', words }, error);
    }
  }

  async #send(call: Call, path: string, token: string | undefined): Promise<ResponseHead> {
    const text = this.#fields.get(path, call.host, token);
    const request = { text, maxBytes: this.#parts.config.maxResponseBytes };
    try {
      return await this.#connections.to(call.host).get(request, call.body, call.signal);
    } catch (error) {
      throw this.#explained(call, path, error);
    }
  }

  #explained(call: Call, path: string, error: unknown): unknown {
    if (!(error instanceof ExchangeError)) return error;
    const { cause } = error;
    const { signal } = call;
    if (signal.aborted && cause === signal.reason) {
      if (isWithdrawn(signal)) return cause;
      return failed(call, lateWords(path, error, this.#parts.config), cause);
    }
    const failure = transportWords(path, error, this.#parts.config);
    return failure ? failed(call, failure, cause) : cause;
  }
}

function cannotScrape({ node, host }: Call): string {
  return `Cannot scrape node "${node.name}" at ${host}: `;
}

function failed(call: Call, { kind, words }: Failure, cause?: unknown): KubeletError {
  return new KubeletError(kind, `${cannotScrape(call)}${words}`, cause);
}

/** Mending one of the two is enough, and a missing right is the easier one. */
function bothRefused(call: Call, first: KubeletError, second: KubeletError): KubeletError {
  const also = second.message.slice(cannotScrape(call).length);
  const kind = first.kind === 'forbidden' ? first.kind : second.kind;
  return new KubeletError(kind, `${first.message}; and ${also}`, second);
}

const REFUSALS: ReadonlySet<KubeletErrorKind> = new Set(['forbidden', 'not-found']);

function isRefusal(error: unknown): error is KubeletError {
  return error instanceof KubeletError && REFUSALS.has(error.kind);
}

/** Nobody wants the answer any more; a deadline is something else. */
function isWithdrawn({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(Error.isError(reason) && reason.name === 'TimeoutError');
}

/** What a kubelet says, on one line and without our token, should it say that. */
function quotable(text: string, token: string | undefined): string {
  const safe = token === undefined ? text : text.replaceAll(token, '[our token]');
  const line = safe.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > QUOTED_CHARACTERS ? `${line.slice(0, QUOTED_CHARACTERS)}…` : line;
}

/** Go's servers say text/plain where nobody says more: virtual kubelets do of their summary. '' is believed. */
const TYPES = {
  summary: ['application/json', 'text/plain', ''],
  resource: ['text/plain', 'application/openmetrics-text', ''],
};

/**
 * A proxy or a login page in between says 200 as well, and so does a kubelet that has nothing to say: an answer
 * without anything would take away all figures of the node.
 *
 * @throws SyntaxError
 */
function checkContent(
  source: keyof typeof TYPES,
  { contentType, contentEncoding }: ResponseHead,
  bytes: Uint8Array,
): void {
  const types = TYPES[source];
  if (!types.includes(contentType)) {
    throw new SyntaxError(
      `expected the content type ${types[0]}, got "${contentType.slice(0, QUOTED_CHARACTERS)}"; is a proxy in between?`,
    );
  }
  if (contentEncoding !== '' && contentEncoding !== 'identity') {
    const quoted = contentEncoding.slice(0, QUOTED_CHARACTERS);
    throw new SyntaxError(`expected it as it is, got it encoded as "${quoted}"`);
  }
  if (bytes.length === 0) throw new SyntaxError('expected something, got nothing');
}
