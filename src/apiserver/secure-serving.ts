import { constants } from 'node:crypto';
import type { RequestListener, ServerOptions } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  DEFAULT_CIPHERS,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { type CertificateSource, openCertificateFiles } from './certificate-source.ts';
import { answerUnreadable } from './client-error.ts';
import { Connections } from './connections.ts';
import { HALF_OPEN, UNDECIDED, answerRequests } from './http-rules.ts';
import { listenError } from './listen-error.ts';
import { isUnspecifiedAddress, openSelfSignedCertificate } from './self-signed-certificate.ts';
import { type SniCertificate, SniCertificates } from './sni-certificates.ts';

/** Every limit of the listener; parts.limits changes some for tests that must not wait. */
const LIMITS = {
  /** As Go (T-16): users with hundreds of groups have long headers. */
  headerBytes: 1_048_576,
  handshakeMs: 10_000,
  /** As upstream's ReadHeaderTimeout. */
  headersMs: 32_000,
  /** Until the whole request, its body included, has arrived. */
  requestMs: 60_000,
  /** Longer than the 90 s for which kube-apiserver keeps idle connections, so that it is the one who closes. */
  keepAliveMs: 120_000,
  /** Nothing sent and nothing received, also in the midst of a response. */
  silenceMs: 120_000,
  /** How often the two limits on requests are looked at. */
  checkMs: 5_000,
  /** At least so many connections are taken. */
  connections: 1024,
} as const;
type Limits = Readonly<Record<keyof typeof LIMITS, number>>;

const TCP_KEEP_ALIVE_MS = 60_000;
const DROP_LOG_EVERY_MS = 60_000;

/** What the listener needs of the configuration (config/config.ts by shape). */
export interface SecureServingSettings {
  readonly bindAddress: string;
  readonly port: number;
  /** Listen with SO_REUSEPORT, so that several servers share the port. */
  readonly reusePort?: boolean;
  readonly certDir: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly sniCertificates: readonly SniCertificate[];
  readonly minTlsVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers: readonly string[];
  readonly curves: readonly string[];
  readonly requestTimeoutMs: number;
  readonly maxRequestsInFlight: number;
  readonly maxMutatingRequestsInFlight: number;
}

/** PEM of the acceptable authorities (TrustStore by shape); `generation` grows with every change. */
export interface ClientAuthorities {
  readonly generation: number;
  certificates(): readonly string[];
}

export interface SecureServerParts {
  readonly serving: SecureServingSettings;
  readonly handler: RequestListener;
  /** Named to clients in the handshake, which choose their certificate by it. Nobody is trusted for it. */
  readonly clientAuthorities?: ClientAuthorities;
  readonly clock: Clock;
  readonly log: Logger;
  /** Counts connections whose handshake failed. */
  readonly onHandshakeError?: () => void;
  readonly limits?: Partial<Limits>;
}

export interface SecureServer extends AsyncDisposable {
  /**
   * Loads the certificates and binds the address.
   * @throws Error naming the file, or the address and what to do about it.
   */
  listen(): Promise<{ readonly address: string; readonly port: number }>;
  /** Stops accepting, lets what is in flight finish for at most the request timeout, and closes. */
  close(): Promise<void>;
}

/**
 * The TLS listener: HTTP/1.1 only. Asks for a client certificate and takes any or none: who it belongs
 * to is decided per request, against the authorities of that moment (contract 6.2, 6.3).
 */
export function createSecureServer(parts: SecureServerParts): SecureServer {
  return new Listener(parts);
}

