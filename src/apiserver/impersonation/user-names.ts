import { isDnsLabel, isSubdomain } from '../../apimachinery/dns-name.ts';

const NODE_PREFIX = 'system:node:';
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

/** The node that a user name stands for; undefined for every other user. */
export function nodeOf(userName: string): string | undefined {
  if (!userName.startsWith(NODE_PREFIX)) return undefined;
  const name = userName.slice(NODE_PREFIX.length);
  return isSubdomain(name) ? name : undefined;
}

/** The service account that a user name stands for; undefined for every other user. */
export function serviceAccountOf(
  userName: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (!userName.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined;
  const [namespace = '', name = '', ...more] = userName
    .slice(SERVICE_ACCOUNT_PREFIX.length)
    .split(':');
  if (more.length > 0 || !isDnsLabel(namespace) || !isSubdomain(name)) return undefined;
  return { namespace, name };
}

/** The groups of every service account of a namespace. */
export function serviceAccountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}
