import type { UserInfo } from './authenticator.ts';

/** Whoever brings no credentials at all (contract 6.8). */
export const ANONYMOUS: UserInfo = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
  extra: new Map(),
};

const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';

/** Appends the group of everybody who has been authenticated, unless it is there or contradicted. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const { name, groups } = user;
  const isDecided = groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED);
  if (name === ANONYMOUS.name || isDecided) return user;
  return { ...user, groups: [...groups, AUTHENTICATED] };
}
