import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { NodeBlock } from '../model/node-block.ts';
import { Connections, type TlsConfig } from './connections.ts';
import { type Response, exchange } from './exchange.ts';
import { ExpositionDecoder } from './exposition.ts';
import type { KubeletInstruments } from './instruments.ts';
import { KubeletError, statusError, transportError } from './kubelet-error.ts';
import { Names } from './names.ts';
import { type AddressConfig, type KubeletNode, kubeletHost } from './node-address.ts';
import { type Ask, SourceChoice } from './source-choice.ts';
import { SummaryDecoder } from './summary.ts';

export interface KubeletClientConfig extends AddressConfig, TlsConfig {
  readonly source: 'auto' | 'summary' | 'resource';
  readonly maxResponseBytes: number;
  /** --deprecated-kubelet-completely-insecure: plain HTTP, and no credentials of ours. */
  readonly plainHttp: boolean;
}

/** Our identity, the same as towards kube-apiserver (kube/kube-credentials.ts by shape). */
export interface KubeletCredentials {
  readonly ca: string | undefined;
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
  readonly clock: Clock;
  readonly log: Logger;
}

/** How much of a refusal's text is quoted. */
const QUOTED_CHARACTERS = 200;

/** Asks kubelets for their figures, each over a kept connection, and decodes the answers. */
export class KubeletClient implements AsyncDisposable {
  readonly #parts: KubeletClientParts;
  readonly #connections: Connections;
  readonly #choice: SourceChoice;
  readonly #summary: SummaryDecoder;
  readonly #exposition: ExpositionDecoder;
  #isRuleMissingLogged = false;

  constructor(parts: KubeletClientParts) {
    const { config, credentials } = parts;
    const names = new Names();
    this.#parts = parts;
    this.#choice = new SourceChoice(config.source);
    this.#summary = new SummaryDecoder(names);
    this.#exposition = new ExpositionDecoder(names);
    this.#connections = new Connections({ ...parts, apiCa: () => credentials.ca });
  }

  /**
   * Fills the block with what the kubelet of the node says now. `signal` is the deadline, connecting and
   * the whole answer included.
   *
   * @throws KubeletError naming the kubelet, what happened and the remedy; the signal's reason when that is
   * no timeout.
   */
  async scrape(node: KubeletNode, into: NodeBlock, signal: AbortSignal): Promise<void> {
    const { clock, instruments } = this.#parts;
    const startMs = clock.monotonicMs();
    let success = false;
    try {
      await this.#scrape(node, into, signal);
      success = true;
    } finally {
      // Nobody waits for the answer of a node that is gone, and its series must not come back.
      if (success || !isWithdrawn(signal)) {
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]();
  }

  async #scrape(node: KubeletNode, into: NodeBlock, signal: AbortSignal): Promise<void> {
    const { config, clock } = this.#parts;
    const host = kubeletHost(node, config);
    const call = { node, host, where: `kubelet of node "${node.name}" at ${host}` };
    const ask = this.#choice.first(node, clock.monotonicMs());
    try {
      await this.#askAndDecode(call, ask, into, signal);
    } catch (error) {
      if (!ask.mayFallBack || !isRefusal(error)) throw error;
      await this.#fallBack(call, error, into, signal);
    }
  }

