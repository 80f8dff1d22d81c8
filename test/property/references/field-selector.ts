/** One term that restricts something: `=` for both `=` and `==`. */
export type Term = readonly [field: string, operator: '=' | '!=', value: string];

/** Every selectable field of the resources that we serve (contract.md 3.10). */
const SUPPORTED = new Set(['metadata.name', 'metadata.namespace']);

/**
 * The grammar of contract.md 3.10 once more, one character at a time. Undefined: refused. The terms are
 * in byte order, as upstream reads them.
 */
export function readFieldSelector(text: string): Term[] | undefined {
  const terms = readFieldTerms(text);
  return terms?.every(([field]) => SUPPORTED.has(field)) === true ? terms : undefined;
}

/** The same for any fields. */
export function readFieldTerms(text: string): Term[] | undefined {
  const terms: Term[] = [];
  for (const piece of pieces(text).sort(byCodePoints)) {
    if (piece.length === 0) continue;
    const term = readTerm(piece);
    if (!term) return undefined;
    // An operator alone restricts nothing.
    if (term[0] !== '' || term[2] !== '') terms.push(term);
  }
  return terms;
}

/** Code points between commas that no backslash protects. */
function pieces(text: string): string[][] {
  const all: string[][] = [[]];
  let isProtected = false;
  for (const one of text) {
    if (one === ',' && !isProtected) all.push([]);
    else all.at(-1)?.push(one);
    isProtected = one === '\\' && !isProtected;
  }
  return all;
}

function byCodePoints(left: readonly string[], right: readonly string[]): number {
  const at = left.findIndex((one, index) => one !== right[index]);
  if (at === -1) return left.length - right.length;
  return (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? -1);
}

function readTerm(piece: readonly string[]): Term | undefined {
  for (const [at, one] of piece.entries()) {
    const next = piece[at + 1];
    const field = piece.slice(0, at).join('');
    if (one === '!' && next === '=') return withValue(field, '!=', piece.slice(at + 2));
    if (one === '=') return withValue(field, '=', piece.slice(next === '=' ? at + 2 : at + 1));
  }
  return undefined;
}

function withValue(
  field: string,
  operator: '=' | '!=',
  escaped: readonly string[],
): Term | undefined {
  const letters = escaped[Symbol.iterator]();
  let value = '';
  for (const one of letters) {
    if (one === ',' || one === '=') return undefined;
    if (one === '\\') {
      const { value: meant, done } = letters.next();
      if (done === true || !['\\', ',', '='].includes(meant)) return undefined;
      value += meant;
    } else value += one;
  }
  return [field, operator, value];
}