class Listener implements SecureServer {
  readonly #parts: SecureServerParts;
  readonly #connections = new Connections();
  readonly #files = new DisposableStack();
  #server: Server | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: SecureServerParts) {
    this.#parts = parts;
  }

  async listen(): Promise<{ address: string; port: number }> {
    try {
      const { serving, log } = this.#parts;
      const server = await this.#createServer();
      const bound = await bind(server, serving);
      server.on('error', (err) => {
        log.error({ err }, 'Could not accept a connection');
      });
      this.#server = server;
      return bound;
    } catch (err) {
      this.#files.dispose();
      throw err;
    }
  }

  async #createServer(): Promise<Server> {
    const { serving, clock, log } = this.#parts;
    const certificate = this.#files.use(await openCertificate(this.#parts));
    const sni = this.#files.use(await SniCertificates.open(serving.sniCertificates, log));
    const context = new ContextOptions(this.#parts, certificate);
    const limits: Limits = { ...LIMITS, ...this.#parts.limits };
    const server = createServer({
      ...context.current(),
      ...httpOptions(limits),
      ...UNDECIDED,
      allowHalfOpen: true,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.handshakeMs,
      ...(serving.sniCertificates.length > 0 && sniCallback(sni, context)),
    });
    Object.assign(server, HALF_OPEN);
    server.timeout = limits.silenceMs;
    server.maxHeadersCount = 0; // bounded by their bytes; Node would drop those beyond 2,000 silently
    server.maxConnections = Math.max(limits.connections, connectionsFor(serving));
    this.#connections.watch(server);
    this.#answerStrays(server, limits);
    server.on('drop', logDropped(log, clock));
    // Before Node's own listener, which takes the context for the new connection.
    server.prependListener('connection', () => {
      context.refresh(server);
    });
    answerRequests(server, this.#parts.handler);
    return server;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What is no HTTPS request, and what Node would answer with nothing or with a stack trace. */
  #answerStrays(server: Server, limits: Limits): void {
    const { log, onHandshakeError } = this.#parts;
    // Before Node's own listener, which passes the error on to 'clientError'.
    server.prependListener('tlsClientError', (err: NodeJS.ErrnoException, socket: TLSSocket) => {
      onHandshakeError?.();
      log.debug({ err, peer: socket.remoteAddress }, 'Could not complete a TLS handshake');
      if (err.code !== 'ERR_SSL_HTTP_REQUEST') return;
      this.#connections
        .handshaking(socket)
        ?.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
    });
    answerUnreadable(server, this.#connections, limits);
  }

  async #close(): Promise<void> {
    const { serving, log } = this.#parts;
    this.#files.dispose();
    const server = this.#server;
    if (!server?.listening) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server.close(() => {
      resolve(undefined);
    });
    this.#connections.closeGently();
    const limit = setTimeout(() => {
      log.warn({ requests: this.#connections.inFlight }, 'Aborted requests at the end');
      this.#connections.destroyAll();
    }, serving.requestTimeoutMs);
    await promise;
    clearTimeout(limit);
  }
}

function httpOptions(limits: Limits): ServerOptions {
  return {
    maxHeaderSize: limits.headerBytes,
    keepAliveTimeout: limits.keepAliveMs,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    // A request without a body is not played as a stream that comes to its end: nobody reads any.
    optimizeEmptyRequests: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
}

function openCertificate({ serving, clock, log }: SecureServerParts): Promise<CertificateSource> {
  const { certFile, keyFile } = serving;
  return certFile === '' && keyFile === ''
    ? openSelfSignedCertificate(serving, clock, log)
    : openCertificateFiles(certFile, keyFile, log);
}

function sniCallback(
  sni: SniCertificates,
  context: ContextOptions,
): Pick<TlsOptions, 'SNICallback'> {
  return {
    SNICallback(name, done) {
      done(null, sni.contextFor(name, context.current()));
    },
  };
}

/** The TLS settings of new connections, made anew when the certificate or the authorities change. */
class ContextOptions {
  readonly #parts: SecureServerParts;
  readonly #certificate: CertificateSource;
  #seen = '';
  #options: SecureContextOptions = {};

  constructor(parts: SecureServerParts, certificate: CertificateSource) {
    this.#parts = parts;
    this.#certificate = certificate;
  }

  /** The same object until something changes. */
  current(): SecureContextOptions {
    const { clientAuthorities } = this.#parts;
    const seen = `${this.#certificate.generation} ${clientAuthorities?.generation ?? 0}`;
    if (seen === this.#seen) return this.#options;
    this.#seen = seen;
    this.#options = {
      ...this.#certificate.current(),
      // An empty list, not none: without it Node would accept clients of the public authorities.
      ca: [...(clientAuthorities?.certificates() ?? [])],
      ...protocolOptions(this.#parts.serving),
    };
    return this.#options;
  }

  refresh(server: Server): void {
    const before = this.#options;
    const options = this.current();
    if (options !== before) server.setSecureContext(options);
  }
}

function protocolOptions(serving: SecureServingSettings): SecureContextOptions {
  const { minTlsVersion, ciphers, curves } = serving;
  const isOld = minTlsVersion === 'TLSv1' || minTlsVersion === 'TLSv1.1';
  const list = ciphers.length > 0 ? ciphers : isOld ? [DEFAULT_CIPHERS] : [];
  return {
    minVersion: minTlsVersion,
    honorCipherOrder: true,
    // OpenSSL permits the versions before 1.2 on its lowest security level only.
    ...(list.length > 0 && { ciphers: [...list, ...(isOld ? ['@SECLEVEL=0'] : [])].join(':') }),
    ...(curves.length > 0 && { ecdhCurve: curves.join(':') }),
    // A resumed session does not show the client's intermediate certificates (T-17).
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** Twice the requests that may be in flight: HTTP/1.1 needs a connection for each, and clients keep idle ones. */
function connectionsFor(serving: SecureServingSettings): number {
  const { maxRequestsInFlight, maxMutatingRequestsInFlight } = serving;
  return 2 * (maxRequestsInFlight + maxMutatingRequestsInFlight);
}

function logDropped(log: Logger, clock: Clock): () => void {
  let lastMs = -Infinity;
  return () => {
    if (clock.monotonicMs() - lastMs < DROP_LOG_EVERY_MS) return;
    lastMs = clock.monotonicMs();
    log.warn({}, 'Refused connections: too many are open');
  };
}

async function bind(
  server: Server,
  { bindAddress, port, reusePort = false }: SecureServingSettings,
): Promise<{ address: string; port: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const onError = (err: Error): void => {
    reject(err);
  };
  try {
    server.once('error', onError);
    // Without a host Node takes all families, as Go does for unspecified addresses.
    server.listen(
      { port, reusePort, ...(!isUnspecifiedAddress(bindAddress) && { host: bindAddress }) },
      () => {
        resolve(undefined);
      },
    );
    await promise;
  } catch (err) {
    throw listenError(err, bindAddress, port);
  }
  server.removeListener('error', onError);
  const { address, port: bound } = server.address() as AddressInfo;
  return { address, port: bound };
}
