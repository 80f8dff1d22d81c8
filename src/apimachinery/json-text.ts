/** Everything that Go's encoding/json does not write as it is; DEL and C1 controls are sorted out below. */
const UNSAFE = /["\\<>&\u2028\u2029\p{Cc}\p{Cs}]/u;
const EVERY_UNSAFE = new RegExp(UNSAFE, 'gu');

const SHORT = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/**
 * A JSON string as Go's encoding/json writes it: `<`, `>`, `&`, U+2028 and U+2029 escaped, DEL and
 * other non-ASCII raw. A lone surrogate becomes `\ufffd`, as invalid UTF-8 does there.
 */
export function quoteJson(text: string): string {
  return UNSAFE.test(text) ? `"${text.replace(EVERY_UNSAFE, escape)}"` : `"${text}"`;
}

/** A whole value as compact JSON, with strings and keys escaped as quoteJson does. Key order is the value's. */
export function toJsonText(value: object): string {
  return JSON.stringify(value)
    .replace(/[<>&\u2028\u2029]/g, escape)
    .replace(/\\(?:u(d[89a-f][\da-f]{2})|.)/g, (whole: string, surrogate: string | undefined) =>
      surrogate === undefined ? whole : '\\ufffd',
    );
}

function escape(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  if (code >= 0x7f && code < 0xa0) return character;
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
