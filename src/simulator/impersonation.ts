import type { IncomingMessage } from 'node:http';
import { badRequest, forbidden } from '../apimachinery/status-error.ts';
import { headerValues } from './authentication.ts';
import type { AccessAttributes, RbacAuthorizer } from './rbac.ts';
import {
  AUTHENTICATED,
  UNAUTHENTICATED,
  type UserInfo,
  parseServiceAccountName,
  serviceAccountGroups,
  userInfo,
} from './user-info.ts';

const EXTRA_PREFIX = 'impersonate-extra-';

interface Wanted {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

/**
 * Whom the request acts as: the caller, or whom `kubectl --as` names, if the caller may impersonate them.
 * The legacy rules of apiserver/pkg/endpoints/filters/impersonation (before constrained impersonation).
 * @throws StatusError 400 for parts of an identity without a user, 403 when it is not allowed.
 */
export function impersonate(
  request: IncomingMessage,
  caller: UserInfo,
  authorizer: RbacAuthorizer,
): UserInfo {
  const wanted = wantedIdentity(request);
  if (wanted.name === '') {
    if (wanted.uid === '' && wanted.groups.length === 0 && wanted.extra.size === 0) return caller;
    throw badRequest('requested an identity without impersonating a user name');
  }
  for (const attributes of questions(wanted)) {
    const { allowed, reason } = authorizer.authorize(caller, attributes);
    if (!allowed) throw forbidden(caller.name, attributes, reason);
  }
  return userInfo(wanted.name, groupsOf(wanted), wanted);
}

function wantedIdentity(request: IncomingMessage): Wanted {
  const extra = new Map<string, readonly string[]>();
  for (const header of Object.keys(request.headersDistinct)) {
    if (!header.startsWith(EXTRA_PREFIX)) continue;
    extra.set(decodedKey(header.slice(EXTRA_PREFIX.length)), headerValues(request, header));
  }
  const [name = ''] = headerValues(request, 'impersonate-user');
  const [uid = ''] = headerValues(request, 'impersonate-uid');
  return { name, uid, groups: headerValues(request, 'impersonate-group'), extra };
}

function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // As upstream: a key that cannot be decoded is taken as it is.
  }
}

function* questions({ name, uid, groups, extra }: Wanted): Generator<AccessAttributes> {
  const account = parseServiceAccountName(name);
  if (account) yield question({ resource: 'serviceaccounts', ...account });
  else yield question({ resource: 'users', name });
  for (const group of groups) yield question({ resource: 'groups', name: group });
  const group = 'authentication.k8s.io';
  for (const [key, values] of extra) {
    for (const value of values) {
      yield question({ group, resource: 'userextras', subresource: key, name: value });
    }
  }
  if (uid !== '') yield question({ group, resource: 'uids', name: uid });
}

function question(about: Partial<AccessAttributes>): AccessAttributes {
  return {
    isResource: true,
    verb: 'impersonate',
    path: '',
    group: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    ...about,
  };
}

function groupsOf({ name, groups }: Wanted): readonly string[] {
  if (name === 'system:anonymous') {
    return groups.includes(UNAUTHENTICATED) ? groups : [...groups, UNAUTHENTICATED];
  }
  const account = parseServiceAccountName(name);
  const given = account && groups.length === 0 ? serviceAccountGroups(account.namespace) : groups;
  if (given.includes(UNAUTHENTICATED) || given.includes(AUTHENTICATED)) return given;
  return [...given, AUTHENTICATED];
}
