import { type Circumstances, comparableTexts, meaningOf, metricsProblems } from './allowed.ts';
import type { Answer } from './ask.ts';
import { type Deviation, meantSide } from './deviations.ts';
import { legibleBody, writeBody } from './document.ts';
import type { Exchange } from './exchanges.ts';
import { lineDifference } from './line-difference.ts';
import { type Side, answeredSide, recordedSide } from './side.ts';

export type Outcome = 'equal' | 'on purpose' | 'wrong';

export interface Verdict {
  readonly exchange: Exchange;
  readonly outcome: Outcome;
  /** What should make this answer another one than the recorded. */
  readonly deviations: readonly Deviation[];
  /** What is wrong, in lines for people; empty unless it is. */
  readonly problems: readonly string[];
}

/**
 * Judges one answer by the rules of exchanges/README.md. A deviation that is listed but does not differ any
 * more is as wrong as one that is not listed.
 *
 * @param answer What came back, or why nothing did.
 */
export function judge(
  exchange: Exchange,
  answer: Answer | Error,
  { deviations, around }: { deviations: readonly Deviation[]; around: Circumstances },
): Verdict {
  const recorded = recordedSide(exchange);
  const { side: meant, applied } = meantSide(exchange, recorded, deviations);
  const verdict = (outcome: Outcome, problems: readonly string[] = []): Verdict => {
    return { exchange, outcome, deviations: applied, problems };
  };
  let answered: Side;
  try {
    if (answer instanceof Error) throw answer;
    answered = answeredSide(answer, meant);
  } catch (error) {
    if (!Error.isError(error)) throw error;
    return verdict('wrong', [`cannot be read: ${error.message}`]);
  }
  const differences = differencesOf(exchange, meant, answered, around);
  if (applied.length === 0)
    return verdict(differences.length === 0 ? 'equal' : 'wrong', differences);
  if (differencesOf(exchange, recorded, answered, around).length === 0) {
    const names = applied.map(({ name }) => name).join(', ');
    return verdict('wrong', [`answered as recorded: what is listed as ${names} differs no longer`]);
  }
  return verdict(differences.length === 0 ? 'on purpose' : 'wrong', differences);
}

/** In lines for people; none when both are equal but for what may differ. */
function differencesOf(
  exchange: Exchange,
  expected: Side,
  answered: Side,
  around: Circumstances,
): readonly string[] {
  const lines: string[] = [];
  if (expected.status !== answered.status) {
    lines.push(`- status ${expected.status}`, `+ status ${answered.status}`);
  }
  lines.push(...headerDifferences(meaningOf(expected.headers), meaningOf(answered.headers)));
  return [...lines, ...bodyDifferences(exchange, expected, answered, around)];
}

function headerDifferences(
  expected: ReadonlyMap<string, string>,
  answered: ReadonlyMap<string, string>,
): string[] {
  const names = [...new Set([...expected.keys(), ...answered.keys()])].sort();
  return names.flatMap((name) => {
    const [left, right] = [expected.get(name), answered.get(name)];
    if (left === right) return [];
    return [
      ...(left === undefined ? [] : [`- ${name}: ${left}`]),
      ...(right === undefined ? [] : [`+ ${name}: ${right}`]),
    ];
  });
}

function bodyDifferences(
  exchange: Exchange,
  expected: Side,
  answered: Side,
  around: Circumstances,
): readonly string[] {
  const { bodyIs } = exchange.response;
  if (bodyIs !== undefined) return partDifferences(bodyIs, expected, answered);
  // A part of an OpenAPI document, asked for by its bytes, is a part of the server's own.
  if (expected.status === 206 && exchange.path.startsWith('/openapi/')) return [];
  const sides = { recorded: expected, answered };
  const texts = comparableTexts(exchange, sides, around);
  // Not kept, so there is nothing to compare; that it can be decoded has been seen.
  if (texts === undefined || texts.isEqual) return [];
  const { recorded: left, answered: right } = texts;
  const forms =
    left.format === right.format ? [] : [`- body: ${left.format}`, `+ body: ${right.format}`];
  const legible = lineDifference(legibleBody(left), legibleBody(right));
  return [
    ...forms,
    ...(legible.length > 0 ? legible : lineDifference(writeBody(left), writeBody(right))),
  ];
}

/** Only pages of metrics were kept in part. */
function partDifferences(bodyIs: string, expected: Side, answered: Side): readonly string[] {
  if (bodyIs !== 'the TYPE lines only')
    return [`the recording keeps "${bodyIs}", which has no rule`];
  const [left, right] = [expected.body, answered.body].map((body) => (body ? writeBody(body) : ''));
  return metricsProblems(left ?? '', right ?? '').map((line) => `- ${line}`);
}
