import { strayByte } from './byte-text.ts';

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/** Go's units in nanoseconds; both letters for micro that Unicode has. */
const UNIT_NS = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', NS_PER_MS],
  ['s', NS_PER_SECOND],
  ['m', 60n * NS_PER_SECOND],
  ['h', 3_600n * NS_PER_SECOND],
]);

const INT64_LIMIT = 2n ** 63n;

/**
 * A duration as Go prints it: `1m1.5s`. Fractions of a millisecond count, to the nanosecond.
 * @throws RangeError when `ms` is not finite.
 */
export function formatDuration(ms: number): string {
  if (Number.isSafeInteger(ms) && ms >= 1000) return formatWholeMs(ms);
  const wholeMs = Math.trunc(ms);
  return formatDurationNs(
    BigInt(wholeMs) * NS_PER_MS + BigInt(Math.round((ms - wholeMs) * Number(NS_PER_MS))),
  );
}

/** What every window is; without bigints, since every item of a list has one. */
function formatWholeMs(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const millis = ms % 1000;
  const fraction = millis === 0 ? '' : `.${`${1000 + millis}`.slice(1).replace(/0+$/, '')}`;
  const seconds = `${Math.floor(ms / 1000) % 60}${fraction}s`;
  if (minutes === 0) return seconds;
  return minutes < 60
    ? `${minutes}m${seconds}`
    : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

/** The same from nanoseconds. */
export function formatDurationNs(ns: bigint): string {
  if (ns === 0n) return '0s';
  if (ns < 0n) return `-${formatDurationNs(-ns)}`;
  if (ns < 1_000n) return `${ns}ns`;
  if (ns < NS_PER_MS) return `${fixed(ns, 3)}\u00b5s`;
  if (ns < NS_PER_SECOND) return `${fixed(ns, 6)}ms`;
  const minutes = ns / (60n * NS_PER_SECOND);
  const seconds = `${fixed(ns % (60n * NS_PER_SECOND), 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value` with a decimal point before its last `places` digits, without trailing zeros. */
function fixed(value: bigint, places: number): string {
  const scale = 10n ** BigInt(places);
  const fraction = (value % scale).toString().padStart(places, '0').replace(/0+$/, '');
  return fraction === '' ? `${value / scale}` : `${value / scale}.${fraction}`;
}

/**
 * Reads a duration as Go writes them (`1m30s`, `-1.5h`, `0`) into milliseconds, with a fraction when it
 * is finer than that.
 * @throws SyntaxError with Go's text: `time: invalid duration "abc"`, `time: missing unit in duration "5"`.
 */
export function parseDuration(text: string): number {
  const ns = parseDurationNs(text);
  return Number(ns / NS_PER_MS) + Number(ns % NS_PER_MS) / Number(NS_PER_MS);
}

function parseDurationNs(text: string): bigint {
  const isNegative = text.startsWith('-');
  const unsigned = text.replace(/^[+-]/, '');
  if (unsigned === '0') return 0n;
  if (unsigned === '') throw invalid(text);
  const term = /(\d*)(?:\.(\d*))?([^\d.]*)/y;
  let total = 0n;
  while (term.lastIndex < unsigned.length) {
    const [, whole, fraction, unit] = term.exec(unsigned) ?? [];
    total += termNs(text, whole, fraction, unit);
    if (total > INT64_LIMIT) throw invalid(text);
  }
  if (!isNegative && total === INT64_LIMIT) throw invalid(text);
  return isNegative ? -total : total;
}

/** One number with its unit. Go multiplies the fraction as a float; so do we, to get its nanosecond. */
function termNs(text: string, whole = '', fraction = '', unit = ''): bigint {
  const value = BigInt(whole);
  if ((whole === '' && fraction === '') || value > INT64_LIMIT) throw invalid(text);
  if (unit === '') throw new SyntaxError(`time: missing unit in duration ${quote(text)}`);
  const unitNs = UNIT_NS.get(unit);
  if (unitNs === undefined) {
    throw new SyntaxError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
  }
  const ns = value * unitNs;
  if (ns > INT64_LIMIT) throw invalid(text);
  const { digits, scale } = leadingFraction(fraction);
  return ns + BigInt(Math.trunc(digits * (Number(unitNs) / scale)));
}

/** As many digits of the fraction as an int64 holds; Go drops the rest. */
function leadingFraction(fraction: string): { digits: number; scale: number } {
  let digits = 0n;
  let scale = 1;
  for (const digit of fraction) {
    const longer = digits * 10n + BigInt(digit);
    if (longer > INT64_LIMIT) break;
    digits = longer;
    scale *= 10;
  }
  return { digits: Number(digits), scale };
}

function invalid(text: string): SyntaxError {
  return new SyntaxError(`time: invalid duration ${quote(text)}`);
}

/** The quoting of Go's package time, which differs from strconv's: every byte that is not plain ASCII as `\xNN`. */
function quote(text: string): string {
  let quoted = '';
  for (const letter of text) {
    if (letter === '"' || letter === '\\') quoted += `\\${letter}`;
    else if (/[\x20-\x7f]/.test(letter)) quoted += letter;
    else for (const byte of bytesOf(letter)) quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `"${quoted}"`;
}

function bytesOf(letter: string): Iterable<number> {
  const stray = strayByte(letter.codePointAt(0) ?? 0);
  return stray === undefined ? new TextEncoder().encode(letter) : [stray];
}
