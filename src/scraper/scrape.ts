/** How long a reader may take to say in its own words that it was aborted. */
const GRACE_MS = 100;

/** One scrape of one node, with its deadline. */
export class Scrape {
  /** By the monotonic clock. */
  readonly startedMs: number;
  readonly #controller = new AbortController();
  readonly #outcome = Promise.withResolvers<undefined>();
  #deadline: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Resolves when `read` does. Rejects as it does, or a moment after the scrape was aborted, which happens after
   * `timeoutMs` at the latest, with the reason of that.
   */
  async run(
    nodeName: string,
    timeoutMs: number,
    read: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    // Bound, and no closure, which a timer would make outlive young collections (docs/benchmarks.md).
    this.#deadline = setTimeout(this.#end.bind(this, nodeName, timeoutMs), timeoutMs);
    const { resolve, reject } = this.#outcome;
    read(this.signal).then(() => {
      resolve(undefined);
    }, reject);
    try {
      await this.#outcome.promise;
    } finally {
      clearTimeout(this.#deadline);
      clearTimeout(this.#grace);
    }
  }

  /** It takes too long. */
  #end(nodeName: string, timeoutMs: number): void {
    const message = `Cannot scrape node "${nodeName}": no answer within ${timeoutMs / 1000}s`;
    this.abort(new DOMException(message, 'TimeoutError'));
  }

  /** Gives it up; once. */
  abort(reason: DOMException): void {
    if (this.signal.aborted) return;
    this.#controller.abort(reason);
    this.#grace = setTimeout(() => {
      this.#outcome.reject(reason);
    }, GRACE_MS);
  }
}
