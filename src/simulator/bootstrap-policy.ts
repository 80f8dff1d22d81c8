import type { KubeObject } from './kube-object.ts';
import {
  CLUSTER_ROLES,
  CLUSTER_ROLE_BINDINGS,
  ROLES,
  ROLE_BINDINGS,
  type ResourceType,
} from './resource-type.ts';

export const KUBE_SYSTEM = 'kube-system';
export const AUTHENTICATION_CONFIG_MAP = 'extension-apiserver-authentication';
export const METRICS_SERVER = 'metrics-server';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

interface Subject {
  readonly kind: 'User' | 'Group' | 'ServiceAccount';
  readonly name: string;
  readonly namespace?: string;
}

const API_VERSION = 'rbac.authorization.k8s.io/v1';
const READ = ['get', 'list', 'watch'] as const;
const EVERYONE: readonly Subject[] = [
  group('system:authenticated'),
  group('system:unauthenticated'),
];
const HEALTH = ['/healthz', '/livez', '/readyz', '/version', '/version/'] as const;

/**
 * The roles and bindings that every cluster is born with, as far as this one can use them
 * (kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy), and then those of the metrics server
 * (manifests/base, with nodes/stats) and of the demo's `viewer`.
 */
export function bootstrapPolicy(): readonly (readonly [ResourceType, KubeObject])[] {
  return [
    ...[...discoveryRoles(), ...userFacingRoles(), ...metricsServerRoles()].map(
      (role) => [CLUSTER_ROLES, role] as const,
    ),
    [ROLES, authenticationReader()],
    ...clusterRoleBindings().map((binding) => [CLUSTER_ROLE_BINDINGS, binding] as const),
    [ROLE_BINDINGS, authenticationReaderBinding()],
  ];
}

function discoveryRoles(): KubeObject[] {
  return [
    clusterRole('system:discovery', [
      {
        nonResourceURLs: [
          '/api',
          '/api/*',
          '/apis',
          '/apis/*',
          '/openapi',
          '/openapi/*',
          ...HEALTH,
        ],
        verbs: ['get'],
      },
    ]),
    clusterRole('system:public-info-viewer', [{ nonResourceURLs: HEALTH, verbs: ['get'] }]),
    clusterRole('system:basic-user', [
      {
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
        verbs: ['create'],
      },
      {
        apiGroups: ['authentication.k8s.io'],
        resources: ['selfsubjectreviews'],
        verbs: ['create'],
      },
    ]),
    clusterRole('system:auth-delegator', [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      {
        apiGroups: ['authorization.k8s.io'],
        resources: ['subjectaccessreviews'],
        verbs: ['create'],
      },
    ]),
  ];
}

function userFacingRoles(): KubeObject[] {
  return [
    clusterRole('cluster-admin', [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ]),
    aggregatedRole('admin', {}),
    aggregatedRole('edit', { [aggregateTo('admin')]: 'true' }),
    aggregatedRole('view', { [aggregateTo('edit')]: 'true' }),
    clusterRole(
      'system:aggregate-to-view',
      [
        {
          apiGroups: [''],
          resources: ['configmaps', 'events', 'namespaces', 'pods', 'serviceaccounts', 'services'],
          verbs: READ,
        },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
      ],
      { [aggregateTo('view')]: 'true' },
    ),
    clusterRole(
      'system:aggregate-to-edit',
      [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] }],
      { [aggregateTo('edit')]: 'true' },
    ),
  ];
}

function metricsServerRoles(): KubeObject[] {
  return [
    clusterRole('system:metrics-server', [
      { apiGroups: [''], resources: ['nodes/metrics', 'nodes/stats'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: READ },
    ]),
    clusterRole(
      'system:aggregated-metrics-reader',
      [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: READ }],
      Object.fromEntries(['view', 'edit', 'admin'].map((role) => [aggregateTo(role), 'true'])),
    ),
  ];
}

function authenticationReader(): KubeObject {
  const rules: Rule[] = [
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: [AUTHENTICATION_CONFIG_MAP],
      verbs: READ,
    },
  ];
  return object(
    'Role',
    `${AUTHENTICATION_CONFIG_MAP}-reader`,
    { namespace: KUBE_SYSTEM },
    { rules },
  );
}

function clusterRoleBindings(): KubeObject[] {
  const authenticated = [group('system:authenticated')];
  return [
    clusterRoleBinding('cluster-admin', 'cluster-admin', [group('system:masters')]),
    clusterRoleBinding('system:discovery', 'system:discovery', authenticated),
    clusterRoleBinding('system:basic-user', 'system:basic-user', authenticated),
    clusterRoleBinding('system:public-info-viewer', 'system:public-info-viewer', EVERYONE),
    clusterRoleBinding('viewer', 'view', [{ kind: 'User', name: 'viewer' }]),
    clusterRoleBinding('metrics-server:system:auth-delegator', 'system:auth-delegator', [
      metricsServerSubject(),
    ]),
    clusterRoleBinding('system:metrics-server', 'system:metrics-server', [metricsServerSubject()]),
  ];
}

function authenticationReaderBinding(): KubeObject {
  const name = `${AUTHENTICATION_CONFIG_MAP}-reader`;
  return object(
    'RoleBinding',
    'metrics-server-auth-reader',
    { namespace: KUBE_SYSTEM },
    { roleRef: roleRef('Role', name), subjects: [metricsServerSubject()] },
  );
}

function metricsServerSubject(): Subject {
  return { kind: 'ServiceAccount', name: METRICS_SERVER, namespace: KUBE_SYSTEM };
}

function group(name: string): Subject {
  return { kind: 'Group', name };
}

function aggregateTo(role: string): string {
  return `rbac.authorization.k8s.io/aggregate-to-${role}`;
}

function clusterRole(
  name: string,
  rules: readonly Rule[],
  labels: Readonly<Record<string, string>> = {},
): KubeObject {
  return object('ClusterRole', name, { labels }, { rules });
}

function aggregatedRole(name: string, labels: Readonly<Record<string, string>>): KubeObject {
  const clusterRoleSelectors = [{ matchLabels: { [aggregateTo(name)]: 'true' } }];
  return object(
    'ClusterRole',
    name,
    { labels },
    { aggregationRule: { clusterRoleSelectors }, rules: [] },
  );
}

function clusterRoleBinding(name: string, role: string, subjects: readonly Subject[]): KubeObject {
  const content = { roleRef: roleRef('ClusterRole', role), subjects: subjects.map(toSubject) };
  return object('ClusterRoleBinding', name, {}, content);
}

function roleRef(kind: 'Role' | 'ClusterRole', name: string): object {
  return { apiGroup: 'rbac.authorization.k8s.io', kind, name };
}

/** Service accounts are of the core group, users and groups of RBAC's own. */
function toSubject(subject: Subject): object {
  if (subject.kind === 'ServiceAccount') return subject;
  return { apiGroup: 'rbac.authorization.k8s.io', ...subject };
}

function object(
  kind: string,
  name: string,
  metadata: { namespace?: string; labels?: Readonly<Record<string, string>> },
  content: object,
): KubeObject {
  return { apiVersion: API_VERSION, kind, metadata: { name, ...metadata }, ...content };
}
