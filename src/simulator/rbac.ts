import { goQuote } from '../apimachinery/go-quote.ts';
import { listAt, textAt, textsAt, type KubeObject } from './kube-object.ts';
import type { ObjectStore } from './objects.ts';
import { CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, ROLES, ROLE_BINDINGS } from './resource-type.ts';
import { serviceAccountName, type UserInfo } from './user-info.ts';

/** What somebody wants to do, in the words of a SubjectAccessReview. */
export interface AccessAttributes {
  readonly isResource: boolean;
  readonly verb: string;
  /** Of a request that names no resource. */
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  /** '' when there is nothing to say. */
  readonly reason: string;
}

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

interface Grant {
  readonly rules: readonly PolicyRule[];
  readonly description: string;
}

/**
 * Decides by the Roles and bindings in the store, read at each question, with the reasons that
 * kube-apiserver gives: kubernetes/plugin/pkg/auth/authorizer/rbac.
 */
export class RbacAuthorizer {
  private readonly objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.objects = objects;
  }

  authorize(user: UserInfo, attributes: AccessAttributes): AccessDecision {
    // An authorizer of its own in kube-apiserver, asked before RBAC.
    if (user.groups.includes('system:masters')) return { allowed: true, reason: '' };
    const problems: string[] = [];
    for (const { rules, description } of this.grants(user, attributes.namespace, problems)) {
      if (rules.some((rule) => allows(rule, attributes))) {
        return { allowed: true, reason: `RBAC: allowed by ${description}` };
      }
    }
    return { allowed: false, reason: problems.length === 0 ? '' : `RBAC: ${problems.join(', ')}` };
  }

  /** All that the user may do in a namespace, for a SelfSubjectRulesReview. */
  rulesOf(user: UserInfo, namespace: string): readonly PolicyRule[] {
    return [...this.grants(user, namespace, [])].flatMap(({ rules }) => rules);
  }

  private *grants(user: UserInfo, namespace: string, problems: string[]): Generator<Grant> {
    yield* this.grantsOf(this.objects.snapshot(CLUSTER_ROLE_BINDINGS).objects, user, problems);
    if (namespace === '') return;
    const inNamespace = this.objects
      .snapshot(ROLE_BINDINGS)
      .objects.filter(({ metadata }) => metadata.namespace === namespace);
    yield* this.grantsOf(inNamespace, user, problems);
  }

  private *grantsOf(
    bindings: readonly KubeObject[],
    user: UserInfo,
    problems: string[],
  ): Generator<Grant> {
    for (const binding of bindings) {
      const namespace = binding.metadata.namespace ?? '';
      const subject = listAt(binding, 'subjects').find((item) => isSubject(item, user, namespace));
      if (subject === undefined) continue;
      const role = this.roleOf(binding);
      const kind = textAt(binding, 'roleRef', 'kind');
      const name = textAt(binding, 'roleRef', 'name');
      if (!role) {
        problems.push(`${kind.toLowerCase()}.rbac.authorization.k8s.io ${goQuote(name)} not found`);
        continue;
      }
      const bindingName =
        namespace === '' ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
      const to = describeSubject(subject, namespace);
      yield {
        rules: rulesOfRole(role),
        description: `${binding.kind} ${goQuote(bindingName)} of ${kind} ${goQuote(name)} to ${to}`,
      };
    }
  }

  private roleOf(binding: KubeObject): KubeObject | undefined {
    const name = textAt(binding, 'roleRef', 'name');
    return textAt(binding, 'roleRef', 'kind') === 'Role'
      ? this.objects.get(ROLES, binding.metadata.namespace ?? '', name)
      : this.objects.get(CLUSTER_ROLES, '', name);
  }
}

function rulesOfRole(role: KubeObject): readonly PolicyRule[] {
  return listAt(role, 'rules').map((rule) => ({
    verbs: textsAt(rule, 'verbs'),
    apiGroups: textsAt(rule, 'apiGroups'),
    resources: textsAt(rule, 'resources'),
    resourceNames: textsAt(rule, 'resourceNames'),
    nonResourceURLs: textsAt(rule, 'nonResourceURLs'),
  }));
}

function allows(rule: PolicyRule, attributes: AccessAttributes): boolean {
  const { isResource, verb, path, group, resource, subresource, name } = attributes;
  if (!includes(rule.verbs, verb)) return false;
  if (!isResource) return rule.nonResourceURLs.some((pattern) => matchesPath(pattern, path));
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return (
    includes(rule.apiGroups, group) &&
    (includes(rule.resources, full) ||
      (subresource !== '' && rule.resources.includes(`*/${subresource}`))) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function matchesPath(pattern: string, path: string): boolean {
  if (pattern.endsWith('*')) return path.startsWith(pattern.slice(0, -1));
  return pattern === path;
}

function isSubject(subject: unknown, user: UserInfo, bindingNamespace: string): boolean {
  const name = textAt(subject, 'name');
  switch (textAt(subject, 'kind')) {
    case 'User':
      return user.name === name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return user.name === serviceAccountName(namespaceOf(subject, bindingNamespace), name);
    default:
      return false;
  }
}

function namespaceOf(subject: unknown, bindingNamespace: string): string {
  const namespace = textAt(subject, 'namespace');
  return namespace === '' ? bindingNamespace : namespace;
}

function describeSubject(subject: unknown, bindingNamespace: string): string {
  const kind = textAt(subject, 'kind');
  const name = textAt(subject, 'name');
  if (kind !== 'ServiceAccount') return `${kind} ${goQuote(name)}`;
  return `${kind} ${goQuote(`${name}/${namespaceOf(subject, bindingNamespace)}`)}`;
}
