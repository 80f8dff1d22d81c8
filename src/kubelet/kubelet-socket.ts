import { type OnReadOpts, type Socket, connect as connectTcp, isIP } from 'node:net';
import { type ConnectionOptions, type SecureContext, connect as connectTls } from 'node:tls';

/** How a connection is made safe; undefined stands for plain TCP. */
export interface TlsUse {
  /** One for all: making one a connection costs 0.3 ms. */
  readonly context: SecureContext;
  readonly isVerified: boolean;
}

export interface Target {
  /** An IP address or a name; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What happens to a socket, until it is told that it has closed or somebody closes it. */
export interface SocketEvents {
  /** It can be written to. */
  opened(): void;
  /** The first so many bytes of the read buffer have come; they are overwritten afterwards. */
  received(length: number): void;
  /** The other side has ended it in good order: nothing more comes. `closed` follows. */
  ended(): void;
  /** It is gone. `fault` is its first error, which says most: after an alert comes that the other side closed. */
  closed(fault: Error | undefined): void;
}

/** The kernel finds a dead peer of a kept connection within a minute or so. */
const TCP_KEEP_ALIVE_MS = 30_000;

/**
 * One TCP or TLS connection. All read into one buffer, whose owner copies what has come: Node otherwise makes 64 kB
 * of memory outside its heap for each read, whose collection costs more than all the rest (docs/adr/0010).
 */
export class KubeletSocket {
  reach: 'connecting' | 'handshaking' | 'open' = 'connecting';
  readonly #socket: Socket;
  readonly #events: SocketEvents;
  #fault: Error | undefined;
  #isClosed = false;

  constructor(target: Target, tls: TlsUse | undefined, readBuffer: Buffer, events: SocketEvents) {
    this.#events = events;
    const onread: OnReadOpts = {
      buffer: readBuffer,
      callback: (length) => {
        if (!this.#isClosed) this.#events.received(length);
        return true;
      },
    };
    const socket = tls
      ? connectTls(tlsOptions(target, tls, onread))
      : connectTcp({ ...target, onread });
    this.#socket = socket;
    socket.setNoDelay(true).setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    socket.once('connect', () => {
      if (tls) this.reach = 'handshaking';
    });
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      this.reach = 'open';
      if (!this.#isClosed) events.opened();
    });
    socket.on('error', (error) => {
      this.#fault ??= error;
    });
    socket.once('end', () => {
      if (!this.#isClosed) events.ended();
    });
    socket.once('close', () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      events.closed(this.#fault);
    });
  }

  /** A character a byte. */
  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** At once; nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }
}

/** Node verifies the certificate for the host that is dialled; SNI may carry names only. */
function tlsOptions(target: Target, tls: TlsUse, onread: OnReadOpts): ConnectionOptions {
  const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
    ...target,
    ...(isIP(target.host) === 0 && { servername: target.host }),
    ALPNProtocols: ['http/1.1'],
    secureContext: tls.context,
    rejectUnauthorized: tls.isVerified,
    onread, // known to Node, not to its types
  };
  return options;
}
