import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** How long a peer that is still sending gets to read the answer. */
const LINGER_MS = 500;

interface OpenConnection {
  readonly socket: Socket;
  /** Of the handshake. */
  readonly bytesBefore: number;
  /** Not yet written to their end, in the order of their requests. */
  readonly responses: Set<ServerResponse>;
  /** The request that came last; its body may still be on its way. */
  latest: IncomingMessage | undefined;
  /** What waits for the responses. */
  afterwards: (() => void) | undefined;
}

/**
 * Knows what every connection of a server is doing, so that it can end well: which are in the
 * handshake, which idle, which wait for a response. Node's own lists count silent new connections
 * as active and do not see the handshake at all.
 */
export class Connections {
  readonly #handshaking = new Map<string, Socket>();
  readonly #open = new Map<Duplex, OpenConnection>();
  #isClosing = false;

  /** To be called before the server listens. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      const key = peerOf(socket);
      this.#handshaking.set(key, socket);
      socket.once('close', () => {
        if (this.#handshaking.get(key) === socket) this.#handshaking.delete(key);
      });
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#handshaking.delete(peerOf(socket));
      this.#opened(socket);
    });
    server.prependListener('request', (request, response) => {
      const connection = this.#open.get(request.socket);
      if (connection) this.#begun(connection, request, response);
    });
  }

  /** The plain socket under a TLS connection whose handshake has not succeeded. */
  handshaking(socket: TLSSocket): Socket | undefined {
    return this.#handshaking.get(peerOf(socket));
  }

  /** The same connection, if its handshake is over and its end is not. */
  opened(socket: Duplex): Socket | undefined {
    return this.#open.get(socket)?.socket;
  }

  /** Whether nothing at all was sent since the handshake. */
  isSilent(socket: Duplex): boolean {
    const connection = this.#open.get(socket);
    return connection !== undefined && connection.socket.bytesRead === connection.bytesBefore;
  }

  /** Whether a request has begun whose body has not come to its end. */
  isInBody(socket: Duplex): boolean {
    return this.#open.get(socket)?.latest?.complete === false;
  }

  /** Runs `then` when every response of the connection is written: at once when there is none. Never, if it breaks before. */
  whenAnswered(socket: Duplex, then: () => void): void {
    const connection = this.#open.get(socket);
    if (!connection) return;
    if (connection.responses.size === 0) then();
    else connection.afterwards = then;
  }

  /** Takes no further request; ends when every response is written. */
  closeAfterAnswers(socket: Duplex): void {
    announceClose(this.#open.get(socket)?.responses);
    this.whenAnswered(socket, () => {
      endGently(socket);
    });
  }

  get inFlight(): number {
    return [...this.#open.values()].reduce((sum, { responses }) => sum + responses.size, 0);
  }

  /** Ends the idle ones now and the others after their response; no connection is used again. */
  closeGently(): void {
    this.#isClosing = true;
    for (const socket of this.#handshaking.values()) socket.destroy();
    for (const { socket, responses } of this.#open.values()) {
      announceClose(responses);
      if (responses.size === 0) socket.destroySoon();
    }
  }

  destroyAll(): void {
    for (const socket of this.#handshaking.values()) socket.destroy();
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  #opened(socket: TLSSocket): void {
    this.#open.set(socket, {
      socket,
      bytesBefore: socket.bytesRead,
      responses: new Set(),
      latest: undefined,
      afterwards: undefined,
    });
    socket.once('close', () => this.#open.delete(socket));
    // Node forgets its own listener when it gives a connection away; a reset is no reason to end the process.
    socket.on('error', () => undefined);
    const destroySoon = socket.destroySoon.bind(socket);
    // How Node ends a connection after its last response.
    socket.destroySoon = () => {
      if (this.isInBody(socket)) endGently(socket);
      else destroySoon();
    };
    if (this.#isClosing) socket.destroySoon();
  }

  #begun(connection: OpenConnection, request: IncomingMessage, response: ServerResponse): void {
    const { socket, responses } = connection;
    connection.latest = request;
    responses.add(response);
    if (this.#isClosing) announceClose(responses);
    response.once('close', () => {
      responses.delete(response);
      if (responses.size > 0) return;
      connection.afterwards?.();
      connection.afterwards = undefined;
      if (this.#isClosing) socket.destroySoon();
    });
  }
}

/**
 * Ends a connection with a last word. To close at once would reset a peer that is still sending, before
 * it has read the answer: as Go, wait a little, and drop what still arrives.
 */
export function endGently(socket: Duplex, text = ''): void {
  if (socket.writableEnded) return;
  socket.resume();
  socket.end(text, () => {
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
}

/** In the last response, since none is written behind the one that says so. */
function announceClose(responses: ReadonlySet<ServerResponse> | undefined): void {
  const last = [...(responses ?? [])].at(-1);
  if (last?.headersSent === false) last.setHeader('Connection', 'close');
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}
