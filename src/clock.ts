/** Time as an argument, so that tests can hold it. Timers are the global ones (Jest can fake those). */
export interface Clock {
  /** Wall time, ms since the epoch: for what leaves the process (timestamps, certificates). */
  nowMs(): number;
  /** Monotonic time in ms from an arbitrary zero: for ages and deadlines, which no clock step may touch. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
