import type { RequestOptions } from 'node:https';
import type { Clock } from '../clock.ts';
import { Deadline, untilAborted } from './deadline.ts';
import { parseCertificates, parsePrivateKey, parseToken } from './fresh-file.ts';
import { memberOf, textOf } from './json-value.ts';
import type { ClientCertificate } from './kube-credentials.ts';
import { messageOf } from './message-of.ts';

export interface Identity {
  readonly token: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
}

interface PluginIdentityOptions {
  /** Makes an asker; it may keep the plugin's answer until that expires. */
  readonly create: () => () => Promise<RequestOptions>;
  /** Whether expiring makes a new asker, which has no answer yet. */
  readonly renewable: boolean;
  /** For messages: `exec plugin aws`. */
  readonly description: string;
  readonly clock: Clock;
}

/** How long a plugin may take, the user's network and browser-less login included. */
const ASK_TIMEOUT_MS = 60_000;
/** The asker knows when its answer expires, so asking it often is cheap. */
const MAX_AGE_MS = 10_000;
/** A plugin is a process: refused tokens in a row must not start one each. */
const MIN_RENEWAL_MS = 5_000;

/** Who we are by the word of an exec plugin or an OIDC provider. */
export class PluginIdentity {
  private readonly options: PluginIdentityOptions;
  private ask: () => Promise<RequestOptions>;
  private identity: Identity = { token: undefined, clientCertificate: undefined };
  private askedAtMs = -Infinity;
  private renewedAtMs: number;
  private asking: Promise<Identity> | undefined;

  constructor(options: PluginIdentityOptions) {
    this.options = options;
    this.ask = options.create();
    this.renewedAtMs = options.clock.monotonicMs();
  }

  get last(): Identity {
    return this.identity;
  }

  expire(): void {
    const nowMs = this.options.clock.monotonicMs();
    if (!this.options.renewable || nowMs - this.renewedAtMs < MIN_RENEWAL_MS) return;
    this.ask = this.options.create();
    this.renewedAtMs = nowMs;
    this.askedAtMs = -Infinity;
  }

  /** @throws Error that names the plugin and what it was expected to say. */
  async fresh(): Promise<Identity> {
    if (this.options.clock.monotonicMs() - this.askedAtMs < MAX_AGE_MS) return this.identity;
    this.asking ??= this.askAgain().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async askAgain(): Promise<Identity> {
    const { description, clock } = this.options;
    using deadline = new Deadline(
      ASK_TIMEOUT_MS,
      undefined,
      () => new Error(`no answer within ${ASK_TIMEOUT_MS / 1000} s`),
    );
    try {
      this.identity = identityOf(await untilAborted(this.ask(), deadline.signal, () => undefined));
    } catch (cause) {
      const message = messageOf(cause).trim();
      throw new Error(`Cannot get credentials from the ${description}: ${message}`, { cause });
    }
    this.askedAtMs = clock.monotonicMs();
    return this.identity;
  }
}

function identityOf(options: RequestOptions): Identity {
  const [, token = ''] =
    /^Bearer (.*)$/s.exec(textOf(memberOf(options.headers, 'Authorization'))) ?? [];
  const certPem = pemOf(options.cert);
  const keyPem = pemOf(options.key);
  const clientCertificate =
    certPem === '' || keyPem === ''
      ? undefined
      : { certPem: parseCertificates(certPem), keyPem: parsePrivateKey(keyPem) };
  if (token === '' && !clientCertificate) {
    throw new Error('expected a token or a client certificate with its key, got neither');
  }
  return { token: token === '' ? undefined : parseToken(token), clientCertificate };
}

function pemOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : textOf(value);
}
