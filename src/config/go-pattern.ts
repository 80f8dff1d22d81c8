/**
 * A regular expression of Go's syntax (RE2) in JavaScript's, for `RegExp` without flags: most letters mean the same in
 * both. What RE2 leaves out on purpose, references back and looking around, is refused here as well: it is
 * what makes matching slow.
 * @throws SyntaxError in Go's form, `error parsing regexp: …`; of broken ones with the words of JavaScript.
 */
export function goPattern(pattern: string): string {
  const translated = withFlagGroups(quotedAsLiterals(pattern)).replaceAll(
    DIFFERENT,
    (all: string, escaped: string | undefined, group: string | undefined) =>
      escaped === undefined ? groupOf(all, group ?? '') : escapeOf(all, escaped),
  );
  try {
    RegExp(translated);
    return translated;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`error parsing regexp: ${error.message}`, { cause: error });
  }
}

/** An escape, or what follows the `(?` of a group. */
const DIFFERENT = /\\([\s\S])|\(\?(P?<[A-Za-z_]\w*>|<?[=!]|>|[imsU-]+[:)])/g;

/** `\Q…\E` is text and no pattern. */
function quotedAsLiterals(pattern: string): string {
  return pattern.replaceAll(/\\Q([\s\S]*?)(?:\\E|$)/g, (_, text: string) =>
    text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
  );
}

/** `(?i)…` holds to the end of its group; JavaScript has `(?i:…)`. Only where that is the end of the pattern. */
function withFlagGroups(pattern: string): string {
  const [, before, flags, rest] =
    /^((?:\\[\s\S]|[^()|\\])*)\(\?([ims]+)\)([\s\S]*)$/.exec(pattern) ?? [];
  if (before === undefined || flags === undefined || rest === undefined) return pattern;
  if (before !== '' && rest.includes('|')) return pattern;
  return `${before}(?${flags}:${rest})`;
}

function escapeOf(all: string, escaped: string): string {
  if (escaped === 'A') return '^';
  if (escaped === 'z') return '$';
  if (/[1-9ckuZ]/.test(escaped)) {
    throw new SyntaxError(`error parsing regexp: invalid escape sequence: \`${all}\``);
  }
  return all;
}

function groupOf(all: string, group: string): string {
  if (/^P?<\w/.test(group)) return `(?${group.replace(/^P/, '')}`;
  if (/^[ims]+:$/.test(group)) return all;
  throw new SyntaxError(`error parsing regexp: invalid or unsupported Perl syntax: \`${all}\``);
}
