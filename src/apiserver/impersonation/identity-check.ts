import { StatusError, forbidden } from '../../apimachinery/status-error.ts';
import { ANONYMOUS } from '../authentication/anonymous.ts';
import type { UserInfo } from '../authentication/authenticator.ts';
import type { AccessRequest } from '../authorization/authorizer.ts';
import { extraProblem } from './extra-rules.ts';
import { nodeOf, serviceAccountGroups, serviceAccountOf } from './user-names.ts';

/** May the requestor? @throws StatusError 403 in the words of a refused request when not, or when nobody could decide. */
export type Check = (requestor: UserInfo, request: AccessRequest) => Promise<void>;

export interface IdentityCheck {
  /** `impersonate`, or `impersonate:` with the name of a constrained mode. */
  readonly verb: string;
  readonly isConstrained: boolean;
  readonly check: Check;
}

const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';
const MASTERS = 'system:masters';
const NODES = 'system:nodes';
/** From so many questions on a constrained mode first asks for all at once. */
const MANY = 4;
const AUTHENTICATION = { group: 'authentication.k8s.io', version: 'v1' };
const CORE = { group: '', version: 'v1' };

/**
 * Asks for every part of the wanted identity whether the requestor may take it on: name, UID, each group,
 * each extra value. Returns the identity with the groups that belong to it.
 * As upstream: apiserver/pkg/endpoints/filters/impersonation/mode.go.
 */
export async function checkIdentity(
  mode: IdentityCheck,
  requestor: UserInfo,
  wanted: UserInfo,
): Promise<UserInfo> {
  const groups = await checkName(mode, requestor, wanted);
  if (wanted.uid !== '') {
    await mode.check(requestor, question(mode, 'uids', { name: wanted.uid }));
  }
  await checkGroups(mode, requestor, wanted.groups);
  await checkExtra(mode, requestor, wanted.extra);
  return { ...wanted, groups: withStandardGroup(wanted.name, groups) };
}

/** The groups: those that were asked for, or those that every node or service account is in. */
async function checkName(
  mode: IdentityCheck,
  requestor: UserInfo,
  { name, groups }: UserInfo,
): Promise<readonly string[]> {
  const node = mode.isConstrained ? nodeOf(name) : undefined;
  const account = serviceAccountOf(name);
  if (node !== undefined) {
    await mode.check(requestor, question(mode, 'nodes', { name: node }));
    return [NODES];
  }
  if (account) {
    await mode.check(requestor, question(mode, 'serviceaccounts', account));
    return groups.length === 0 ? serviceAccountGroups(account.namespace) : groups;
  }
  await mode.check(requestor, question(mode, 'users', { name }));
  return groups;
}

async function checkGroups(
  mode: IdentityCheck,
  requestor: UserInfo,
  groups: readonly string[],
): Promise<void> {
  const named = (name: string): AccessRequest => question(mode, 'groups', { name });
  if (mode.isConstrained) {
    const refuse = (name: string, what: string): never => {
      throw forbidden(requestor.name, named(name), `impersonating the ${what} is not allowed`);
    };
    if (groups.includes('')) refuse('', 'empty string group');
    if (groups.includes(MASTERS)) refuse(MASTERS, `${MASTERS} group`);
    if (groups.length >= MANY && (await isAllowed(mode, requestor, named('*')))) return;
  }
  for (const group of groups) await mode.check(requestor, named(group));
}

async function checkExtra(
  mode: IdentityCheck,
  requestor: UserInfo,
  extra: UserInfo['extra'],
): Promise<void> {
  const entry = (subresource: string, name: string): AccessRequest =>
    question(mode, 'userextras', { subresource, name });
  const entries = [...extra].flatMap(([key, values]) => values.map((value) => entry(key, value)));
  if (mode.isConstrained) {
    const problem = extraProblem(extra);
    if (problem !== '') throw forbidden(requestor.name, entry('', ''), problem);
    if (entries.length >= MANY && (await isAllowed(mode, requestor, entry('*', '*')))) return;
  }
  for (const request of entries) await mode.check(requestor, request);
}

async function isAllowed(
  { check }: IdentityCheck,
  requestor: UserInfo,
  request: AccessRequest,
): Promise<boolean> {
  try {
    await check(requestor, request);
    return true;
  } catch (err) {
    if (err instanceof StatusError) return false;
    throw err;
  }
}

type Resource = 'users' | 'nodes' | 'serviceaccounts' | 'uids' | 'groups' | 'userextras';

/** Before constrained impersonation, the things that RBAC names as subjects were of the core group. */
function question(
  { verb, isConstrained }: IdentityCheck,
  resource: Resource,
  about: { readonly namespace?: string; readonly name: string; readonly subresource?: string },
): AccessRequest {
  const isOfAuthentication = isConstrained || resource === 'uids' || resource === 'userextras';
  return {
    isResource: true,
    path: '',
    verb,
    ...(isOfAuthentication ? AUTHENTICATION : CORE),
    namespace: '',
    resource,
    subresource: '',
    fieldSelector: '',
    labelSelector: '',
    ...about,
  };
}

function withStandardGroup(name: string, groups: readonly string[]): readonly string[] {
  const isAnonymous = name === ANONYMOUS.name;
  if (!isAnonymous && groups.includes(UNAUTHENTICATED)) return groups;
  const group = isAnonymous ? UNAUTHENTICATED : AUTHENTICATED;
  return groups.includes(group) ? groups : [...groups, group];
}
