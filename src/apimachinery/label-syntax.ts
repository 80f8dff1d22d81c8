import { MAX_SUBDOMAIN_BYTES, SUBDOMAIN_SYNTAX, isSubdomainSpelling } from './dns-name.ts';

/**
 * The rules for label keys and values, with the API server's wording (as upstream:
 * apimachinery/pkg/api/validate/content). An empty list means valid.
 */
export function labelKeyProblems(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${KEY_SYNTAX} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  const name = parts.at(-1) ?? '';
  if (parts.length === 2) {
    problems.push(...prefixProblems(parts[0] ?? '').map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (byteLength(name) > 63) problems.push(`name part ${tooLong(63)}`);
  if (!new RegExp(`^${NAME}$`).test(name)) problems.push(`name part ${KEY_SYNTAX}`);
  return problems;
}

export function labelValueProblems(value: string): string[] {
  const problems: string[] = [];
  if (byteLength(value) > 63) problems.push(tooLong(63));
  if (!new RegExp(`^(${NAME})?$`).test(value)) problems.push(VALUE_SYNTAX);
  return problems;
}

const NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const ALPHANUMERIC =
  "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const KEY_SYNTAX = `must ${ALPHANUMERIC} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME}')`;
const VALUE_SYNTAX = `a valid label must be an empty string or ${ALPHANUMERIC} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME})?')`;

function prefixProblems(prefix: string): string[] {
  if (prefix === '') return ['must be non-empty'];
  const problems: string[] = [];
  if (byteLength(prefix) > MAX_SUBDOMAIN_BYTES) problems.push(tooLong(MAX_SUBDOMAIN_BYTES));
  if (!isSubdomainSpelling(prefix)) problems.push(SUBDOMAIN_SYNTAX);
  return problems;
}

function tooLong(bytes: number): string {
  return `must be no more than ${bytes} bytes`;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
