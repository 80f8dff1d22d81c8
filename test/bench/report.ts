import { type FigureName, ROWS } from './figures.ts';
import { figure, table } from './markdown.ts';
import type { Reference, ReferenceAnswer } from './reference.ts';
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

function sizeSection({ size, ours, theirs, problems, reference }: SizeResult): string {
  const rows = ROWS.flatMap(({ key, name }) => {
    const own = cell(ours, key);
    const other = cell(theirs, key);
    if (own === '' && other === '') return [];
    return [[name, own, other, ratio(medianOf(ours, key) / medianOf(theirs, key))]];
  });
  const { nodes, podsPerNode } = size;
  const title = `### ${nodes.toLocaleString('en')} nodes x ${podsPerNode} pods, ${ours.length} ${ours.length === 1 ? 'round' : 'rounds'}`;
  const parts = [title, table(['', 'ours', 'theirs', 'ratio'], rows)];
  if (problems.length > 0) parts.push(`Ended early: ${problems.join('; ')}.`);
  return [...parts, ...(reference ? [referenceText(reference)] : [])].join('\n\n');
}

/** What no server could do much better on this machine, with this client. */
function referenceText({ parseMs, answers }: Reference): string {
  const plain = [...answers].map(
    ([name, { p50Ms, cpuMs }]) =>
      `${ANSWER_NAMES[name]} ${figure(p50Ms)} ms (${figure(cpuMs)} ms of CPU)`,
  );
  return `A plain node:https server sends as many bytes in: ${plain.join(', ')}. JSON.parse of a kubelet's answer takes ${figure(parseMs)} ms.`;
}

const ANSWER_NAMES: Readonly<Record<ReferenceAnswer, string>> = {
  allJson: 'all pods as JSON',
  allProtobuf: 'as protobuf',
  allTable: 'as Table',
  selector: 'namespace and label selector',
  pod: 'one pod',
};

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
