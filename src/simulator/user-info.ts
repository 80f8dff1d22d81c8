/** Who asks, as kube-apiserver knows them. */
export interface UserInfo {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

const NOTHING: ReadonlyMap<string, readonly string[]> = new Map();

export function userInfo(
  name: string,
  groups: readonly string[] = [],
  { uid = '', extra = NOTHING }: { uid?: string; extra?: UserInfo['extra'] } = {},
): UserInfo {
  return { name, uid, groups, extra };
}

export const AUTHENTICATED = 'system:authenticated';
export const UNAUTHENTICATED = 'system:unauthenticated';
export const ANONYMOUS: UserInfo = userInfo('system:anonymous', [UNAUTHENTICATED]);

/** Adds the group of everyone who proved who they are, at the end. */
export function authenticated(user: UserInfo): UserInfo {
  const { groups } = user;
  if (groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED)) return user;
  return { ...user, groups: [...groups, AUTHENTICATED] };
}

export function serviceAccountName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** The namespace and name of a service account's user name; undefined for any other user. */
export function parseServiceAccountName(
  userName: string,
): { namespace: string; name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(userName) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}
