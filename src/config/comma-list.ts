/**
 * Splits the value of a list flag at its commas as pflag does, with the first record of encoding/csv:
 * `a,"b,c"` is two values, `""` within quotes is one quote, and nothing is trimmed.
 * @throws SyntaxError with Go's text, for example for a quote in the middle of a value.
 */
export function splitCommaList(text: string): string[] {
  if (text === '') return [];
  const lines = text.replaceAll('\r\n', '\n');
  const values: string[] = [];
  const field = /"(?<quoted>(?:[^"]|"")*)"(?=[,\n]|$)|(?<plain>[^,\n"]*)(?=[,\n]|$)/y;
  field.lastIndex = /^\n*/.exec(lines)?.[0].length ?? 0; // blank lines before the record do not count
  if (field.lastIndex === lines.length) throw new SyntaxError('EOF');
  for (;;) {
    const start = field.lastIndex;
    const match = field.exec(lines);
    if (!match) throw badQuote(lines, start);
    const { quoted, plain = '' } = match.groups ?? {};
    values.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (lines[field.lastIndex] !== ',') return values;
    field.lastIndex++;
  }
}

function badQuote(lines: string, start: number): SyntaxError {
  if (lines[start] !== '"') {
    return problemAt(lines, lines.indexOf('"', start), 'bare " in non-quoted-field');
  }
  // Quotes come in pairs within a quoted value: the first one that does not ends it too early.
  const body = /"(?:[^"]|"")*/y;
  body.lastIndex = start;
  body.exec(lines);
  return problemAt(lines, body.lastIndex, 'extraneous or missing " in quoted-field');
}

function problemAt(lines: string, index: number, problem: string): SyntaxError {
  const before = lines.slice(0, index).split('\n');
  const column = new TextEncoder().encode(before.at(-1)).length + 1;
  return new SyntaxError(`parse error on line ${before.length}, column ${column}: ${problem}`);
}
