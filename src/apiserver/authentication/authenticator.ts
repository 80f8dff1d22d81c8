import type { HeaderView } from './header-view.ts';
import type { PeerCertificate } from './peer-certificate.ts';
import type { RequestHeaderNames } from './trust.ts';

/** Who asks. */
export interface UserInfo {
  readonly name: string;
  /** '' when unknown. */
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

/** What a request brings along to say who asks. */
export interface Credentials {
  readonly headers: HeaderView;
  /** Presented and proved to be the peer's own by the handshake; not yet verified against any authority. */
  readonly clientCertificate: PeerCertificate | undefined;
  /** Takes a sentence for the client, sent as a `Warning` header (contract 6.6). */
  readonly warn?: (text: string) => void;
  /**
   * Takes what said who asks off the request, once that is known, so that nothing behind the
   * authenticator may log a token or believe a forged name. `configured` are the header names in use
   * besides the standard ones.
   */
  readonly forget?: (configured: RequestHeaderNames | undefined) => void;
}

/** Credentials were presented and are not good: 401, whatever the reason. The message is for the log only. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
}

export interface Authenticator {
  /**
   * The user; undefined when the request brings nothing that this authenticator looks at. A promise only where somebody
   * else has to be asked: most requests need not wait, and waiting costs as much as finding out.
   * @throws AuthenticationError when it does, and it is not good; or the promise rejects with it.
   */
  authenticate(
    credentials: Credentials,
    signal?: AbortSignal,
  ): UserInfo | undefined | Promise<UserInfo | undefined>;
}

/**
 * Asks one after another; the first user wins. Errors do not stop the chain, so an ordinary user's
 * certificate, which is none of the front proxy, is still good for the next one
 * (as upstream: apiserver/pkg/authentication/request/union).
 */
export function unionAuthenticator(authenticators: readonly Authenticator[]): Authenticator {
  return {
    authenticate(credentials, signal) {
      return new Asking(authenticators, credentials, signal).next();
    },
  };
}

/** One request on its way through a union. */
class Asking {
  readonly #authenticators: readonly Authenticator[];
  readonly #credentials: Credentials;
  readonly #signal: AbortSignal | undefined;
  readonly #errors: AuthenticationError[] = [];
  #asked = 0;

  constructor(
    authenticators: readonly Authenticator[],
    credentials: Credentials,
    signal: AbortSignal | undefined,
  ) {
    this.#authenticators = authenticators;
    this.#credentials = credentials;
    this.#signal = signal;
  }

  /** Asks the next ones until there is an answer, without waiting as long as none of them has to. */
  next(): ReturnType<Authenticator['authenticate']> {
    while (this.#asked < this.#authenticators.length) {
      try {
        const found = this.#authenticators[this.#asked++]?.authenticate(
          this.#credentials,
          this.#signal,
        );
        if (found instanceof Promise) return this.#after(found);
        if (found) return found;
      } catch (err) {
        this.#note(err);
      }
    }
    if (this.#errors.length === 0) return undefined;
    const messages = new Set(this.#errors.map(({ message }) => message));
    const text = [...messages].join(', ');
    throw new AuthenticationError(messages.size === 1 ? text : `[${text}]`, {
      cause: this.#errors,
    });
  }

  async #after(answer: Promise<UserInfo | undefined>): Promise<UserInfo | undefined> {
    try {
      const user = await answer;
      if (user) return user;
    } catch (err) {
      this.#note(err);
    }
    return this.next();
  }

  #note(err: unknown): void {
    if (!(err instanceof AuthenticationError)) throw err;
    this.#errors.push(err);
  }
}
