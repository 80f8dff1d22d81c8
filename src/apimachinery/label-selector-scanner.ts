/** A word of a label selector. Keywords are told apart here; the parser knows where they count. */
export interface Token {
  readonly kind:
    'identifier' | 'in' | 'notin' | '(' | ')' | ',' | '!' | '=' | '==' | '!=' | '>' | '<' | 'end';
  readonly text: string;
}

/** Space, tab, CR and LF separate; every other character belongs to an identifier. NUL ends the text. */
const TOKEN = /[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^=!(),<> \t\r\n\0]+))\0?/y;

/** Cuts a selector into tokens. Never fails: whatever is no symbol is an identifier. */
export function scanSelector(text: string): Token[] {
  const tokens: Token[] = [];
  const scanner = new RegExp(TOKEN);
  for (let match = scanner.exec(text); match; match = scanner.exec(text)) {
    const [, symbol, identifier = ''] = match;
    if (symbol !== undefined) tokens.push({ kind: symbol as Token['kind'], text: symbol });
    else if (identifier === 'in' || identifier === 'notin') {
      tokens.push({ kind: identifier, text: identifier });
    } else tokens.push({ kind: 'identifier', text: identifier });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}
