import { compareBytes } from '../../apimachinery/byte-order.ts';
import type { UserInfo } from '../authentication/authenticator.ts';
import type { AccessRequest } from '../authorization/authorizer.ts';
import { type Check, checkIdentity } from './identity-check.ts';
import { nodeOf, serviceAccountOf } from './user-names.ts';

export type ModeName =
  'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info' | 'legacy';

export interface Attempt {
  readonly requestor: UserInfo;
  readonly wanted: UserInfo;
  /** What is to be done under the other name. */
  readonly request: AccessRequest;
  readonly check: Check;
}

/** One way to be allowed to act as somebody else. */
export interface ImpersonationMode {
  readonly name: ModeName;
  /**
   * The identity to act under; undefined when the mode is not meant for such an attempt.
   * @throws StatusError 403 when it is, and the requestor may not.
   */
  impersonate(attempt: Attempt): Promise<UserInfo | undefined>;
}

/**
 * In the order in which they are tried (as upstream: apiserver/pkg/endpoints/filters/impersonation/mode.go).
 * The constrained ones (KEP 5284) ask twice: may the requestor do this very thing in this mode, and may he
 * take on this identity in it. The last one is what Kubernetes has had since 1.3: the second question only.
 */
export const IMPERSONATION_MODES: readonly ImpersonationMode[] = [
  constrained('associated-node', isOwnNode, associatedNodeCheck),
  constrained('arbitrary-node', (wanted) => isNameOnly(wanted) && isNode(wanted)),
  constrained('serviceaccount', (wanted) => isNameOnly(wanted) && isServiceAccount(wanted)),
  constrained('user-info', (wanted) => !isNode(wanted) && !isServiceAccount(wanted)),
  {
    name: 'legacy',
    impersonate: ({ requestor, wanted, check }) =>
      checkIdentity({ verb: 'impersonate', isConstrained: false, check }, requestor, wanted),
  },
];

function constrained(
  name: ModeName,
  isFor: (wanted: UserInfo, requestor: UserInfo) => boolean,
  checkOf: (check: Check) => Check = (check) => check,
): ImpersonationMode {
  const verb = `impersonate:${name}`;
  return {
    name,
    async impersonate({ requestor, wanted, request, check: plainCheck }) {
      if (!isFor(wanted, requestor)) return undefined;
      const check = checkOf(plainCheck);
      await check(requestor, { ...request, verb: `impersonate-on:${name}:${request.verb}` });
      return checkIdentity({ verb, isConstrained: true, check }, requestor, wanted);
    },
  };
}

const NODE_NAME_KEY = 'authentication.kubernetes.io/node-name';
const NODE_KEYS_KEY = 'authentication.kubernetes.io/associated-node-keys';

/** A service account asks for the node that its own pod runs on, as its token says. */
function isOwnNode(wanted: UserInfo, requestor: UserInfo): boolean {
  const node = nodeOf(wanted.name);
  const [own, ...more] = requestor.extra.get(NODE_NAME_KEY) ?? [];
  return (
    isNameOnly(wanted) &&
    node !== undefined &&
    serviceAccountOf(requestor.name) !== undefined &&
    node === own &&
    more.length === 0
  );
}

/**
 * The questions of this mode are the same on every node, so that a daemon's many pods share the answers:
 * instead of the requestor's extras they tell their keys, and they are about all nodes. That the node is
 * the requestor's own has been checked before.
 */
function associatedNodeCheck(check: Check): Check {
  return (requestor, request) => {
    const keys = [...requestor.extra.keys()].sort(compareBytes);
    const isAboutNode = request.verb === 'impersonate:associated-node';
    return check(
      { ...requestor, extra: new Map([[NODE_KEYS_KEY, keys]]) },
      isAboutNode ? { ...request, name: '*' } : request,
    );
  };
}

function isNameOnly({ uid, groups, extra }: UserInfo): boolean {
  return uid === '' && groups.length === 0 && extra.size === 0;
}

function isNode({ name }: UserInfo): boolean {
  return nodeOf(name) !== undefined;
}

function isServiceAccount({ name }: UserInfo): boolean {
  return serviceAccountOf(name) !== undefined;
}
