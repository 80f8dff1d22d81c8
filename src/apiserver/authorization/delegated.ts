import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { DelegationLog } from '../delegation-log.ts';
import { keyedDigest } from '../keyed-digest.ts';
import { type Answered, ReviewCache } from '../review-cache.ts';
import {
  type AccessReviewSpec,
  accessReviewSpec,
  controlledBytes,
  questionText,
} from './access-review.ts';
import { type AlwaysAllow, alwaysAllowGroups, alwaysAllowPaths } from './always-allow.ts';
import type { Attributes, Authorizer, Decision } from './authorizer.ts';
import type { AuthorizationInstruments, AuthorizationResult } from './instruments.ts';
import { Refusals } from './refusals.ts';

const MAX_CACHED_DECISIONS = 8192;
const MAX_CACHED_REQUEST_BYTES = 10_000;
/** Of one question, retries included. */
const TIME_LIMIT_MS = 10_000;

/** kube-apiserver's answer (kube/access-review.ts by shape). Neither of the two: no opinion, which is a no. */
export interface AccessReviewStatus {
  readonly allowed: boolean;
  readonly denied: boolean;
  readonly reason: string;
}

export interface AccessReviewer {
  /** Rejects when kube-apiserver does not answer or refuses to. */
  review(spec: AccessReviewSpec, signal: AbortSignal): Promise<AccessReviewStatus>;
}

export interface DelegatedAuthorizerParts {
  readonly reviewer: AccessReviewer;
  readonly config: {
    readonly alwaysAllowPaths: readonly string[];
    readonly alwaysAllowGroups: readonly string[];
    /** 0: not kept. */
    readonly allowedCacheTtlMs: number;
    readonly deniedCacheTtlMs: number;
  };
  readonly clock: Clock;
  readonly log: Logger;
  readonly instruments: AuthorizationInstruments;
}

/**
 * Privileged groups, then open paths, then kube-apiserver's word (contract 7.3).
 * @throws RangeError for an always-allow path that cannot be meant.
 */
export function delegatedAuthorizer(parts: DelegatedAuthorizerParts): Authorizer {
  const { config, clock, instruments } = parts;
  const always: readonly AlwaysAllow[] = [
    alwaysAllowGroups(config.alwaysAllowGroups),
    alwaysAllowPaths(config.alwaysAllowPaths),
  ];
  const review = cachedReviews(parts);

  return {
    authorize(attributes, signal) {
      const startMs = clock.monotonicMs();
      const attempted = (result: AuthorizationResult): void => {
        if (isImpersonation(attributes)) return; // counted by itself (impersonation/instruments.ts)
        instruments.attempted(result, (clock.monotonicMs() - startMs) / 1000);
      };
      const decide = (status: AccessReviewStatus): Decision => {
        attempted(status.allowed ? 'allowed' : status.denied ? 'denied' : 'no-opinion');
        return toDecision(status);
      };
      const isAlways = always.some((allows) => allows(attributes));
      const status = isAlways ? ALLOWED : review(attributes, signal);
      if (!(status instanceof Promise)) return decide(status);
      return status.then(decide, (err: unknown) => {
        attempted('error');
        throw err;
      });
    },
  };
}

/** A question about acting as somebody else; no request has such a verb. */
function isImpersonation({ request: { verb } }: Attributes): boolean {
  return verb.startsWith('impersonate');
}

const ALLOWED: AccessReviewStatus = { allowed: true, denied: false, reason: '' };

function toDecision({ allowed, reason }: AccessReviewStatus): Decision {
  return allowed ? { allowed } : { allowed, reason };
}

function cachedReviews(
  parts: DelegatedAuthorizerParts,
): (
  attributes: Attributes,
  signal?: AbortSignal,
) => AccessReviewStatus | Promise<AccessReviewStatus> {
  const { reviewer, config, clock, log } = parts;
  const delegation = new DelegationLog(log, 'SubjectAccessReview');
  // Groups and extras may be long: the digest bounds what the keys of the cache hold.
  const keyOf = keyedDigest();
  const cache = new ReviewCache<AccessReviewStatus>({
    maxEntries: MAX_CACHED_DECISIONS,
    timeLimitMs: TIME_LIMIT_MS,
    late: () => new Error(`SubjectAccessReview took longer than ${TIME_LIMIT_MS / 1000}s`),
    clock,
  });
  const refusals = new Refusals({
    maxEntries: MAX_CACHED_DECISIONS,
    keptMs: config.deniedCacheTtlMs,
    clock,
  });
  const keepMs = (key: string, { allowed }: AccessReviewStatus): number => {
    if (!allowed) return refusals.refused(key);
    refusals.allowed(key);
    return config.allowedCacheTtlMs;
  };

  return (attributes, signal) => {
    const key = keyOf(questionText(attributes));
    const ask = async (limit: AbortSignal): Promise<Answered<AccessReviewStatus>> => {
      const answer = await reviewer.review(accessReviewSpec(attributes), limit);
      if (answer.allowed && answer.denied) {
        throw new Error('webhook subject access review returned both allow and deny response');
      }
      const isSmall = controlledBytes(attributes.request) <= MAX_CACHED_REQUEST_BYTES;
      return { answer, keepMs: isSmall ? keepMs(key, answer) : 0 };
    };
    const succeed = (status: AccessReviewStatus): AccessReviewStatus => {
      delegation.succeeded();
      return status;
    };
    const status = cache.get(key, ask, signal);
    if (!(status instanceof Promise)) return succeed(status);
    return status.then(succeed, (err: unknown) => {
      if (signal?.aborted !== true) delegation.failed(err);
      throw err;
    });
  };
}
