import { type OnReadOpts, type Socket, connect as connectTcp, isIP } from 'node:net';
import { type ConnectionOptions, type SecureContext, connect as connectTls } from 'node:tls';
import { useSmallBuffers } from './small-tls-buffers.ts';

/** How a connection is made safe. */
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

/** For a connection that shall not be kept. */
export interface Resumption {
  /** Of a session before; undefined: a full handshake. */
  readonly ticket: Buffer | undefined;
  /** The server gave a ticket for the next connection. */
  learned(ticket: Buffer, isResumed: boolean): void;
  /** The connection did not come about. */
  failed(): void;
}

export interface SocketParts {
  readonly target: Target;
  /** Undefined: plain TCP. */
  readonly tls: TlsUse | undefined;
  readonly resumption: Resumption | undefined;
  readonly readBuffer: Buffer;
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

  constructor(parts: SocketParts, events: SocketEvents) {
    const { target, tls, resumption } = parts;
    this.#events = events;
    const onread: OnReadOpts = {
      buffer: parts.readBuffer,
      callback: (length) => {
        if (!this.#isClosed) this.#events.received(length);
        return true;
      },
    };
    const socket = tls ? secureSocket(parts, tls, onread) : connectTcp({ ...target, onread });
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
      // Should it be the ticket that the server does not like: the next one goes without.
      if (this.reach !== 'open') resumption?.failed();
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

/**
 * `http/1.1` after its length, as TLS has it. Node keeps a list of names as a slice of a pool of 64 KiB with every
 * connection, and the whole pool with it; of a view it keeps these nine bytes.
 */
const ALPN_PROTOCOLS = new DataView(
  Uint8Array.from('\x08http/1.1', (letter) => letter.charCodeAt(0)).buffer,
);

/**
 * Node verifies the certificate for the host that is dialled; SNI may carry names only. A resumed session has the
 * verdict of its full handshake, which Node heeds; for whom it was, Node does not look at again.
 */
function secureSocket(
  { target, resumption }: SocketParts,
  { context, isVerified }: TlsUse,
  onread: OnReadOpts,
): Socket {
  const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
    ...target,
    ...(isIP(target.host) === 0 && { servername: target.host }),
    ALPNProtocols: ALPN_PROTOCOLS,
    secureContext: context,
    rejectUnauthorized: isVerified,
    session: resumption?.ticket,
    onread, // known to Node, not to its types
  };
  const socket = connectTls(options);
  socket.once('connect', () => {
    useSmallBuffers(socket);
  });
  if (resumption) {
    socket.on('session', (ticket) => {
      resumption.learned(ticket, socket.isSessionReused());
    });
  }
  return socket;
}
