import { isRecord, memberOf, textOf } from './json-value.ts';
import { KubeError } from './kube-error.ts';
import { askReview } from './review.ts';
import type { ReviewClient, ReviewOptions } from './review.ts';

interface AccessReviewStatus {
  readonly allowed: boolean;
  /** Forbidden whatever other authorizers say. */
  readonly denied: boolean;
  readonly reason: string;
}

interface AccessReviewer {
  /**
   * @param spec the `spec` of a SubjectAccessReview as it goes over the wire
   * @throws KubeError when there is no answer.
   */
  review(spec: object, signal?: AbortSignal): Promise<AccessReviewStatus>;
}

const PATH = '/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s';
/** Retries included. Upstream bounds each try; a caller who waits longer is gone. */
const TIMEOUT_MS = 10_000;

/** Asks kube-apiserver whether a user may do something. Every call asks: caching is the caller's. */
export function accessReviewer(client: ReviewClient, options: ReviewOptions): AccessReviewer {
  return {
    async review(spec, signal) {
      const body = {
        kind: 'SubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1',
        metadata: {},
        spec,
        status: { allowed: false },
      };
      const question = {
        path: PATH,
        body,
        attemptTimeoutMs: TIMEOUT_MS,
        timeoutMs: TIMEOUT_MS,
        signal,
      };
      return readStatus(await askReview(client, question, options));
    },
  };
}

function readStatus(review: unknown): AccessReviewStatus {
  const status = memberOf(review, 'status');
  if (!isRecord(status)) {
    throw new KubeError('kube-apiserver answered a SubjectAccessReview without status', {
      kind: 'malformed',
    });
  }
  return {
    allowed: status['allowed'] === true,
    denied: status['denied'] === true,
    reason: textOf(status['reason']),
  };
}
