export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** As client-go's reflector: from 0.8 s, doubled at each failure in a row, to 30 s. */
export const INFORMER_BACKOFF: BackoffLimits = { minMs: 800, maxMs: 30_000 };

/** While nobody is there to be spared: when the server comes back, its clients are back within seconds. */
export const UNREACHABLE_BACKOFF: BackoffLimits = { minMs: 800, maxMs: 5_000 };

/**
 * How long to wait after so many failures in a row (1 is the first), in ms. Half of the doubled step is
 * fixed and half is random, so that clients which failed together do not come back together.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
  const stepMs = Math.min(limits.maxMs, limits.minMs * 2 ** failures);
  return Math.min(limits.maxMs, Math.max(limits.minMs, stepMs * (0.5 + random() / 2)));
}
