import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

interface OpenConnection {
  readonly socket: Socket;
  readonly responses: Set<ServerResponse>;
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
      this.#open.set(socket, { socket, responses: new Set() });
      socket.once('close', () => this.#open.delete(socket));
      if (this.#isClosing) socket.destroySoon();
    });
    server.prependListener('request', ({ socket }, response) => {
      const connection = this.#open.get(socket);
      if (connection) this.#begun(connection, response);
    });
  }

  /** The plain socket under a TLS connection whose handshake has not succeeded. */
  handshaking(socket: TLSSocket): Socket | undefined {
    return this.#handshaking.get(peerOf(socket));
  }

  /** Not before the handshake is over, nor into a response that has begun. */
  canAnswer(socket: Duplex): boolean {
    const connection = this.#open.get(socket);
    if (!connection) return false;
    return ![...connection.responses].some(({ headersSent }) => headersSent);
  }

  get inFlight(): number {
    return [...this.#open.values()].reduce((sum, { responses }) => sum + responses.size, 0);
  }

  /** Ends the idle ones now and the others after their response; no connection is used again. */
  closeGently(): void {
    this.#isClosing = true;
    for (const socket of this.#handshaking.values()) socket.destroy();
    for (const { socket, responses } of this.#open.values()) {
      for (const response of responses) announceClose(response);
      if (responses.size === 0) socket.destroySoon();
    }
  }

  destroyAll(): void {
    for (const socket of this.#handshaking.values()) socket.destroy();
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  #begun({ socket, responses }: OpenConnection, response: ServerResponse): void {
    responses.add(response);
    if (this.#isClosing) announceClose(response);
    response.once('close', () => {
      responses.delete(response);
      if (this.#isClosing && responses.size === 0) socket.destroySoon();
    });
  }
}

function announceClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}
