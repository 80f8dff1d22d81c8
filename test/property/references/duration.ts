import { decimal, plus, times, whole } from './rational.ts';
import type { Rational } from './rational.ts';

const UNITS = new Map([
  ['ns', 1n],
  ['us', 10n ** 3n],
  ['\u00b5s', 10n ** 3n],
  ['\u03bcs', 10n ** 3n],
  ['ms', 10n ** 6n],
  ['s', 10n ** 9n],
  ['m', 60n * 10n ** 9n],
  ['h', 3600n * 10n ** 9n],
]);

/** A duration of Go: its sign, and the exact nanoseconds of each of its terms. */
export interface ExactDuration {
  readonly sign: 1n | -1n;
  readonly terms: readonly Rational[];
}

/**
 * Go's duration grammar: an optional sign, then `0` alone or one or more decimal numbers, each with a
 * unit. Undefined: refused. Says nothing about the range.
 */
export function readDuration(text: string): ExactDuration | undefined {
  const sign = text.startsWith('-') ? -1n : 1n;
  let rest = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return { sign, terms: [] };
  const terms: Rational[] = [];
  while (rest !== '') {
    const numberLength = lengthOf(rest, (letter) => '0123456789.'.includes(letter));
    const number = decimal(rest.slice(0, numberLength));
    rest = rest.slice(numberLength);
    const unitLength = lengthOf(rest, (letter) => !'0123456789.'.includes(letter));
    const unit = UNITS.get(rest.slice(0, unitLength));
    if (!number || unit === undefined) return undefined;
    terms.push(times(number, whole(unit)));
    rest = rest.slice(unitLength);
  }
  return terms.length === 0 ? undefined : { sign, terms };
}

/** All terms together, in nanoseconds, without the sign. */
export function exactSum({ terms }: ExactDuration): Rational {
  return terms.reduce(plus, whole(0n));
}

function lengthOf(text: string, isPart: (letter: string) => boolean): number {
  let length = 0;
  while (length < text.length && isPart(text.charAt(length))) length++;
  return length;
}
