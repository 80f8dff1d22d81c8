import { LRUCache } from 'lru-cache';

/** Headers whose clauses are remembered: clients have few, and send them with each request. */
const MOST_KNOWN = 64;
const LONGEST_KNOWN = 256;
const known = new LRUCache<string, readonly Clause[]>({ max: MOST_KNOWN });

/** One range of media types of an Accept header. */
export interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly weight: number;
  /** Without the weight. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The clauses of an Accept header, best first. As upstream (munnerz/goautoneg), a weight of 0 excludes
 * nothing, it comes last, and what cannot be read is left out.
 */
export function parseAccept(header: string): readonly Clause[] {
  if (header.length > LONGEST_KNOWN) return clausesOf(header);
  let clauses = known.get(header);
  if (clauses === undefined) {
    clauses = clausesOf(header);
    known.set(header, clauses);
  }
  return clauses;
}

function clausesOf(header: string): Clause[] {
  const sorted: Clause[] = [];
  for (const clause of header.split(',').flatMap((text) => parseClause(text) ?? [])) {
    let at = sorted.length;
    while (at > 0 && comesFirst(clause, sorted[at - 1] ?? clause)) at--;
    sorted.splice(at, 0, clause);
  }
  return sorted;
}

/**
 * Upstream's comparison, which is no order: each line is a reason to come first, so that a concrete type
 * overtakes a heavier wildcard too, but only one that stands before it. Go sorts up to 12 elements by
 * inserting one after the other, as parseAccept does with any number.
 */
function comesFirst(later: Clause, earlier: Clause): boolean {
  return (
    later.weight > earlier.weight ||
    (later.type !== '*' && earlier.type === '*') ||
    (later.subtype !== '*' && earlier.subtype === '*')
  );
}

function parseClause(text: string): Clause | undefined {
  const [range = '', ...assignments] = trim(text).split(';');
  const halves = halvesOf(range, '/');
  const type = trim(halves.before);
  // Only `*` may stand without a subtype.
  const subtype = halves.isAlone && type === '*' ? '*' : halves.after;
  if (subtype === undefined) return undefined;
  const parameters = parseParameters(assignments);
  const weight = weightOf(parameters.get('q'));
  parameters.delete('q');
  return { type, subtype: trim(subtype), weight, parameters };
}

function parseParameters(assignments: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const assignment of assignments) {
    const { before, after } = halvesOf(assignment, '=');
    const name = trim(before);
    if (after !== undefined) parameters.set(name, name === 'q' ? after : trim(after));
  }
  return parameters;
}

interface Halves {
  readonly before: string;
  /** Undefined when nothing stands there, or a separator with something behind it. */
  readonly after: string | undefined;
  /** Nothing stands after the separator, or there is none. */
  readonly isAlone: boolean;
}

/** What stands around the first separator. A second one counts for nothing when it ends the text. */
function halvesOf(text: string, separator: string): Halves {
  const [before = '', ...more] = text.split(separator);
  const rest = more.join(separator);
  const after = rest.endsWith(separator) ? rest.slice(0, -1) : rest;
  const isAlone = rest === '';
  return { before, after: isAlone || after.includes(separator) ? undefined : after, isAlone };
}

/** Spaces only, as upstream. */
function trim(text: string): string {
  return text.replace(/^ +| +$/g, '');
}

/** As strconv.ParseFloat(text, 32) with its error left aside; hexadecimal numbers apart. 1 when there is none. */
function weightOf(text: string | undefined): number {
  if (text === undefined) return 1;
  const [, sign, word] = /^([+-]?)(inf|infinity|nan)$/i.exec(text) ?? [];
  if (word !== undefined) return /^n/i.test(word) ? Number.NaN : Number(`${sign}Infinity`);
  const isNumber = /^[+-]?(\d(_?\d)*\.?|(\d(_?\d)*)?\.\d(_?\d)*)(e[+-]?\d(_?\d)*)?$/i.test(text);
  return isNumber ? Math.fround(Number(text.replaceAll('_', ''))) : 0;
}
