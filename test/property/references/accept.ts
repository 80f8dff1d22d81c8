/** One media type as it is served: which parameters of a clause it puts up with. */
interface Row {
  readonly type: string;
  readonly streams: boolean;
  readonly transforms: readonly string[];
}

const PARTIAL = ['PartialObjectMetadata', 'PartialObjectMetadataList'];

/** contract.md 4.1, in the order in which equals are preferred. */
const ROWS: readonly Row[] = [
  { type: 'application/json', streams: true, transforms: ['Table', ...PARTIAL] },
  { type: 'application/yaml', streams: false, transforms: ['Table', ...PARTIAL] },
  { type: 'application/vnd.kubernetes.protobuf', streams: true, transforms: PARTIAL },
];

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly weight: number;
  readonly parameters: ReadonlyMap<string, string>;
}

export interface Verdict {
  readonly type: string;
  /** `Table/v1` and the like; undefined for the plain object. */
  readonly as: string | undefined;
  readonly pretty: boolean;
}

/** Stage A of contract.md 4.1: does a piece name a producible type literally? */
export function passesRouter(header: string, producible: readonly string[]): boolean {
  if (header === '') return true;
  return header
    .split(',')
    .some((piece) =>
      ['*/*', ...producible].includes(
        trimmed(piece.split(';')[0] ?? '', ' \t\n\v\f\r\u0085\u00a0'),
      ),
    );
}

/** Stage B: the first acceptable combination, undefined when there is none. */
export function chosen(header: string, mayTransform: boolean): Verdict | undefined {
  if (header === '') return { type: 'application/json', as: undefined, pretty: false };
  for (const clause of sortedAsGo(header.split(',').flatMap(clauseOf))) {
    for (const row of ROWS) {
      if (!matches(clause, row)) continue;
      const verdict = judged(clause.parameters, row, mayTransform);
      if (verdict) return verdict;
    }
  }
  return undefined;
}

function matches({ type, subtype }: Clause, row: Row): boolean {
  return [row.type, `${row.type.split('/')[0] ?? ''}/*`, '*/*'].includes(`${type}/${subtype}`);
}

function judged(
  parameters: ReadonlyMap<string, string>,
  row: Row,
  mayTransform: boolean,
): Verdict | undefined {
  const stream = parameters.get('stream') ?? '';
  const streams = row.streams ? ['', 'watch'] : [''];
  const version = parameters.get('sv') ?? '';
  if (!streams.includes(stream) || !(mayTransform ? ['', 'v1'] : ['']).includes(version))
    return undefined;
  const pretty = parameters.get('pretty') === '1';
  const target = ['as', 'g', 'v'].map((name) => parameters.get(name));
  if (target.every((part) => part === undefined)) return { type: row.type, as: undefined, pretty };
  const as = mayTransform ? KNOWN.get(target.join(' ')) : undefined;
  const allowed = row.transforms.some((kind) => as?.startsWith(`${kind}/`));
  return allowed ? { type: row.type, as, pretty } : undefined;
}

/** By kind, group and version. */
const KNOWN = new Map(
  ['Table', ...PARTIAL].flatMap((kind) =>
    ['v1', 'v1beta1'].map((version) => [`${kind} meta.k8s.io ${version}`, `${kind}/${version}`]),
  ),
);

/**
 * Upstream compares weights, then concrete types, then concrete subtypes, each as a reason to come first;
 * so a concrete type also overtakes a heavier wildcard that stands before it. What comes out depends on
 * the algorithm: up to 12 elements Go inserts one after the other (contract.md 4.1).
 */
function sortedAsGo(clauses: readonly Clause[]): Clause[] {
  const sorted: Clause[] = [];
  for (const clause of clauses) {
    let at = sorted.length;
    while (at > 0 && overtakes(clause, sorted[at - 1] ?? clause)) at--;
    sorted.splice(at, 0, clause);
  }
  return sorted;
}

function overtakes(later: Clause, earlier: Clause): boolean {
  return (
    later.weight > earlier.weight ||
    (later.type !== '*' && earlier.type === '*') ||
    (later.subtype !== '*' && earlier.subtype === '*')
  );
}

/** A list of one; none for what upstream skips. */
function clauseOf(text: string): Clause[] {
  const [range = '', ...assignments] = trimmed(text, ' ').split(';');
  const [first, second, isWhole] = cut(range, '/');
  const type = trimmed(first, ' ');
  if (!isWhole || (second === undefined && type !== '*')) return [];
  const subtype = second === undefined ? '*' : trimmed(second, ' ');
  const parameters = new Map<string, string>();
  let weight = 1;
  for (const assignment of assignments) {
    const [name, value, isRead] = cut(assignment, '=');
    if (value === undefined || !isRead) continue;
    if (trimmed(name, ' ') === 'q') weight = goFloat(value);
    else parameters.set(trimmed(name, ' '), trimmed(value, ' '));
  }
  return [{ type, subtype, weight, parameters }];
}

/** In two; the second part is undefined when there is nothing of it. False when there is a third one. */
function cut(text: string, separator: string): [string, string | undefined, boolean] {
  const at = text.indexOf(separator);
  const tail = at === -1 ? '' : text.slice(at + 1);
  if (tail === '') return [at === -1 ? text : text.slice(0, at), undefined, true];
  const end = tail.indexOf(separator);
  const second = end === -1 ? tail : tail.slice(0, end);
  return [text.slice(0, at), second, end === -1 || end === tail.length - 1];
}

function trimmed(text: string, letters: string): string {
  let [start, end] = [0, text.length];
  while (start < end && letters.includes(text.charAt(start))) start++;
  while (end > start && letters.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** strconv.ParseFloat for 32 bits, its error left aside: 0 for what is no number, infinity for what is too large.
 * Hexadecimal numbers, which it would read too, are not among the cases. */
function goFloat(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const magnitude = text.replace(/^[+-]/, '').toLowerCase();
  if (magnitude === 'inf' || magnitude === 'infinity') return sign * Infinity;
  if (text.toLowerCase() === 'nan') return Number.NaN;
  // Underscores may stand between digits, as in Go's own numbers.
  const plain = magnitude.replace(/(?<=\d)_(?=\d)/g, '');
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(plain)) return 0;
  return sign * Math.fround(Number(plain));
}
