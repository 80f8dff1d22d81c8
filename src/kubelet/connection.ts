import { type Socket, connect as connectTcp, isIP } from 'node:net';
import { type SecureContext, connect as connectTls } from 'node:tls';
import { Client } from 'undici';
import type { BodyBuffer } from './body-buffer.ts';
import { Exchange, type Request, type ResponseHead, type Stage } from './exchange.ts';

/** How a connection is made safe; undefined stands for plain TCP. */
export interface TlsUse {
  /** One for all: making one a connection costs 0.3 ms. */
  readonly context: SecureContext;
  readonly isVerified: boolean;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** What broke, and how far the exchange had come by then. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly stage: Stage;
  /** Of the body. */
  readonly receivedBytes: number;

  constructor(cause: unknown, stage: Stage, receivedBytes: number) {
    super(`Broke while ${stage}`, { cause });
    this.stage = stage;
    this.receivedBytes = receivedBytes;
  }
}

/** Longer than the usual pause between two scrapes, shorter than the 90 s after which a kubelet closes what is idle. */
const KEEP_ALIVE_MS = 80_000;
/** The kernel finds a dead peer of a kept connection within a minute or so. */
const TCP_KEEP_ALIVE_MS = 30_000;

/**
 * The one connection to one kubelet, kept between scrapes and made anew when it is gone. HTTP/1.1: one
 * request at a time.
 */
export class KubeletConnection {
  readonly #client: Client;
  readonly #tls: TlsUse | undefined;
  readonly #onUnused: () => void;
  #socket: Socket | undefined;
  /** How far the last socket came. */
  #reach: 'connecting' | 'handshaking' | 'open' = 'connecting';
  /** The socket's first error. undici tells the last one: that the other side closed, after its alert said why. */
  #fault: Error | undefined;
  /** Sockets made so far. */
  #dials = 0;
  #running = 0;

  /** `onUnused` is called when there is neither a usable socket nor an exchange left. */
  constructor(origin: string, tls: TlsUse | undefined, onUnused: () => void) {
    this.#tls = tls;
    this.#onUnused = onUnused;
    this.#client = new Client(origin, {
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // The scraper's deadline covers all of it; undici's own timers are coarse.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: ({ hostname, port, protocol }, done) => {
        this.#dial({ host: hostname, port: Number(port) || defaultPort(protocol) }, (outcome) => {
          if (Error.isError(outcome)) done(outcome, null);
          else done(null, outcome);
        });
      },
    });
  }

  /**
   * Asks, and fills the buffer with the answer; once more when a kept connection turns out to be dead. The
   * kubelet may have closed it just when we wrote, which says nothing about the kubelet.
   *
   * @throws ExchangeError whose cause is the signal's reason, TooLargeError or the transport's error.
   */
  async get(request: Request, body: BodyBuffer, signal: AbortSignal): Promise<ResponseHead> {
    const dials = this.#dials;
    this.#running++;
    try {
      const head = await this.#exchange(request, body, signal).catch((error: unknown) => {
        const wasKept = this.#dials === dials && !this.#client.closed;
        if (wasKept && isClosedByPeer(error) && !signal.aborted) return undefined;
        throw error;
      });
      return head ?? (await this.#exchange(request, body, signal));
    } finally {
      this.#running--;
      this.#tidy();
    }
  }

  /** Lets its exchanges finish, then closes. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  /** Breaks everything off, also what is still connecting: undici would wait for that. */
  async destroy(): Promise<void> {
    const closed = this.#client.destroy();
    this.#socket?.destroy();
    await closed;
  }

  async #exchange(request: Request, body: BodyBuffer, signal: AbortSignal): Promise<ResponseHead> {
    body.clear();
    const exchange = new Exchange(request, body, signal);
    try {
      return await exchange.run(this.#client);
    } catch (error) {
      const cause = codeOf(error) === 'UND_ERR_SOCKET' ? (this.#fault ?? error) : error;
      throw this.#broken(exchange, cause, body.length);
    }
  }

  #broken({ stage }: Exchange, cause: unknown, receivedBytes: number): ExchangeError {
    const reach = this.#reach;
    if (reach === 'open') {
      // Not even sent: it stood behind another one.
      const waiting = stage === 'connecting' ? 'waiting' : stage;
      return new ExchangeError(cause, waiting, receivedBytes);
    }
    if (this.#running === 1 && this.#socket) {
      // Nobody else waits for it. The next scrape begins anew: whoever joins here would end with it.
      this.#onUnused();
      this.#socket.destroy();
    }
    return new ExchangeError(cause, reach, receivedBytes);
  }

  /** Node verifies the certificate for the host that is dialled; SNI may carry names only. */
  #dial(target: Target, done: (outcome: Socket | Error) => void): void {
    const socket = this.#tls
      ? connectTls({
          ...target,
          ...(isIP(target.host) === 0 && { servername: target.host }),
          ALPNProtocols: ['http/1.1'],
          secureContext: this.#tls.context,
          rejectUnauthorized: this.#tls.isVerified,
        })
      : connectTcp(target);
    this.#socket = socket;
    this.#reach = 'connecting';
    this.#fault = undefined;
    this.#dials++;
    let isTold = false;
    const tell = (outcome: Socket | Error): void => {
      if (isTold) return;
      isTold = true;
      if (outcome === socket) this.#reach = 'open';
      done(outcome);
    };
    socket.setNoDelay(true).setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    socket.once('connect', () => {
      if (this.#tls) this.#reach = 'handshaking';
    });
    socket.once(this.#tls ? 'secureConnect' : 'connect', () => {
      tell(socket);
    });
    socket.on('error', (error) => {
      this.#fault ??= error;
      tell(error);
    });
    socket.once('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      tell(new Error('the connection was closed'));
      this.#tidy();
    });
  }

  #tidy(): void {
    if (this.#running === 0 && !this.#socket && !this.#client.closed) this.#onUnused();
  }
}

function defaultPort(protocol: string): number {
  return protocol === 'https:' ? 443 : 80;
}

const CLOSED_BY_PEER = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** Closed before a byte of the answer came. */
function isClosedByPeer(error: unknown): boolean {
  return (
    error instanceof ExchangeError &&
    error.stage !== 'reading' &&
    CLOSED_BY_PEER.has(codeOf(error.cause))
  );
}

function codeOf(error: unknown): string {
  return Error.isError(error) && 'code' in error ? String(error.code) : '';
}
