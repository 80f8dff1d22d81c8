import { aggregate } from './aggregate.ts';
import { goPattern } from './go-pattern.ts';

/** What is wrong with --cors-allowed-origins, in upstream's words (it adds its help text). */
export function corsOriginProblems(origins: readonly string[]): string[] {
  return aggregate(
    origins.flatMap((origin) => {
      if (origin === '') return ['empty value in --cors-allowed-origins'];
      const problem = patternProblem(origin);
      return problem === undefined
        ? []
        : [`--cors-allowed-origins has an invalid regular expression: ${problem}`];
    }),
  );
}

function patternProblem(pattern: string): string | undefined {
  try {
    goPattern(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return error.message;
  }
  // Without both ends, a pattern for good.example also lets good.example.evil.test in (CVE-2022-1996).
  const isPinned = /\^|\/\//.test(pattern) && /[$:]/.test(pattern);
  return isPinned
    ? undefined
    : 'regular expression does not pin to start/end of host in the origin header';
}

/** What is wrong with --strict-transport-security-directives, in upstream's words. */
export function transportSecurityProblems(directives: readonly string[]): string[] {
  return aggregate(
    directives.flatMap((directive) => {
      if (directive.trim() === '') return ['empty value in strict-transport-security-directives'];
      if (/^(?:includeSubDomains|preload|max-age=[^=]*)$/.test(directive)) return [];
      return [
        '--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information',
      ];
    }),
  );
}
