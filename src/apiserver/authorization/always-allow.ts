import type { Attributes } from './authorizer.ts';

/** A rule that lets some requests pass without asking anybody. */
export type AlwaysAllow = (attributes: Attributes) => boolean;

/** Users in one of these groups may do everything; `system:masters` is the usual one. */
export function alwaysAllowGroups(groups: readonly string[]): AlwaysAllow {
  const privileged = new Set(groups);
  return ({ user }) => user.groups.some((group) => privileged.has(group));
}

/**
 * Non-resource requests for one of these paths are open to everybody, whatever the method. The leading
 * slash is optional, a `*` at the end stands for anything; what lies below a path is not covered.
 * @throws RangeError for a `*` elsewhere.
 */
export function alwaysAllowPaths(paths: readonly string[]): AlwaysAllow {
  const trimmed = paths.map((path) => path.replace(/^\//, ''));
  for (const path of trimmed) {
    if (path.slice(0, -1).includes('*')) {
      throw new RangeError(`only trailing * allowed in "${path}"`);
    }
  }
  const exact = new Set(trimmed.filter((path) => !path.endsWith('*')));
  const prefixes = trimmed.filter((path) => path.endsWith('*')).map((path) => path.slice(0, -1));
  return ({ request }) => {
    if (request.isResource) return false;
    const path = request.path.replace(/^\//, '');
    return exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
  };
}
