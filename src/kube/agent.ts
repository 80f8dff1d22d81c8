import { createSecureContext } from 'node:tls';
import { Agent, buildConnector } from 'undici';
import type { KubeCredentials } from './kube-credentials.ts';
import { KubeError } from './kube-error.ts';
import { messageOf } from './message-of.ts';

export interface AgentLimits {
  /** Connections at once: HTTP/1.1 needs one for each watch and each call in flight. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/** Shorter than kube-apiserver's own 90 s or more, so that we never write into a connection it is closing. */
const KEEP_ALIVE_MS = 60_000;
/** The kernel finds a dead peer within half a minute (libuv: ten probes, a second apart, after this delay). */
const TCP_KEEP_ALIVE_MS = 15_000;

/** The connections to kube-apiserver, replaced when the CA or our certificate has changed. */
export class AgentHolder implements AsyncDisposable {
  private readonly credentials: KubeCredentials;
  private readonly limits: AgentLimits;
  private agent: Agent | undefined;
  private madeFrom = '';
  /** Watches may go on for minutes on a connection that was verified with the CA before. */
  private readonly retired = new Set<Agent>();
  /**
   * Of sockets that are still connecting, which undici would wait for. One each: a socket never takes back its listener,
   * so that a signal which lasts would keep every connection there ever was.
   */
  private readonly opening = new Set<AbortController>();
  private isEnding = false;

  constructor(credentials: KubeCredentials, limits: AgentLimits) {
    this.credentials = credentials;
    this.limits = limits;
  }

  /** @throws KubeError `tls` when the CA or our certificate cannot be used. */
  current(): Agent {
    const { ca = '', clientCertificate } = this.credentials;
    const { certPem = '', keyPem = '' } = clientCertificate ?? {};
    const from = [ca, certPem, keyPem].join('\0');
    if (this.agent && from === this.madeFrom) return this.agent;
    const agent = this.createAgent();
    if (this.agent) this.retire(this.agent);
    this.agent = agent;
    this.madeFrom = from;
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const agents = [...this.retired, ...(this.agent ? [this.agent] : [])];
    this.isEnding = true;
    for (const opening of this.opening) opening.abort();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  private createAgent(): Agent {
    const { ca, clientCertificate, insecureSkipTlsVerify, tlsServerName } = this.credentials;
    const { connections, connectTimeoutMs } = this.limits;
    const settings: buildConnector.BuildOptions = {
      allowH2: false,
      secureContext: secureContext(ca, clientCertificate),
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      timeout: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    };
    return new Agent({
      allowH2: false,
      connections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0, // deadlines are the client's: they also cover connecting
      bodyTimeout: 0,
      connect: (target, callback) => {
        this.connect(settings, target, callback);
      },
    });
  }

  private connect(
    settings: buildConnector.BuildOptions,
    target: buildConnector.Options,
    callback: buildConnector.Callback,
  ): void {
    const opening = new AbortController();
    if (this.isEnding) opening.abort();
    this.opening.add(opening);
    const open = buildConnector({ ...settings, signal: opening.signal });
    open(target, (...result) => {
      this.opening.delete(opening);
      callback(...result);
    });
  }

  private retire(agent: Agent): void {
    this.retired.add(agent);
    const forget = (): void => {
      this.retired.delete(agent);
    };
    agent.close().then(forget, forget); // it fails when it is destroyed first: gone is gone
  }
}

function secureContext(
  ca: string | undefined,
  certificate: KubeCredentials['clientCertificate'],
): ReturnType<typeof createSecureContext> {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(certificate ? { cert: certificate.certPem, key: certificate.keyPem } : {}),
    });
  } catch (cause) {
    const message = messageOf(cause);
    throw new KubeError(`Cannot use the CA or client certificate for kube-apiserver: ${message}`, {
      kind: 'tls',
      cause,
    });
  }
}
