import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { KubeletConnection } from './connection.ts';
import type { Target, TlsUse } from './kubelet-socket.ts';
import { Sessions } from './sessions.ts';
import { type ApiTls, type TlsConfig, TlsSettings } from './tls-settings.ts';

export interface ConnectionParts {
  readonly config: TlsConfig & {
    /** No TLS at all. */
    readonly plainHttp: boolean;
  };
  readonly api: ApiTls;
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Another bound of kept connections, for tests. */
  readonly mostKept?: number;
}

/** What is read at once at most; TLS gives 16 kB. */
const READ_BYTES = 64 * 1024;
/** Longer than the usual pause between two scrapes, shorter than the 90 s after which a kubelet closes what is idle. */
const IDLE_MS = 80_000;
const TIDY_MS = 10_000;
/**
 * Connections that are kept between scrapes, at most 420 MB of them: one costs some 70 kB (answers of 82 kB), most of it buffers of
 * Node and OpenSSL outside the heap, and 133 kB where buffers cannot be made small (small-tls-buffers.ts). To go without costs
 * 0.42 ms of CPU a scrape. So those of 5,000 nodes are all kept, and some more that come while others go.
 * The first that come are kept, and no others until one of them is gone: nodes are scraped in a cycle, in which the one
 * used longest ago is always the next.
 */
const MOST_KEPT = 6_000;

/**
 * The connections to all kubelets: one to each, kept up to a bound, and made anew when the TLS settings change. Beyond the
 * bound they are closed after each answer, and the TLS session is resumed for the next.
 */
export class Connections implements Disposable {
  /** Undefined with plain HTTP. */
  readonly #settings: TlsSettings | undefined;
  readonly #retired = new Set<KubeletConnection>();
  readonly #byHost = new Map<string, KubeletConnection>();
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #clock: Clock;
  readonly #tidying: NodeJS.Timeout;
  readonly #mostKept: number;
  readonly #sessions: Sessions;
  #kept = 0;
  /** What the connections in `#byHost` were made with. */
  #tls: TlsUse | undefined;
  #isClosed = false;

  private constructor(settings: TlsSettings | undefined, clock: Clock, mostKept: number) {
    this.#settings = settings;
    this.#tls = settings?.current;
    this.#clock = clock;
    this.#mostKept = mostKept;
    this.#sessions = new Sessions(() => clock.monotonicMs());
    this.#tidying = setInterval(() => {
      this.#tidy();
    }, TIDY_MS).unref();
  }

  /** @throws Error in Go's words when the TLS files cannot be read or used. */
  static async open(parts: ConnectionParts): Promise<Connections> {
    const settings = parts.config.plainHttp ? undefined : await TlsSettings.open(parts);
    return new Connections(settings, parts.clock, parts.mostKept ?? MOST_KEPT);
  }

  /** Connections that are open, or are being made, to different kubelets. */
  get size(): number {
    return this.#byHost.size;
  }

  /** Reads the TLS files again when it is time to. Never rejects; undefined: nothing to wait for. */
  refresh(): Promise<void> | undefined {
    return this.#settings?.refresh();
  }

  /** The connection to a host and port as they stand in a URL. Use it at once: it may vanish when unused. */
  to(host: string): KubeletConnection {
    if (this.#isClosed) throw new Error('Cannot connect to kubelets: the client is closed');
    this.#takeUp();
    const known = this.#byHost.get(host);
    if (known) return known;
    const isKept = this.#kept < this.#mostKept;
    if (isKept) this.#kept += 1;
    const connection = new KubeletConnection({
      target: targetOf(host),
      tls: this.#tls,
      readBuffer: this.#readBuffer,
      resumption: isKept ? undefined : () => this.#sessions.of(host),
      onUnused: () => {
        this.#retired.delete(connection);
        this.#leave(host, connection);
      },
      nowMs: () => this.#clock.monotonicMs(),
    });
    this.#byHost.set(host, connection);
    return connection;
  }

  /** Breaks off what goes on. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearInterval(this.#tidying);
    for (const connection of [...this.#byHost.values(), ...this.#retired]) connection.destroy();
  }

  /** With other settings, kept connections must not go on: what they were verified with may be gone. */
  #takeUp(): void {
    const tls = this.#settings?.current;
    if (tls === this.#tls) return;
    this.#tls = tls;
    this.#sessions.clear();
    for (const [host, connection] of this.#byHost) this.#retire(host, connection);
  }

  /** Closes what has not been used for long, of nodes that are gone for example. */
  #tidy(): void {
    this.#sessions.tidy();
    const beforeMs = this.#clock.monotonicMs() - IDLE_MS;
    for (const [host, connection] of this.#byHost) {
      const { idleSinceMs } = connection;
      if (idleSinceMs !== undefined && idleSinceMs <= beforeMs) this.#retire(host, connection);
    }
  }

  /** It is no longer the one to this host. */
  #leave(host: string, connection: KubeletConnection): void {
    if (this.#byHost.get(host) !== connection) return;
    this.#byHost.delete(host);
    if (connection.isKept) this.#kept -= 1;
  }

  /** Lets it finish what it does, without anybody waiting for that. */
  #retire(host: string, connection: KubeletConnection): void {
    this.#leave(host, connection);
    this.#retired.add(connection); // until it says that it is unused, perhaps at once
    connection.retire();
  }
}

/** Of a host and port as they stand in a URL. */
function targetOf(text: string): Target {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(text.slice(colon + 1)) };
}
