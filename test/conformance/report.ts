import type { Deviation } from './deviations.ts';
import type { Outcome, Verdict } from './judge.ts';

const OUTCOMES: readonly Outcome[] = ['equal', 'on purpose', 'wrong'];

/** One line a topic: how many answers were equal, how many differ on purpose, how many are wrong. */
export function outcomeTable(verdicts: readonly Verdict[]): string {
  const topics = [...new Set(verdicts.map(({ exchange }) => exchange.topic))];
  const count = (outcome: Outcome, topic?: string): string =>
    String(
      verdicts.filter(
        (verdict) =>
          verdict.outcome === outcome && (topic === undefined || verdict.exchange.topic === topic),
      ).length,
    );
  const rows = [
    ['topic', ...OUTCOMES],
    ...topics.map((topic) => [topic, ...OUTCOMES.map((outcome) => count(outcome, topic))]),
    ['all', ...OUTCOMES.map((outcome) => count(outcome))],
  ];
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths?.[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  '),
    )
    .join('\n');
}

/** A wrong answer with its question and what differs: `-` as it is meant, `+` as it came. */
export function wrongAnswer({ exchange, deviations, problems }: Verdict): string {
  const { id, topic, as, method, path, headers } = exchange;
  const given = Object.entries(headers).map(([name, value]) => `    ${name}: ${shortened(value)}`);
  const names = deviations.map(({ name }) => name).join(', ');
  return [
    `WRONG  ${topic} ${id}: ${method} ${shortened(path)}  (as ${as})`,
    ...given,
    ...(names === '' ? [] : [`    meant with the deviations: ${names}`]),
    ...problems.map((line) => `    ${line}`),
  ].join('\n');
}

const MOST_CHARACTERS = 160;

function shortened(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text;
}

/** Deviations of which it is said that some exchange shows them, and none does. */
export function unusedDeviations(
  deviations: readonly Deviation[],
  verdicts: readonly Verdict[],
): readonly string[] {
  const used = new Set(verdicts.flatMap((verdict) => verdict.deviations));
  return deviations
    .filter((deviation) => deviation.isUnrecorded !== true && !used.has(deviation))
    .map(({ name }) => name);
}
