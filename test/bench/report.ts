import { type FigureName, ROWS } from './figures.ts';
import { figure, table } from './markdown.ts';
import { spreadOf } from './statistics.ts';
import { type Rounds, type SizeResult, type Verdict, judge, medianOf } from './targets.ts';

/** Everything that was found, as Markdown: targets first, then one table a size. */
export function compareReport(results: readonly SizeResult[], heading: string): string {
  const verdicts = judge(results);
  const parts = [heading];
  if (verdicts.length > 0) parts.push(`### Targets\n\n${verdictTable(verdicts)}`);
  return [...parts, ...results.map((result) => sizeSection(result))].join('\n\n');
}

function verdictTable(verdicts: readonly Verdict[]): string {
  return table(
    ['target', 'nodes x pods', 'bound', 'found', 'verdict'],
    verdicts.map(({ target, size, bound, value, isReached }) => [
      ...[target, size.replaceAll('x', ' x '), bound, figure(value)],
      isReached === undefined ? 'not measured' : isReached ? 'reached' : '**missed**',
    ]),
  );
}

function sizeSection({ size, ours, theirs }: SizeResult): string {
  const rows = ROWS.flatMap(({ key, name }) => {
    const own = cell(ours, key);
    const other = cell(theirs, key);
    if (own === '' && other === '') return [];
    return [[name, own, other, ratio(medianOf(ours, key) / medianOf(theirs, key))]];
  });
  const { nodes, podsPerNode } = size;
  const title = `### ${nodes.toLocaleString('en')} nodes x ${podsPerNode} pods, ${ours.length} ${ours.length === 1 ? 'round' : 'rounds'}`;
  return `${title}\n\n${table(['', 'ours', 'theirs', 'ratio'], rows)}`;
}

function ratio(value: number): string {
  return Number.isFinite(value) ? figure(value) : '';
}

/** The median, and how far the rounds are apart; '' of a figure that none has. */
function cell(rounds: Rounds | undefined, key: FigureName): string {
  const spread = spreadOf((rounds ?? []).flatMap((figures) => figures.get(key) ?? []));
  if (!spread) return '';
  const { median, min, max } = spread;
  return min === max ? figure(median) : `${figure(median)} (${figure(min)} to ${figure(max)})`;
}
