import { isReadAsString } from './yaml-scalar.ts';

/** How a string stands in YAML: bare, quoted, or as a block of lines of its own. */
export type Style = 'plain' | 'single' | 'double' | 'literal';

/**
 * The style of a string; `isKey` when it stands before a colon on one line. By the rules of Go's emitter
 * (go.yaml.in/yaml/v2: encode.go and emitterc.go): the style it would like, or the next one that can hold the text.
 */
export function styleOf(text: string, isKey: boolean): Style {
  const needsEscapes = UNPRINTABLE.test(text) || SPACE_THEN_BREAK.test(text);
  if (text.includes('\n')) {
    return needsEscapes || text.endsWith(' ') || isKey ? 'double' : 'literal';
  }
  if (!isReadAsString(text) || needsEscapes || BREAK_THEN_SPACE.test(text)) return 'double';
  return isBareString(text) ? 'plain' : 'single';
}

/** Whether nothing in a string is YAML's own, or lost at its ends. */
function isBareString(text: string): boolean {
  const hasIndicator = LEADING_INDICATOR.test(text) || INNER_INDICATOR.test(text);
  return !hasIndicator && !ANY_BREAK.test(text) && !text.startsWith(' ') && !text.endsWith(' ');
}

const BREAKS = '\\r\\n\\u0085\\u2028\\u2029';
const SPACE_THEN_BREAK = new RegExp(` [${BREAKS}]`);
const BREAK_THEN_SPACE = new RegExp(`[${BREAKS}] `);
const ANY_BREAK = new RegExp(`[${BREAKS}]`);
/** What begins with one of these is no bare string, nor is a marker of a document. */
const LEADING_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|$)|---|\.\.\.)/;
/** A key's colon, or a comment. */
const INNER_INDICATOR = new RegExp(`:(?:[ \\t]|$)|[ \\t\\0${BREAKS}]#`);

/** All but line feeds and what Go's emitter prints; it escapes everything beyond the basic plane. */
const UNPRINTABLE = /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

export function isBreak(character: string): boolean {
  return ANY_BREAK.test(character);
}

/** Whether a string in double quotes writes a character as an escape. */
export function needsEscape(character: string): boolean {
  return (
    UNPRINTABLE.test(character) || isBreak(character) || character === '"' || character === '\\'
  );
}

const SHORT_ESCAPES = new Map([
  ['\0', '0'],
  ['\x07', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\x1b', 'e'],
  ['"', '"'],
  ['\\', '\\'],
  ['\x85', 'N'],
  ['\u2028', 'L'],
  ['\u2029', 'P'],
]);

export function escaped(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  if (short !== undefined) return `\\${short}`;
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

/** What stands behind the `|` of a block: its indentation, where its first line does not show it, and how it ends. */
export function literalHints(text: string): string {
  const indentation = text.startsWith(' ') || isBreak(text.charAt(0)) ? '2' : '';
  if (!isBreak(text.charAt(text.length - 1))) return `${indentation}-`;
  const hasMore = text.length === 1 || isBreak(text.charAt(text.length - 2));
  return hasMore ? `${indentation}+` : indentation;
}

/** The longest key, in bytes, that stands before its colon; a longer one is marked with `?`. */
const LONGEST_SIMPLE_KEY = 128;

export function isSimpleKey(key: string): boolean {
  // A character has at most three bytes a unit.
  const isShort = key.length * 3 <= LONGEST_SIMPLE_KEY;
  return !ANY_BREAK.test(key) && (isShort || Buffer.byteLength(key) <= LONGEST_SIMPLE_KEY);
}

/**
 * Numbers, booleans and null: a number of at most 64 bits in the digits of its JSON, any other as Go's
 * strconv.FormatFloat(…, 'g', -1, 64).
 */
export function scalarText(value: unknown): string {
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64) return `${value}`;
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  const digits = `${Math.abs(power)}`.padStart(2, '0');
  return `${mantissa}e${power < 0 ? '-' : '+'}${digits}`;
}
