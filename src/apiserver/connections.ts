import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/**
 * Knows what every connection of a server is doing, so that it can end well: which are in the
 * handshake, which idle, which wait for a response. Node's own lists count silent new connections
 * as active and do not see the handshake at all.
 */
export class Connections {
  readonly #handshaking = new Map<string, Socket>();
  readonly #responses = new Map<Socket, Set<ServerResponse>>();
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
      this.#responses.set(socket, new Set());
      socket.once('close', () => this.#responses.delete(socket));
      if (this.#isClosing) socket.destroySoon();
    });
    server.prependListener('request', ({ socket }, response) => {
      this.#begun(socket, response);
    });
  }

  /** The plain socket under a TLS connection whose handshake has not succeeded. */
  handshaking(socket: TLSSocket): Socket | undefined {
    return this.#handshaking.get(peerOf(socket));
  }

  /** Whether a response on this connection has been begun: an answer of another kind would garble it. */
  isResponding(socket: unknown): boolean {
    return [...(this.#responses.get(socket as Socket) ?? [])].some(
      ({ headersSent }) => headersSent,
    );
  }

  /** Ends the idle ones now and the others after their response; no connection is used again. */
  closeGently(): void {
    this.#isClosing = true;
    for (const socket of this.#handshaking.values()) socket.destroy();
    for (const [socket, responses] of this.#responses) {
      for (const response of responses) announceClose(response);
      if (responses.size === 0) socket.destroySoon();
    }
  }

  destroyAll(): void {
    for (const socket of [...this.#handshaking.values(), ...this.#responses.keys()])
      socket.destroy();
  }

  get inFlight(): number {
    return [...this.#responses.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #begun(socket: Socket, response: ServerResponse): void {
    const responses = this.#responses.get(socket);
    responses?.add(response);
    if (this.#isClosing) announceClose(response);
    response.once('close', () => {
      responses?.delete(response);
      if (this.#isClosing && responses?.size === 0) socket.destroySoon();
    });
  }
}

function announceClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}
