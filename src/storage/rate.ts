/** Beyond this many seconds a difference in nanoseconds leaves the integers that a double holds exactly. */
const EXACT_SECONDS = 9_000_000;

/**
 * CPU time used between two readings of a counter, each given as whole core-seconds and the nanoseconds
 * beyond: the double nearest to the exact difference in nanoseconds, as Go's float64(uint64), because the
 * subtraction comes before the rounding, whatever the size of the counter. Negative when it fell.
 */
export function cpuNanosBetween(
  fromSeconds: number,
  fromNanos: number,
  toSeconds: number,
  toNanos: number,
): number {
  const seconds = toSeconds - fromSeconds;
  const nanos = toNanos - fromNanos;
  if (Math.abs(seconds) < EXACT_SECONDS) return seconds * 1e9 + nanos;
  return Number(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
}

/**
 * From a start, as a page of /metrics/resource says it, to a later point, in ms. A start has nanoseconds that a double
 * of milliseconds does not hold (contract.md 10.5, rule 10). They can be had back, since it was a double of nanoseconds:
 * of these only every 256th exists from 2006 to 2043, and milliseconds are nearer to the right one than to any other
 * until 2039.
 */
export function elapsedSinceStartMs(startMs: number, timeMs: number): number {
  return Number(BigInt(timeMs) * 1_000_000n - BigInt(startMs * 1e6)) / 1e6;
}

/** Go's Duration.Seconds(): whole seconds plus the rest in nanoseconds, each converted for itself. */
export function secondsOf(windowMs: number): number {
  const seconds = Math.floor(windowMs / 1000);
  const restNanos = Math.round((windowMs - seconds * 1000) * 1e6);
  return seconds + restNanos / 1e9;
}

/**
 * Whole nanocores, cut off, over a window whose ends are exact (as upstream: pkg/storage/types.go).
 * `windowMs` is above 0.
 */
export function plainNanoCores(usedNanos: number, windowMs: number): number {
  return Math.trunc(usedNanos / secondsOf(windowMs));
}

/**
 * Whole nanocores, cut off, over a window whose ends are cut to whole seconds, as in the summary: the
 * true rate lies between used/(window + 1 s) and used/(window - 1 s). Inside of that interval the
 * kubelet's own rate knows better than the plain quotient; where it is not positive it knows nothing.
 * `windowMs` is above 1,000.
 */
export function clampedNanoCores(
  usedNanos: number,
  windowMs: number,
  kubeletNanoCores: number,
): number {
  if (!(kubeletNanoCores > 0)) return plainNanoCores(usedNanos, windowMs);
  const seconds = secondsOf(windowMs);
  const least = usedNanos / (seconds + 1);
  const most = usedNanos / (seconds - 1);
  return Math.trunc(Math.min(Math.max(kubeletNanoCores, least), most));
}
