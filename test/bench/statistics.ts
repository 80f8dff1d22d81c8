/** What several rounds say of one figure. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** NaN of nothing. The mean of the middle two where the count is even. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** The smallest value that so large a share of all does not exceed (nearest rank); NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = ascending(values);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/**
 * The median of the quantiles of so many parts, which follow each other and are of equal size: what happened in fewer
 * than half of them does not count. NaN where there are fewer values than parts.
 */
export function usualQuantile(values: readonly number[], share: number, parts: number): number {
  if (values.length < parts) return Number.NaN;
  const start = (part: number): number => Math.floor((part * values.length) / parts);
  return median(
    Array.from({ length: parts }, (_, part) =>
      quantile(values.slice(start(part), start(part + 1)), share),
    ),
  );
}

/** Undefined of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = ascending(values);
  const [min] = sorted;
  const max = sorted.at(-1);
  return min === undefined || max === undefined ? undefined : { median: median(sorted), min, max };
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}
