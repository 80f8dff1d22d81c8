import type { BodyBuffer } from './body-buffer.ts';
import { ClosedError, type Stage } from './exchange-error.ts';
import { Exchange, type Request } from './exchange.ts';
import {
  KubeletSocket,
  type Resumption,
  type SocketEvents,
  type Target,
  type TlsUse,
} from './kubelet-socket.ts';
import type { ResponseHead } from './response-head.ts';

export interface ConnectionParts {
  readonly target: Target;
  readonly tls: TlsUse | undefined;
  /** Shared by all: what has come is taken out before the next read. */
  readonly readBuffer: Buffer;
  /** Undefined: the connection is kept between exchanges. Otherwise each has one of its own that resumes the last. */
  readonly resumption: (() => Resumption) | undefined;
  /** There is neither a socket nor an exchange left. */
  readonly onUnused: () => void;
  readonly nowMs: () => number;
}

/**
 * The one connection to one kubelet, kept between scrapes, unless there are too many, and made anew when it is gone.
 * HTTP/1.1: one request at a time.
 */
export class KubeletConnection implements SocketEvents {
  readonly #parts: ConnectionParts;
  readonly #waiting: Exchange[] = [];
  #current: Exchange | undefined;
  #socket: KubeletSocket | undefined;
  /** Of this socket. */
  #hasServed = false;
  #isRetired = false;
  #idleSinceMs: number;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#idleSinceMs = parts.nowMs();
  }

  /**
   * Asks, and fills the buffer with the answer; once more when a kept connection turns out to be dead. The
   * kubelet may have closed it just when we wrote, which says nothing about the kubelet.
   *
   * @throws ExchangeError, see Exchange.outcome
   */
  get(request: Request, body: BodyBuffer, signal: AbortSignal): Promise<ResponseHead> {
    const exchange = new Exchange(request, body, signal, (late) => {
      this.#giveUp(late);
    });
    this.#waiting.push(exchange);
    if (signal.aborted) this.#giveUp(exchange);
    else this.#next();
    return exchange.outcome;
  }

  /** Whether it stays open when nobody uses it. */
  get isKept(): boolean {
    return this.#parts.resumption === undefined;
  }

  /** When it was last in use, by the monotonic clock; undefined while it is. */
  get idleSinceMs(): number | undefined {
    return this.#current === undefined && this.#waiting.length === 0
      ? this.#idleSinceMs
      : undefined;
  }

  /** Lets its exchanges finish, then closes. */
  retire(): void {
    this.#isRetired = true;
    this.#next();
  }

  /** Breaks everything off. */
  destroy(): void {
    this.#isRetired = true;
    this.#socket?.close();
    this.closed(new ClosedError('the client is closed'));
  }

  opened(): void {
    this.#next();
  }

  received(length: number): void {
    const exchange = this.#current;
    // Nobody asked for anything.
    if (exchange === undefined) this.#drop();
    else this.#read(exchange, length);
    this.#next();
  }

  ended(): void {
    const exchange = this.#current;
    if (exchange?.reader.end()) this.#finish(exchange);
    // Idle: what ends before it is open, or before an answer is whole, `closed` tells.
    else if (this.idleSinceMs !== undefined) this.#drop();
    this.#next();
  }

  closed(fault: Error = new ClosedError('the other side closed it')): void {
    const stage = this.#stage;
    const exchange = this.#current;
    this.#socket = undefined;
    this.#current = undefined;
    if (exchange !== undefined) {
      if (this.#isRetired || !canBeRepeated(exchange, fault)) exchange.fail(fault);
      else this.#waiting.unshift(exchange);
    }
    // They stood behind a connection that did not come about; or that may not be made again.
    if (stage !== 'waiting' || this.#isRetired) {
      for (const waiting of this.#waiting.splice(0)) waiting.fail(fault, stage);
    }
    this.#next();
  }

  #read(exchange: Exchange, length: number): void {
    exchange.stage = 'reading';
    try {
      if (exchange.reader.read(this.#parts.readBuffer, length)) this.#finish(exchange);
    } catch (error) {
      this.#current = undefined;
      this.#drop();
      exchange.fail(error);
    }
  }

  /** The answer is whole. */
  #finish(exchange: Exchange): void {
    this.#current = undefined;
    this.#hasServed = true;
    this.#idleSinceMs = this.#parts.nowMs();
    if (!exchange.reader.isKept) this.#drop();
    exchange.succeed();
  }

  /** The exchange's signal has aborted. Breaks the connection off unless others use it. */
  #giveUp(exchange: Exchange): void {
    const stage = exchange === this.#current ? exchange.stage : this.#stage;
    const at = this.#waiting.indexOf(exchange);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (exchange === this.#current) {
      this.#current = undefined;
      this.#drop();
    } else if (stage !== 'waiting' && this.#waiting.length === 0) {
      this.#drop();
    }
    exchange.fail(exchange.signal.reason, stage);
    this.#next();
  }

  /** Does what is to be done next: asks, connects, or closes. */
  #next(): void {
    if (this.#current !== undefined) return;
    const [exchange] = this.#waiting;
    if (exchange === undefined) {
      if (this.#isRetired || this.#parts.resumption) this.#drop();
      if (this.#socket === undefined) this.#parts.onUnused();
      return;
    }
    this.#socket ??= this.#dial();
    if (this.#socket.reach !== 'open') return;
    this.#waiting.shift();
    this.#current = exchange;
    exchange.begin(this.#hasServed);
    this.#socket.write(exchange.request.text);
  }

  #dial(): KubeletSocket {
    const { target, tls, readBuffer, resumption } = this.#parts;
    this.#hasServed = false;
    return new KubeletSocket({ target, tls, readBuffer, resumption: resumption?.() }, this);
  }

  #drop(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** How far an exchange has come that has not begun. */
  get #stage(): Stage {
    if (this.#socket === undefined) return 'connecting';
    return this.#socket.reach === 'open' ? 'waiting' : this.#socket.reach;
  }
}

const CLOSED_BY_PEER = new Set(['ECONNRESET', 'EPIPE']);

/** A kept connection was closed before a byte of the answer came. */
function canBeRepeated({ isOnKept, stage }: Exchange, fault: Error): boolean {
  if (!isOnKept || stage !== 'waiting') return false;
  return (
    fault instanceof ClosedError || ('code' in fault && CLOSED_BY_PEER.has(String(fault.code)))
  );
}
