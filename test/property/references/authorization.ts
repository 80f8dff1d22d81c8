/** What contract.md 6.6 makes of the header: a token, no token, or none with a warning. */
export interface Presented {
  readonly token: string | undefined;
  readonly isWarned: boolean;
}

export function presentedToken(header: string): Presented {
  const words = withoutSpaceAround(header).split(' ');
  const [scheme = '', token] = words;
  if (scheme.toLowerCase() !== 'bearer' || token === undefined) {
    return { token: undefined, isWarned: false };
  }
  if (token === '') return { token: undefined, isWarned: words.length > 2 };
  return { token, isWarned: false };
}

/** What Go's strings.TrimSpace takes off, of what a header may contain. */
function withoutSpaceAround(text: string): string {
  return text.replace(/^(?:[ \t]|\u0085|\u00a0)+|(?:[ \t]|\u0085|\u00a0)+$/g, '');
}
