/**
 * Texts as Go's encoders write them, for the simulated kubelet alone: the server has its own, and a
 * mistake in the one must not be hidden by the same mistake in the other.
 */

export type GoValue =
  | string
  | number
  | bigint
  | PrintedOnce
  | readonly GoValue[]
  | { readonly [name: string]: GoValue | undefined };

/** A value that never changes: its text is made once for every depth it stands at. */
export class PrintedOnce {
  readonly #value: GoValue;
  readonly #texts: string[] = [];

  constructor(value: GoValue) {
    this.#value = value;
  }

  at(depth: number): string {
    return (this.#texts[depth] ??= printGoJson(this.#value, depth));
  }
}

const INDENTS = Array.from({ length: 16 }, (_, depth) => `\n${' '.repeat(depth)}`);

/**
 * JSON with one blank of indent, as go-restful pretty-prints (json.MarshalIndent with " "): numbers of 64
 * bits in full, undefined members left out, empty arrays as `[]`. `depth` is that of the value itself.
 */
export function printGoJson(value: GoValue, depth = 0): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof PrintedOnce) return value.at(depth);
  return isArray(value) ? printArray(value, depth) : printObject(value, depth);
}

function printArray(items: readonly GoValue[], depth: number): string {
  const indent = INDENTS[depth + 1] ?? '';
  let text = '';
  for (const item of items) {
    text += (text === '' ? indent : `,${indent}`) + printGoJson(item, depth + 1);
  }
  return text === '' ? '[]' : `[${text}${INDENTS[depth] ?? ''}]`;
}

function printObject(
  members: Readonly<Record<string, GoValue | undefined>>,
  depth: number,
): string {
  const indent = INDENTS[depth + 1] ?? '';
  let text = '';
  for (const name in members) {
    const member = members[name];
    if (member === undefined) continue;
    text += `${text === '' ? indent : `,${indent}`}"${name}": ${printGoJson(member, depth + 1)}`;
  }
  return text === '' ? '{}' : `{${text}${INDENTS[depth] ?? ''}}`;
}

function isArray(value: object): value is readonly GoValue[] {
  return Array.isArray(value);
}

/**
 * A float as strconv.FormatFloat(value, 'g', -1, 64) writes it, which is how the Prometheus text format
 * carries numbers: the fewest digits that read back equal, with an exponent (of at least two digits)
 * below 1e-04 and from 1e+06 on: `6.7776512e+07`.
 */
export function formatGoFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  // JavaScript's own limits (1e-7 and 1e21) lie beyond, so this is plain decimal.
  if (exponent >= -4 && exponent < 6) return String(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
