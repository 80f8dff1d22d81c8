/** How long to wait after a run. */
export interface Cadence {
  readonly afterSuccessMs: number;
  /** Doubled with every failure in a row, up to `longestFailureMs`. */
  readonly afterFailureMs: number;
  readonly longestFailureMs: number;
}

/**
 * Runs something again and again, never twice at a time: soon after a failure, later after a success, and
 * at once when `trigger` is called (once more afterwards, if it was already running).
 */
export class RecurringTask implements AsyncDisposable {
  private readonly run: () => Promise<boolean>;
  private readonly cadence: Cadence;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isTriggered = false;
  private isStopped = false;
  private failures = 0;

  /** `run` tells whether it succeeded. */
  constructor(run: () => Promise<boolean>, cadence: Cadence) {
    this.run = run;
    this.cadence = cadence;
  }

  trigger(): void {
    if (this.isStopped) return;
    this.isTriggered = true;
    clearTimeout(this.timer);
    this.running ??= this.turn().finally(() => {
      this.running = undefined;
      if (!this.isStopped) this.schedule();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async turn(): Promise<void> {
    while (this.isTriggered && !this.isStopped) {
      this.isTriggered = false;
      const succeeded = await this.run();
      this.failures = succeeded ? 0 : this.failures + 1;
    }
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.trigger();
    }, this.delayMs());
  }

  private delayMs(): number {
    const { afterSuccessMs, afterFailureMs, longestFailureMs } = this.cadence;
    if (this.failures === 0) return afterSuccessMs;
    return Math.min(afterFailureMs * 2 ** (this.failures - 1), longestFailureMs);
  }
}
