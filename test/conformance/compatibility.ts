import { type Deviation, meantSide } from './deviations.ts';
import type { Exchange } from './exchanges.ts';
import { recordedSide } from './side.ts';

/**
 * The table of deviations for docs/compatibility.md: what differs and why, and which of the known exchanges
 * show it.
 */
export function deviationTable(
  deviations: readonly Deviation[],
  exchanges: readonly Exchange[],
): string {
  const shown = new Map<Deviation, number[]>(deviations.map((deviation) => [deviation, []]));
  for (const exchange of exchanges) {
    const { applied } = meantSide(exchange, recordedSide(exchange), deviations);
    for (const deviation of applied) shown.get(deviation)?.push(exchange.id);
  }
  const rows = deviations.map((deviation) => [
    deviation.upstream,
    deviation.here,
    deviation.why,
    idsText(shown.get(deviation) ?? []),
  ]);
  return markdownTable(['Upstream', 'Here', 'Why', 'Exchanges'], rows);
}

function idsText(ids: readonly number[]): string {
  if (ids.length === 0) return 'none recorded';
  return [...ids].sort((left, right) => left - right).join(', ');
}

/** Laid out as the formatter of the project does. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
