import { figure, table } from '../markdown.ts';
import type { SoakReport } from './soak.ts';
import type { Row } from './verdict.ts';

const MOST_TOLD = 20;

/** Everything that was seen, as Markdown, and one line that says whether all is well. */
export function soakText(report: SoakReport, heading: string): string {
  const { exact, last, wrong, tallies } = report;
  const requests = tallies.reduce((sum, tally) => sum + tally.requests, 0);
  const changes = Object.entries(last?.changes ?? {}).map(([what, count]) => `${count} ${what}`);
  const checks: readonly (readonly [string, string, boolean])[] = [
    [
      'answers that were not due',
      `${wrong.length} of ${requests.toLocaleString('en')}`,
      wrong.length === 0,
    ],
    [
      'nodes and pods with wrong figures',
      `${exact.wrong} (${exact.checked.toLocaleString('en')} figures checked)`,
      exact.wrong === 0 && exact.checked > 0,
    ],
    [
      'CPU against the true load, median and worst error',
      `${percent(exact.medianError)}, ${percent(exact.worstError)}`,
      true,
    ],
    ['event-loop delay, longest of all, ms', figure(report.longestDelayMs), true],
  ];
  return [
    `${heading}\n\nWhat happened: ${changes.join(', ')}.`,
    table(
      ['', 'middle', 'end', 'bound', 'verdict'],
      report.rows.map((row) => [
        row.what,
        figure(row.middle),
        figure(row.end),
        boundOf(row),
        verdictOf(row.isKept),
      ]),
    ),
    table(
      ['', 'found', 'verdict'],
      checks.map(([what, found, isKept]) => [what, found, verdictOf(isKept)]),
    ),
    table(
      ['request', 'answers', 'by status'],
      tallies.map(({ kind, requests: count, codes }) => [
        kind,
        count,
        [...codes].map(([code, times]) => `${code}: ${times}`).join(', '),
      ]),
    ),
    ...complaintsOf(report),
    report.isPassed ? 'Soak: all bounds are kept.' : 'Soak: **bounds are broken**.',
  ].join('\n\n');
}

function complaintsOf({ wrong, exact }: SoakReport): string[] {
  const answers = wrong
    .slice(0, MOST_TOLD)
    .map(
      ({ kind, code, atMs, text }) => `- ${new Date(atMs).toISOString()} ${kind}: ${code}: ${text}`,
    );
  const figures = exact.complaints.slice(0, MOST_TOLD).map((complaint) => `- ${complaint}`);
  return [...answers, ...figures].length === 0 ? [] : [[...answers, ...figures].join('\n')];
}

function boundOf({ bound }: Row): string {
  if (!bound) return '';
  const more = bound.absolute > 0 ? ` + ${bound.absolute}` : '';
  return `<= middle x ${1 + bound.share}${more}`;
}

function verdictOf(isKept: boolean): string {
  return isKept ? 'kept' : '**broken**';
}

function percent(share: number): string {
  return `${figure(share * 100)} %`;
}
