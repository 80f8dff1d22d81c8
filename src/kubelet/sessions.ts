import type { Resumption } from './kubelet-socket.ts';

/**
 * A resumed session shows no certificate again: it says what was verified when it began. So it is believed no longer
 * than a changed or ended certificate may go unnoticed.
 */
const LONGEST_MS = 3_600_000;
/** Some 1 to 3 kB each. More kubelets than one server is meant for; the others have full handshakes. */
const MOST_SESSIONS = 10_000;

interface Session {
  readonly ticket: Buffer;
  /** Monotonic ms of its full handshake. */
  readonly verifiedAtMs: number;
}

/**
 * TLS sessions of kubelets whose connections are not kept, one a kubelet, to begin the next connection with: a bit more than half of
 * the CPU of a full handshake. Only for what was verified with the same settings and for the same host.
 */
export class Sessions {
  #byHost = new Map<string, Session>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#byHost.size;
  }

  /** What a connection to the host needs to resume, and to be resumed. */
  of(host: string): Resumption {
    const known = this.#fresh(host);
    // Should other settings come while it connects, it must teach those nothing.
    const byHost = this.#byHost;
    return {
      ticket: known?.ticket,
      learned: (ticket, isResumed) => {
        const verifiedAtMs = isResumed ? known?.verifiedAtMs : this.#nowMs();
        if (verifiedAtMs === undefined) return;
        if (byHost.size < MOST_SESSIONS || byHost.has(host)) {
          byHost.set(host, { ticket, verifiedAtMs });
        }
      },
      failed: () => {
        byHost.delete(host);
      },
    };
  }

  /** Of what was verified otherwise. */
  clear(): void {
    this.#byHost = new Map();
  }

  /** Forgets what is too old to be used. */
  tidy(): void {
    for (const host of this.#byHost.keys()) this.#fresh(host);
  }

  #fresh(host: string): Session | undefined {
    const session = this.#byHost.get(host);
    if (session === undefined || this.#nowMs() - session.verifiedAtMs < LONGEST_MS) return session;
    this.#byHost.delete(host);
    return undefined;
  }
}
