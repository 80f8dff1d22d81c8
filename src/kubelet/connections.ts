import { setMaxListeners } from 'node:events';
import { createSecureContext } from 'node:tls';
import { Agent } from 'undici';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { KubeletError } from './kubelet-error.ts';

export interface TlsConfig {
  readonly insecureTls: boolean;
  /** '': the CA of the API client configuration. */
  readonly caFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  readonly requestTimeoutMs: number;
}

export interface ConnectionParts {
  readonly config: TlsConfig;
  /** PEM that kubelets are verified with unless a file is named; undefined: the roots that come with Node. */
  readonly apiCa: () => string | undefined;
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Longer than any pause between two scrapes of a node (the longest back-off is a minute). */
const KEEP_ALIVE_MS = 90_000;
const TCP_KEEP_ALIVE_MS = 30_000;
const CHECK_FILES_MS = 60_000;

interface Materials {
  readonly ca: string | undefined;
  readonly cert: string;
  readonly key: string;
}

/**
 * The connections to all kubelets: one kept to each, over TLS settings that are read again when a file
 * or the cluster's CA changes. What cannot be read later on is ignored: the last good settings stay.
 */
export class Connections implements AsyncDisposable {
  readonly #parts: ConnectionParts;
  readonly #retired = new Set<Agent>();
  /** Also ends sockets that are still connecting, which undici would wait for. */
  readonly #ending = new AbortController();
  #agent: Agent | undefined;
  #materials: Materials | undefined;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined;
  #problem = '';

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    setMaxListeners(0, this.#ending.signal); // one a connection
  }

  /** @throws KubeletError `credentials` while the settings have never been readable. */
  async agent(): Promise<Agent> {
    const { clock, apiCa, config } = this.#parts;
    if (clock.monotonicMs() - this.#checkedAtMs >= CHECK_FILES_MS) {
      this.#checking ??= this.#check().finally(() => {
        this.#checking = undefined;
      });
      await this.#checking;
    } else if (
      config.caFile === '' &&
      this.#materials &&
      this.#materials.ca !== this.#caOf(apiCa())
    ) {
      this.#use({ ...this.#materials, ca: this.#caOf(apiCa()) });
    }
    if (!this.#agent) throw new KubeletError('credentials', this.#problem);
    return this.#agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const agents = [...this.#retired, ...(this.#agent ? [this.#agent] : [])];
    this.#ending.abort();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  async #check(): Promise<void> {
    const { config, readFile, apiCa, clock, log } = this.#parts;
    const read = (path: string): Promise<string> =>
      path === '' ? Promise.resolve('') : readFile(path);
    try {
      const [ca, cert, key] = await Promise.all([
        config.insecureTls ? '' : read(config.caFile),
        read(config.clientCertFile),
        read(config.clientKeyFile),
      ]);
      this.#use({ ca: this.#caOf(ca === '' ? apiCa() : ca), cert, key });
      this.#problem = '';
    } catch (err) {
      const problem = err instanceof Error ? err.message : String(err);
      if (problem !== this.#problem) {
        log.error({ err }, 'Could not load the TLS settings for kubelets, kept the last good ones');
      }
      this.#problem = problem;
    }
    this.#checkedAtMs = clock.monotonicMs();
  }

  #caOf(pem: string | undefined): string | undefined {
    return this.#parts.config.insecureTls ? undefined : pem;
  }

  /** @throws Error when OpenSSL cannot use them. */
  #use(materials: Materials): void {
    const { ca, cert, key } = materials;
    const now = this.#materials;
    if (now?.ca === ca && now?.cert === cert && now.key === key) return;
    const agent = this.#createAgent(materials);
    if (this.#agent) this.#retire(this.#agent);
    this.#agent = agent;
    this.#materials = materials;
  }

  #createAgent({ ca, cert, key }: Materials): Agent {
    const { config } = this.#parts;
    return new Agent({
      allowH2: false,
      connections: 1,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // The scraper's deadline covers all of it; undici's own timers are coarse.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        // One for all: making one a connection costs 0.3 ms.
        secureContext: createSecureContext({
          ...(ca !== undefined && ca !== '' && { ca }),
          ...(cert !== '' && { cert }),
          ...(key !== '' && { key }),
        }),
        rejectUnauthorized: !config.insecureTls,
        timeout: config.requestTimeoutMs,
        keepAlive: true,
        keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
        signal: this.#ending.signal,
      },
    });
  }

  /** Lets its requests finish, without anybody waiting for it. */
  #retire(agent: Agent): void {
    this.#retired.add(agent);
    const done = (): void => {
      this.#retired.delete(agent);
    };
    agent.close().then(done, done);
  }
}
