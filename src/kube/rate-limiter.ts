import type { Clock } from '../clock.ts';

/** A token bucket: so many calls a second on average, and a burst of so many at once. */
export class RateLimiter {
  private readonly perSecond: number;
  private readonly burst: number;
  private readonly clock: Clock;
  private tokens: number;
  private filledAtMs: number;

  constructor(perSecond: number, burst: number, clock: Clock) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.clock = clock;
    this.tokens = burst;
    this.filledAtMs = clock.monotonicMs();
  }

  /**
   * Takes the next place and returns how long to wait for it, in ms; undefined, and no place taken, when
   * that is longer than the caller can wait.
   */
  reserve(atMostMs: number): number | undefined {
    const nowMs = this.clock.monotonicMs();
    const refilled = this.tokens + ((nowMs - this.filledAtMs) / 1000) * this.perSecond;
    this.tokens = Math.min(this.burst, refilled);
    this.filledAtMs = nowMs;
    const waitMs = Math.max(0, ((1 - this.tokens) / this.perSecond) * 1000);
    if (waitMs > atMostMs) return undefined;
    this.tokens -= 1;
    return waitMs;
  }
}
