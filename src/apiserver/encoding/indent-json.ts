const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Lays out compact JSON over several lines, two spaces a level, as Go's json.Indent: strings keep their
 * escapes, empty objects and arrays stay on one line, no line break at the end.
 *
 * `level` is the depth at which the text will stand; the first line is not indented. The text may also be a
 * run of members without their braces (`"a":1,"b":2`), as fragments are.
 */
export function indentJson(compact: string, level = 0): string {
  let out = '';
  let copied = 0;
  let depth = level;
  for (let at = 0; at < compact.length; at++) {
    const code = compact.charCodeAt(at);
    switch (code) {
      case QUOTE:
        at = endOfString(compact, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (isClosing(compact.charCodeAt(at + 1))) {
          at++;
          break;
        }
        depth++;
        out += compact.slice(copied, at + 1) + lineBreak(depth);
        copied = at + 1;
        break;
      case COMMA:
        out += compact.slice(copied, at + 1) + lineBreak(depth);
        copied = at + 1;
        break;
      case COLON:
        out += compact.slice(copied, at + 1) + ' ';
        copied = at + 1;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        out += compact.slice(copied, at) + lineBreak(depth);
        copied = at;
        break;
      default:
    }
  }
  return out + compact.slice(copied);
}

/** A line break and the indentation of a level. */
export function lineBreak(level: number): string {
  return `\n${'  '.repeat(level)}`;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) {
    at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  }
  return at;
}

function isClosing(code: number): boolean {
  return code === CLOSE_BRACE || code === CLOSE_BRACKET;
}