  /** Both refused: the first refusal is the one to mend. */
  async #fallBack(
    call: Call,
    refusal: KubeletError,
    into: NodeBlock,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#askAndDecode(call, this.#choice.second(), into, signal);
    } catch (error) {
      throw isRefusal(error) ? refusal : error;
    }
    this.#choice.remember(call.node.name, this.#parts.clock.monotonicMs());
    if (refusal.kind !== 'forbidden' || this.#isRuleMissingLogged) return;
    this.#isRuleMissingLogged = true;
    this.#parts.log.warn(
      { node: call.node.name, err: refusal.message },
      'Kubelets refused the summary, read /metrics/resource instead; grant "get" on nodes/stats',
    );
  }

  async #askAndDecode(
    call: Call,
    { source, path }: Ask,
    into: NodeBlock,
    signal: AbortSignal,
  ): Promise<void> {
    const requestedAtMs = this.#parts.clock.nowMs();
    const response = await this.#get(call, path, signal);
    checkType(call.where, path, source, response);
    try {
      if (source === 'summary') this.#summary.decode(response.body, into);
      else this.#exposition.decode(response.body, into, requestedAtMs);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const message = `${call.where} answered GET ${path} with something else than expected: ${error.message}`;
      throw new KubeletError('decode', message, error);
    }
  }

  /** Asks; when our token is not known, once more with the token as it is now. */
  async #get(call: Call, path: string, signal: AbortSignal): Promise<Response> {
    const { config, credentials } = this.#parts;
    const token = config.plainHttp ? undefined : await credentials.token();
    let response = await this.#send(call, path, token, signal);
    if (response.code === 401 && token !== undefined) {
      credentials.refreshToken();
      const renewed = await credentials.token();
      if (renewed !== token) response = await this.#send(call, path, renewed, signal);
    }
    const { code, text, body } = response;
    if (code === 200) return response;
    const said = body.toString('utf8', 0, QUOTED_CHARACTERS).replaceAll(/\s+/g, ' ').trim();
    throw statusError(call.where, path, { code, text, said });
  }

  async #send(
    { host, where }: Call,
    path: string,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const { config, userAgent } = this.#parts;
    const request = {
      origin: `${config.plainHttp ? 'http' : 'https'}://${host}`,
      path,
      headers: {
        'user-agent': userAgent,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      maxBytes: config.maxResponseBytes,
    };
    const agent: Dispatcher = await this.#connections.agent();
    try {
      return await exchange(agent, request, signal);
    } catch (error) {
      throw this.#explained(error, where, path, signal);
    }
  }

  #explained(error: unknown, where: string, path: string, signal: AbortSignal): unknown {
    const { requestTimeoutMs, maxResponseBytes } = this.#parts.config;
    if (signal.aborted && error === signal.reason) {
      if (isWithdrawn(signal)) return error;
      const seconds = `${requestTimeoutMs / 1000} s`;
      const remedy = 'look at its load, or raise --kubelet-request-timeout';
      return new KubeletError(
        'timeout',
        `${where} did not answer GET ${path} within ${seconds} (context deadline exceeded); ${remedy}`,
        error,
      );
    }
    if (error instanceof KubeletError && error.kind === 'too-large') {
      const limit = `--kubelet-max-response-bytes=${maxResponseBytes}`;
      const message = `${where} answered GET ${path} with more than ${limit} allows`;
      return new KubeletError('too-large', message, error);
    }
    return transportError(error, where);
  }
}

interface Call {
  readonly node: KubeletNode;
  readonly host: string;
  /** The kubelet in words. */
  readonly where: string;
}

function isRefusal(error: unknown): error is KubeletError {
  return (
    error instanceof KubeletError && (error.kind === 'forbidden' || error.kind === 'not-found')
  );
}

/** Nobody wants the answer any more; a deadline is something else. */
function isWithdrawn({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(reason instanceof DOMException && reason.name === 'TimeoutError');
}

const TYPES = {
  summary: ['application/json'],
  resource: ['text/plain', 'application/openmetrics-text'],
};

/** A proxy or a login page in between says 200 as well. A kubelet that names no type is believed. */
function checkType(
  where: string,
  path: string,
  source: 'summary' | 'resource',
  { contentType, contentEncoding }: Response,
): void {
  const expected = TYPES[source];
  if (contentType !== '' && !expected.includes(contentType)) {
    throw new KubeletError(
      'decode',
      `${where} answered GET ${path} with "${contentType}" instead of "${expected.join('" or "')}"; ` +
        'is something else listening there, or a proxy in between?',
    );
  }
  if (contentEncoding !== '' && contentEncoding !== 'identity') {
    throw new KubeletError(
      'decode',
      `${where} answered GET ${path} encoded as "${contentEncoding}", which was not asked for`,
    );
  }
}
