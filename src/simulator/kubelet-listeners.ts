import { createServer as createHttpsServer } from 'node:https';
import type { Server as HttpsServer } from 'node:https';
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import type { CertificateAndKey } from '../pki/certificate.ts';

const HOST = '127.0.0.1';
/** Kubelets close connections idle for this long (kubernetes: pkg/kubelet/server/server.go, IdleTimeout). */
const IDLE_MS = 90_000;

/** What becomes of a connection: TLS with this certificate, nothing at all, or a reset. */
export type Reception = CertificateAndKey | 'silent' | 'reset';

interface ListenerParts {
  readonly handler: RequestListener;
  /** Asked for every new connection. */
  readonly receive: (nodeName: string) => Reception;
  /** PEM of the authority of clients; undefined: their certificates are not asked for. */
  readonly clientCa: string | undefined;
}

/**
 * One plain TCP listener a node, which hands its connections to one TLS server for each different
 * certificate: a thousand nodes with one certificate cost one TLS context, not a thousand.
 */
export class KubeletListeners implements AsyncDisposable {
  readonly #parts: ListenerParts;
  readonly #byNode = new Map<string, NodeListener>();
  readonly #byPort = new Map<number, string>();
  readonly #tlsServers = new Map<string, HttpsServer>();

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /** The last port of the node's kubelet, listening or not; 0 of one that never had any. */
  port(nodeName: string): number {
    return this.#byNode.get(nodeName)?.port ?? 0;
  }

  /** The node whose kubelet listens on this port. */
  nodeAt(port: number | undefined): string | undefined {
    return port === undefined ? undefined : this.#byPort.get(port);
  }

  nodeNames(): readonly string[] {
    return [...this.#byNode.keys()];
  }

  /**
   * Listens for a node, on this port or (0) on the one it had, or else on any. Returns the port.
   * Rejects when a port was asked for that cannot be had.
   */
  async listen(nodeName: string, port: number): Promise<number> {
    const listener = this.#byNode.get(nodeName) ?? {
      port: 0,
      server: undefined,
      sockets: new Set(),
    };
    this.#byNode.set(nodeName, listener);
    if (listener.server) return listener.port;
    const server = createTcpServer((socket) => {
      this.#connected(nodeName, listener, socket);
    });
    const before = listener.port;
    listener.port = await listenOn(server, port || before).catch((error: unknown) => {
      // Somebody else took the former port while nobody listened: another one will do.
      if (port !== 0 || before === 0) throw error;
      return listenOn(server, 0);
    });
    listener.server = server;
    this.#byPort.delete(before);
    this.#byPort.set(listener.port, nodeName);
    return listener.port;
  }

  /** Stops listening for a node and breaks its connections off. Its port is remembered. */
  async unlisten(nodeName: string): Promise<void> {
    const listener = this.#byNode.get(nodeName);
    if (!listener?.server) return;
    const { server } = listener;
    listener.server = undefined;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    this.breakOff(nodeName);
    await closed;
  }

  /** Breaks the open connections of a node off. */
  breakOff(nodeName: string): void {
    for (const socket of this.#byNode.get(nodeName)?.sockets ?? []) socket.destroy();
  }

  async forget(nodeName: string): Promise<void> {
    await this.unlisten(nodeName);
    this.#byPort.delete(this.port(nodeName));
    this.#byNode.delete(nodeName);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodeNames().map((nodeName) => this.unlisten(nodeName)));
  }

  #connected(nodeName: string, listener: NodeListener, socket: Socket): void {
    listener.sockets.add(socket);
    socket.once('close', () => listener.sockets.delete(socket));
    const reception = this.#parts.receive(nodeName);
    if (reception === 'reset') {
      socket.resetAndDestroy();
    } else if (reception === 'silent') {
      // The client gives up in its own way; nobody here wants to know how.
      socket.on('error', () => socket.destroy());
    } else {
      this.#tlsServer(reception).emit('connection', socket);
    }
  }

  /** It never listens itself, so there is nothing to close. A failed handshake ends its socket and no more. */
  #tlsServer({ certPem, keyPem }: CertificateAndKey): HttpsServer {
    const known = this.#tlsServers.get(certPem);
    if (known) return known;
    const { handler, clientCa } = this.#parts;
    const server = createHttpsServer(
      {
        cert: certPem,
        key: keyPem,
        keepAliveTimeout: IDLE_MS,
        // As a kubelet: asked for, not required, and judged with the request.
        ...(clientCa !== undefined && {
          ca: clientCa,
          requestCert: true,
          rejectUnauthorized: false,
        }),
      },
      handler,
    );
    this.#tlsServers.set(certPem, server);
    return server;
  }
}

interface NodeListener {
  port: number;
  server: TcpServer | undefined;
  readonly sockets: Set<Socket>;
}

function listenOn(server: TcpServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: HOST, port, backlog: 128 }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
