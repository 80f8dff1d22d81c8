const EVERY_MS = 50;

/**
 * Watches how late the timers of this process are called, which tells for how long the machine, or the process itself,
 * stood still. To be closed.
 */
export class LateTimers implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #longestMs = 0;
  #dueMs = performance.now() + EVERY_MS;

  constructor() {
    this.#timer = setInterval(() => {
      this.#look();
      this.#dueMs = performance.now() + EVERY_MS;
    }, EVERY_MS);
  }

  /** The latest since it was asked last, in ms; one that is due and was not called yet counts. */
  take(): number {
    this.#look();
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#longestMs = Math.max(this.#longestMs, performance.now() - this.#dueMs);
  }
}
