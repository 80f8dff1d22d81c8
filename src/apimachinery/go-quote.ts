import { strayByte } from './byte-text.ts';

const ESCAPES = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);

/** What Go's unicode.IsPrint lets through: letters, marks, numbers, punctuation, symbols, ASCII space. */
const UNSAFE = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/**
 * Quotes as Go's `%q` (strconv.Quote), as it stands in many messages. A byte that is no UTF-8 (textOfBytes)
 * becomes `\xff`, any other lone surrogate `\ufffd`.
 */
export function goQuote(text: string): string {
  return `"${text.replace(UNSAFE, escape)}"`;
}

function escape(character: string): string {
  const known = ESCAPES.get(character);
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  const stray = strayByte(code);
  if (stray !== undefined) return `\\x${hex(stray, 2)}`;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
