/** How a part of a run ended. */
export interface PartResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly durationMs: number;
  /** Why it did not run, or not to its end; '' otherwise. */
  readonly remark: string;
}

const HEADINGS = ['part', 'passed', 'failed', 'seconds', ''] as const;

/** A line for each part below a line of headings, and their sum; numbers end at the same column. */
export function resultTable(results: readonly PartResult[]): string[] {
  const rows = results.map((result) => [
    result.name,
    String(result.passed),
    String(result.failed),
    (result.durationMs / 1000).toFixed(1),
    result.remark,
  ]);
  const sum = (count: (result: PartResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  const total = [
    'total',
    String(sum(({ passed }) => passed)),
    String(sum(({ failed }) => failed)),
    (sum(({ durationMs }) => durationMs) / 1000).toFixed(1),
    '',
  ];
  const all = [[...HEADINGS], ...rows, total];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  return all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || column === 4 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
