import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { ANONYMOUS, withAuthenticatedGroup } from './anonymous.ts';
import { type Authenticator, type UserInfo, unionAuthenticator } from './authenticator.ts';
import {
  type TokenReviewer,
  bearerTokenAuthenticator,
  tokenLookup,
  warnOfExtraSpace,
} from './bearer-token.ts';
import { clientCertificateAuthenticator } from './client-certificate.ts';
import type { AuthenticationInstruments } from './instruments.ts';
import { PeerVerifier } from './peer-verifier.ts';
import { requestHeaderAuthenticator } from './request-header.ts';
import type { Trust } from './trust.ts';
import { webSocketTokenAuthenticator } from './websocket-token.ts';

export interface DelegatedAuthenticatorParts {
  /** Asked at every request: TrustStore.current. */
  readonly trust: () => Trust;
  readonly reviewer: TokenReviewer;
  /** --authentication-token-webhook-cache-ttl. */
  readonly tokenCacheTtlMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly instruments: AuthenticationInstruments;
}

/** Says of every request who asks; whoever brings nothing is anonymous. */
export interface DelegatedAuthenticator extends Authenticator {
  authenticate(...args: Parameters<Authenticator['authenticate']>): UserInfo | Promise<UserInfo>;
}

/**
 * Contract 6.4: the front proxy's headers, then the client certificate, then the tokens; the first user
 * wins. Bad credentials are never anonymous: only a request on which nobody found any is.
 */
export function delegatedAuthenticator(parts: DelegatedAuthenticatorParts): DelegatedAuthenticator {
  const { trust, clock, instruments } = parts;
  const verifier = new PeerVerifier(clock);
  const userOf = tokenLookup({
    reviewer: parts.reviewer,
    cacheTtlMs: parts.tokenCacheTtlMs,
    clock,
    log: parts.log,
    observer: instruments.tokenCache,
  });
  const union = unionAuthenticator([
    requestHeaderAuthenticator(() => trust().requestHeader, verifier),
    clientCertificateAuthenticator({
      clientCa: () => trust().clientCa,
      verifier,
      clock,
      observeRemaining: (seconds) => {
        instruments.certificatePresented(seconds);
      },
    }),
    bearerTokenAuthenticator(userOf),
    webSocketTokenAuthenticator(userOf),
  ]);

  return {
    authenticate(credentials, signal) {
      const startMs = clock.monotonicMs();
      const elapsedSeconds = (): number => (clock.monotonicMs() - startMs) / 1000;
      const succeed = (found: UserInfo | undefined): UserInfo => {
        credentials.forget?.(trust().requestHeader);
        const user = found ? withAuthenticatedGroup(found) : ANONYMOUS;
        instruments.succeeded(user.name, elapsedSeconds());
        return user;
      };
      const fail = (err: unknown): never => {
        instruments.erred(elapsedSeconds());
        throw err;
      };
      warnOfExtraSpace(credentials);
      try {
        const found = union.authenticate(credentials, signal);
        return found instanceof Promise ? found.then(succeed).catch(fail) : succeed(found);
      } catch (err) {
        return fail(err);
      }
    },
  };
}
