/**
 * A signal that aborts with an error of ours when the time is over, or with its parent. Disposing it
 * stops the clock and lets go of the parent, which may live as long as the process.
 */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private readonly ms: number;
  private readonly overdue: () => Error;
  private readonly parent: AbortSignal | undefined;
  private readonly follow = (): void => {
    this.controller.abort(this.parent?.reason);
  };
  private timer: NodeJS.Timeout | undefined;

  constructor(ms: number, parent: AbortSignal | undefined, overdue: () => Error) {
    this.ms = ms;
    this.overdue = overdue;
    this.parent = parent;
    this.signal = this.controller.signal;
    if (parent?.aborted) this.follow();
    else parent?.addEventListener('abort', this.follow, { once: true });
    this.restart();
  }

  /** The time starts anew. */
  restart(): void {
    if (this.timer) {
      this.timer.refresh(); // no new one: a streamed list does this for each object
      return;
    }
    this.timer = setTimeout(() => {
      this.controller.abort(this.overdue());
    }, this.ms);
  }

  /** The time does not count any more; the parent still does. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  [Symbol.dispose](): void {
    this.stop();
    this.parent?.removeEventListener('abort', this.follow);
  }
}

/** Waits, or returns early when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/**
 * The promise's outcome, or the signal's reason as soon as it aborts: undici looks at a signal only once
 * it is connected. What arrives too late is given to `discard`.
 */
export function untilAborted<Value>(
  pending: Promise<Value>,
  signal: AbortSignal,
  discard: (late: Value) => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    let given = false;
    const giveUp = (): void => {
      given = true;
      reject(signal.reason as Error);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    pending.then(
      (value) => {
        signal.removeEventListener('abort', giveUp);
        if (given) discard(value);
        else resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', giveUp);
        // Of no effect when given up: the reason is known by then.
        reject(Error.isError(error) ? error : new Error(String(error)));
      },
    );
  });
}
