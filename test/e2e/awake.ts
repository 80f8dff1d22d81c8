const LOOK_MS = 100;
/** How much of the time from one look to the next counts at most. */
const MOST_COUNTED_MS = 2 * LOOK_MS;

/**
 * Calls it after that time, unless it is told to stop before. Hardly anything counts of a time in which this program, or
 * the machine, stood still: nobody else is to be blamed for that.
 */
export function giveUpAfter(ms: number, giveUp: () => void): () => void {
  let leftMs = ms;
  let lastMs = performance.now();
  let last: NodeJS.Immediate | undefined;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    leftMs -= Math.min(nowMs - lastMs, MOST_COUNTED_MS);
    lastMs = nowMs;
    if (leftMs > 0) return;
    clearInterval(timer);
    // What has arrived by now is read first.
    last = setImmediate(giveUp);
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    clearImmediate(last);
  };
}

/** Knows when this program, or the machine, stood still. To be closed. */
export class Standstills implements Disposable {
  private readonly known: { readonly fromMs: number; readonly untilMs: number }[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor() {
    let lastMs = performance.now();
    this.timer = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - lastMs > MOST_COUNTED_MS) {
        this.known.push({ fromMs: lastMs + LOOK_MS, untilMs: nowMs });
      }
      lastMs = nowMs;
    }, LOOK_MS);
  }

  /** From one moment to another it was awake for so many ms; both monotonic. */
  awakeMs(fromMs: number, untilMs: number): number {
    const stood = this.known.map((still) =>
      Math.max(0, Math.min(still.untilMs, untilMs) - Math.max(still.fromMs, fromMs)),
    );
    return untilMs - fromMs - stood.reduce((sum, ms) => sum + ms, 0);
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }
}
