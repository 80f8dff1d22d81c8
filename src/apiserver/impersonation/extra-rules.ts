import {
  MAX_SUBDOMAIN_BYTES,
  SUBDOMAIN_SYNTAX,
  isSubdomainSpelling,
} from '../../apimachinery/dns-name.ts';
import { goQuote } from '../../apimachinery/go-quote.ts';
import type { UserInfo } from '../authentication/authenticator.ts';

const PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const PATH_PATTERN = new RegExp(`^${PATH}$`);

/**
 * What is wrong with extras for constrained impersonation, which is stricter than the old one: lower-case,
 * domain-prefixed keys and no empty values. '' when nothing is. Words as upstream:
 * apimachinery/pkg/util/validation, IsDomainPrefixedPath.
 */
export function extraProblem(extra: UserInfo['extra']): string {
  for (const [key, values] of extra) {
    const problem = keyProblem(key);
    if (problem !== '') return problem;
    if (values.includes('')) {
      return 'impersonating the empty string value in extra is not allowed';
    }
  }
  return '';
}

function keyProblem(key: string): string {
  if (key === '') return 'impersonating the empty string key in extra is not allowed';
  const problems = domainPrefixedPathProblems(key).map((problem) => `extra.key: ${problem}`);
  if (problems.length > 0) {
    const text = problems.length === 1 ? problems.join('') : `[${problems.join(', ')}]`;
    return `impersonating an invalid key in extra is not allowed: ${text}`;
  }
  if (key === key.toLowerCase()) return '';
  return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`;
}

/** `acme.io/anything`: a domain, a slash, a path. */
function domainPrefixedPathProblems(text: string): string[] {
  const slash = text.indexOf('/');
  const [domain, path] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)];
  if (domain === '' || path === '') {
    return [invalidValue(text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const problems: string[] = [];
  if (Buffer.byteLength(domain) > MAX_SUBDOMAIN_BYTES) {
    problems.push(invalidValue(domain, `must be no more than ${MAX_SUBDOMAIN_BYTES} characters`));
  }
  if (!isSubdomainSpelling(domain)) problems.push(invalidValue(domain, SUBDOMAIN_SYNTAX));
  if (!PATH_PATTERN.test(path)) {
    problems.push(invalidValue(path, `Invalid path (regex used for validation is '${PATH}')`));
  }
  return problems;
}

function invalidValue(value: string, detail: string): string {
  return `Invalid value: ${goQuote(value)}: ${detail}`;
}
