/** Several problems as one sentence, as upstream tells them: one as it is, more in brackets, none twice. */
export function aggregate(problems: readonly string[]): string[] {
  const [first, ...more] = new Set(problems);
  if (first === undefined) return [];
  return more.length === 0 ? [first] : [`[${[first, ...more].join(', ')}]`];
}
