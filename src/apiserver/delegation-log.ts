import type { Logger } from '../log.ts';

const REMEDY = 'Bind the service account to the role system:auth-delegator';

/** Says once that kube-apiserver cannot be asked, and once that it can again; each request would say it too often. */
export class DelegationLog {
  readonly #log: Logger;
  readonly #what: string;
  #isFailing = false;

  /** `what` for example `TokenReview`. */
  constructor(log: Logger, what: string) {
    this.#log = log;
    this.#what = what;
  }

  failed(err: unknown): void {
    const level = this.#isFailing ? 'debug' : 'warn';
    this.#isFailing = true;
    this.#log[level](
      { review: this.#what, err, ...(isForbidden(err) && { remedy: REMEDY }) },
      'Could not ask kube-apiserver for a review',
    );
  }

  succeeded(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#log.info({ review: this.#what }, 'Asked kube-apiserver for a review again');
  }
}

/** By the shape of what the kube room throws. Nothing else is mended by a role. */
function isForbidden(err: unknown): boolean {
  return typeof err === 'object' && err !== null && 'status' in err && err.status === 403;
}
