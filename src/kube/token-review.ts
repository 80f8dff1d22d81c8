import { isRecord, listOf, memberOf, textOf } from './json-value.ts';
import { KubeError } from './kube-error.ts';
import { askReview } from './review.ts';
import type { ReviewClient, ReviewOptions } from './review.ts';

interface TokenReviewStatus {
  readonly authenticated: boolean;
  /** Why the token could not be judged, or is not good; '' when nothing is said. */
  readonly error: string;
  readonly user: ReviewedUser;
}

interface ReviewedUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

interface TokenReviewer {
  /** @throws KubeError when there is no answer (a token that is not good is an answer). */
  review(token: string, signal?: AbortSignal): Promise<TokenReviewStatus>;
}

const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';
const TIMEOUT_MS = 10_000;

/** Asks kube-apiserver whose token this is. Every call asks: caching is the caller's. */
export function tokenReviewer(client: ReviewClient, options: ReviewOptions): TokenReviewer {
  return {
    async review(token, signal) {
      const body = {
        kind: 'TokenReview',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {},
        spec: { token },
        status: { user: {} },
      };
      const timeouts = { attemptTimeoutMs: TIMEOUT_MS, timeoutMs: TIMEOUT_MS };
      const question = { path: PATH, body, ...timeouts, signal };
      try {
        return readStatus(await askReview(client, question, options), token);
      } catch (error) {
        throw withoutToken(error, token);
      }
    },
  };
}

function readStatus(review: unknown, token: string): TokenReviewStatus {
  const status = memberOf(review, 'status');
  if (!isRecord(status)) {
    throw new KubeError('kube-apiserver answered a TokenReview without status', {
      kind: 'malformed',
    });
  }
  const user = memberOf(status, 'user');
  const extra = memberOf(user, 'extra');
  return {
    authenticated: status['authenticated'] === true,
    error: discreet(textOf(status['error']), token),
    user: {
      username: textOf(memberOf(user, 'username')),
      uid: textOf(memberOf(user, 'uid')),
      groups: textsOf(memberOf(user, 'groups')),
      extra: new Map(
        Object.entries(isRecord(extra) ? extra : {}).map(([key, values]) => [key, textsOf(values)]),
      ),
    },
  };
}

function textsOf(value: unknown): string[] {
  return listOf(value).filter((text) => typeof text === 'string');
}

const REPEATED = 'kube-apiserver answered a TokenReview with a text that repeats the token';

/** What is said ends up in logs, and a webhook or a proxy may quote the question. */
function discreet(text: string, token: string): string {
  return text.includes(token) ? REPEATED : text;
}

function withoutToken(error: unknown, token: string): unknown {
  if (!(error instanceof KubeError)) return error;
  const { kind, status, reason, retryAfterMs, message } = error;
  // The cause of an answer that is not JSON quotes the beginning of it.
  if (kind !== 'malformed' && !message.includes(token)) return error;
  return new KubeError(discreet(message, token), { kind, status, reason, retryAfterMs });
}
