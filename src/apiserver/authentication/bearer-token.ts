import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { DelegationLog } from '../delegation-log.ts';
import { keyedDigest } from '../keyed-digest.ts';
import { type Answered, ReviewCache, type ReviewCacheObserver } from '../review-cache.ts';
import {
  AuthenticationError,
  type Authenticator,
  type Credentials,
  type UserInfo,
} from './authenticator.ts';
import type { HeaderView } from './header-view.ts';

const MAX_CACHED_TOKENS = 4096;
/** As upstream's per-token limit, retries included. */
const TIME_LIMIT_MS = 10_000;
const EXTRA_SPACE =
  'the provided Authorization header contains extra space before the bearer token, and is ignored';

/** What kube-apiserver says of a token (kube/token-review.ts by shape). */
export interface TokenReviewStatus {
  readonly authenticated: boolean;
  /** '' unless the token could not be judged. */
  readonly error: string;
  readonly user: {
    readonly username: string;
    readonly uid: string;
    readonly groups: readonly string[];
    readonly extra: ReadonlyMap<string, readonly string[]>;
  };
}

export interface TokenReviewer {
  /** Rejects when kube-apiserver does not answer or refuses to. */
  review(token: string, signal: AbortSignal): Promise<TokenReviewStatus>;
}

export interface TokenLookupParts {
  readonly reviewer: TokenReviewer;
  /** How long an answer is kept, good or bad; 0: not at all. */
  readonly cacheTtlMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer: ReviewCacheObserver;
}

/** The token of the Authorization header (contract 6.6). */
export function bearerTokenAuthenticator(lookUp: TokenLookup): Authenticator {
  return {
    authenticate({ headers }, signal) {
      const token = authorizationWords(headers)?.[1] ?? '';
      return token === '' ? undefined : lookUp(token, signal);
    },
  };
}

/**
 * The user that a token stands for. One lookup, with one cache, serves every way to bring a token.
 * @throws AuthenticationError when the token is not good, or nobody could say.
 */
export type TokenLookup = (token: string, signal?: AbortSignal) => UserInfo | Promise<UserInfo>;

/** Either `user`, or the `problem` with the token. */
interface Verdict {
  readonly user: UserInfo | undefined;
  readonly problem: string;
}

/** Asks kube-apiserver whose token it is; the answer is kept for a while, failures are not. */
export function tokenLookup(parts: TokenLookupParts): TokenLookup {
  const { reviewer, cacheTtlMs, clock, log, observer } = parts;
  const delegation = new DelegationLog(log, 'TokenReview');
  const keyOf = keyedDigest();
  const cache = new ReviewCache<Verdict>({
    maxEntries: MAX_CACHED_TOKENS,
    timeLimitMs: TIME_LIMIT_MS,
    late: () => new Error(`TokenReview took longer than ${TIME_LIMIT_MS / 1000}s`),
    clock,
    observer,
  });

  async function ask(token: string, signal: AbortSignal): Promise<Answered<Verdict>> {
    const { authenticated, error, user } = await reviewer.review(token, signal);
    if (authenticated) return { answer: { user: toUser(user), problem: '' }, keepMs: cacheTtlMs };
    const problem = error === '' ? 'invalid bearer token' : error;
    // A token that could not be judged may be good in a moment: not kept.
    return { answer: { user: undefined, problem }, keepMs: error === '' ? cacheTtlMs : 0 };
  }

  async function userAfter(answer: Promise<Verdict>, signal?: AbortSignal): Promise<UserInfo> {
    let verdict: Verdict;
    try {
      verdict = await answer;
      delegation.succeeded();
    } catch (err) {
      if (signal?.aborted !== true) delegation.failed(err);
      const reason = Error.isError(err) ? err.message : String(err);
      throw new AuthenticationError(`token lookup failed: ${reason}`, { cause: err });
    }
    return userOf(verdict);
  }

  return (token, signal) => {
    const verdict = cache.get(keyOf(token), (limit) => ask(token, limit), signal);
    if (verdict instanceof Promise) return userAfter(verdict, signal);
    delegation.succeeded();
    return userOf(verdict);
  };
}

function userOf({ user, problem }: Verdict): UserInfo {
  if (user) return user;
  throw new AuthenticationError(problem);
}

function toUser({ username, uid, groups, extra }: TokenReviewStatus['user']): UserInfo {
  return { name: username, uid, groups, extra };
}

/**
 * Tells the client of two spaces before its token, which is then not looked at. Whoever else the request
 * says that it is from: upstream looks for the tokens of its own loopback before anything else.
 */
export function warnOfExtraSpace({ headers, warn }: Credentials): void {
  const words = authorizationWords(headers);
  if (words?.[1] === '' && words.length > 2) warn?.(EXTRA_SPACE);
}

/** The words of the first Authorization header, the scheme first; undefined for other schemes than `Bearer`. */
function authorizationWords(headers: HeaderView): readonly string[] | undefined {
  const line = headers.get('authorization');
  if (line === undefined) return undefined;
  const words = trimSpace(line).split(' ');
  return words[0]?.toLowerCase() === 'bearer' ? words : undefined;
}

/** As Go's strings.TrimSpace, which knows U+0085 and not U+FEFF, unlike String.trim. */
function trimSpace(text: string): string {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
}
