import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { KubeletConnection, type TlsUse } from './connection.ts';
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
}

/** The connections to all kubelets: one kept to each, made anew when the TLS settings change. */
export class Connections implements AsyncDisposable {
  /** Undefined with plain HTTP. */
  readonly #settings: TlsSettings | undefined;
  readonly #retired = new Set<KubeletConnection>();
  readonly #byHost = new Map<string, KubeletConnection>();
  /** What the connections in `#byHost` were made with. */
  #tls: TlsUse | undefined;
  #isClosed = false;

  private constructor(settings: TlsSettings | undefined) {
    this.#settings = settings;
    this.#tls = settings?.current;
  }

  /** @throws Error in Go's words when the TLS files cannot be read or used. */
  static async open(parts: ConnectionParts): Promise<Connections> {
    return new Connections(parts.config.plainHttp ? undefined : await TlsSettings.open(parts));
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
    const connection = new KubeletConnection(
      `${this.#tls ? 'https' : 'http'}://${host}`,
      this.#tls,
      () => {
        if (this.#byHost.get(host) === connection) this.#byHost.delete(host);
        this.#retire(connection);
      },
    );
    this.#byHost.set(host, connection);
    return connection;
  }

  /** Breaks off what goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#byHost.values(), ...this.#retired];
    await Promise.all(all.map((connection) => connection.destroy()));
  }

  /** With other settings, kept connections must not go on: what they were verified with may be gone. */
  #takeUp(): void {
    const tls = this.#settings?.current;
    if (tls === this.#tls) return;
    this.#tls = tls;
    for (const connection of this.#byHost.values()) this.#retire(connection);
    this.#byHost.clear();
  }

  /** Lets it finish what it does, without anybody waiting for that. */
  #retire(connection: KubeletConnection): void {
    if (this.#retired.has(connection)) return;
    this.#retired.add(connection);
    const forget = (): void => {
      this.#retired.delete(connection);
    };
    connection.close().then(forget, forget); // it fails when it is destroyed first: gone is gone
  }
}
