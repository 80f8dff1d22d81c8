import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  private atMs = Date.UTC(2026, 0, 1);

  nowMs(): number {
    return this.atMs;
  }

  monotonicMs(): number {
    return this.atMs;
  }

  advance(ms: number): void {
    this.atMs += ms;
  }
}
