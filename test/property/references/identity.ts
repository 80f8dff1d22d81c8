import type { Line } from '../cases/identity-headers.ts';
import { bytesOf, textOf, unescapeBytes } from './url.ts';

/** A user as the tests compare them: extras by key, in the order of the keys. */
export interface Identity {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: readonly (readonly [key: string, values: readonly string[]])[];
}

/** Values of the lines with this name in any case, blanks around them gone. */
function valuesOf(lines: readonly Line[], name: string): string[] {
  return lines
    .filter(([given]) => given.toLowerCase() === name)
    .map(([, value]) => textOf(bytesOf(value.replace(/^[ \t]+|[ \t]+$/g, ''))));
}

/** Keys lower-cased, then percent-decoded; one that cannot be decoded stays (contract.md 6.5, 7.4). */
function extrasOf(lines: readonly Line[], prefix: string): Identity['extra'] {
  const keys = lines
    .map(([name]) => name.toLowerCase())
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({ name, key: decoded(name.slice(prefix.length)) }));
  const known = [...new Set(keys.map(({ key }) => key))].sort();
  return known.map((key) => [
    key,
    // In the order of the lines, whatever the spelling.
    lines
      .filter(([name]) => keys.some((one) => one.key === key && one.name === name.toLowerCase()))
      .flatMap((line) => valuesOf([line], line[0].toLowerCase())),
  ]);
}

function decoded(key: string): string {
  const bytes = unescapeBytes(bytesOf(key), false);
  return bytes ? textOf(bytes) : key;
}

/**
 * Whom a verified front proxy speaks for (contract.md 6.5); undefined when it names nobody. With the group
 * of whoever is known (6.8).
 */
export function remoteIdentity(lines: readonly Line[]): Identity | undefined {
  const [name = ''] = valuesOf(lines, 'x-remote-user');
  if (name === '') return undefined;
  const [uid = ''] = valuesOf(lines, 'x-remote-uid');
  const groups = valuesOf(lines, 'x-remote-group').filter((group) => group !== '');
  const extra = extrasOf(lines, 'x-remote-extra-');
  return { name, uid, groups: withAuthenticated(name, groups), extra };
}

const KNOWN = ['system:authenticated', 'system:unauthenticated'];

function withAuthenticated(name: string, groups: readonly string[]): string[] {
  if (name === 'system:anonymous' || groups.some((group) => KNOWN.includes(group))) {
    return [...groups];
  }
  return [...groups, 'system:authenticated'];
}

/** Whom the headers want to be (contract.md 7.4): nobody, somebody, or parts of somebody without a name (400). */
export function wantedIdentity(lines: readonly Line[]): Identity | 'nobody' | 'refused' {
  const [name = ''] = valuesOf(lines, 'impersonate-user');
  const [uid = ''] = valuesOf(lines, 'impersonate-uid');
  const groups = valuesOf(lines, 'impersonate-group');
  const extra = extrasOf(lines, 'impersonate-extra-');
  if (name === '') {
    return uid === '' && groups.length === 0 && extra.length === 0 ? 'nobody' : 'refused';
  }
  return { name, uid, groups: impersonatedGroups(name, groups), extra };
}

function impersonatedGroups(name: string, groups: readonly string[]): string[] {
  if (name === 'system:anonymous') {
    return groups.includes('system:unauthenticated')
      ? [...groups]
      : [...groups, 'system:unauthenticated'];
  }
  return groups.some((group) => KNOWN.includes(group))
    ? [...groups]
    : [...groups, 'system:authenticated'];
}
