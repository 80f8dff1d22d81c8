/** How one question ended. */
export interface Outcome {
  readonly about: 'nodes' | 'pods';
  /** When it was asked, ms since the epoch. */
  readonly askedMs: number;
  /** When its answer had arrived whole, or was given up, ms since the epoch. */
  readonly endedMs: number;
  /** What was wrong with the answer; undefined: nothing. */
  readonly error: string | undefined;
}

/** How many errors a summary tells: the first ones and the last ones say when and what. */
const MOST_TOLD = 2;

/** `748 questions, 1 error`. */
export function countOf(outcomes: readonly Outcome[]): string {
  const errors = outcomes.filter(({ error }) => error !== undefined).length;
  return `${outcomes.length} questions, ${errors} ${errors === 1 ? 'error' : 'errors'}`;
}

/** The first few errors and the last few, each with its moment; '' when there are none. */
export function errorsOf(outcomes: readonly Outcome[]): string {
  const errors = outcomes.flatMap(({ askedMs, error }) =>
    error === undefined ? [] : [`${new Date(askedMs).toISOString()} ${error}`],
  );
  const first = errors.slice(0, MOST_TOLD);
  return [...first, ...errors.slice(MOST_TOLD).slice(-MOST_TOLD)].join('\n');
}

/**
 * The longest time without a good answer, as clients feel it: from the first question that failed to the end of the
 * next one that did not, in ms; 0 when none failed, Infinity when none succeeded afterwards.
 */
export function longestDarkMs(outcomes: readonly Outcome[]): number {
  let longest = 0;
  let sinceMs: number | undefined;
  for (const { askedMs, endedMs, error } of outcomes.toSorted((a, b) => a.askedMs - b.askedMs)) {
    if (error !== undefined) {
      sinceMs ??= askedMs;
    } else if (sinceMs !== undefined) {
      longest = Math.max(longest, endedMs - sinceMs);
      sinceMs = undefined;
    }
  }
  return sinceMs === undefined ? longest : Number.POSITIVE_INFINITY;
}
