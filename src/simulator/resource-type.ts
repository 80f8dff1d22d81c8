import { textAt, type KubeObject } from './kube-object.ts';

/** A kind of object that the simulated kube-apiserver keeps, and what discovery says of it. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly verbs: readonly string[];
  /** Beyond metadata.name and metadata.namespace. */
  readonly fields: readonly string[];
}

const READ_VERBS = ['get', 'list', 'watch'] as const;

function resourceType(
  group: string,
  resource: string,
  kind: string,
  rest: Partial<ResourceType> = {},
): ResourceType {
  return {
    group,
    version: 'v1',
    resource,
    singular: kind.toLowerCase(),
    kind,
    namespaced: false,
    shortNames: [],
    verbs: READ_VERBS,
    fields: [],
    ...rest,
  };
}

const RBAC = 'rbac.authorization.k8s.io';

export const NODES = resourceType('', 'nodes', 'Node', {
  shortNames: ['no'],
  fields: ['spec.unschedulable'],
});
export const PODS = resourceType('', 'pods', 'Pod', {
  namespaced: true,
  shortNames: ['po'],
  fields: ['spec.nodeName', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
});
export const NAMESPACES = resourceType('', 'namespaces', 'Namespace', {
  shortNames: ['ns'],
  fields: ['status.phase'],
});
export const CONFIG_MAPS = resourceType('', 'configmaps', 'ConfigMap', {
  namespaced: true,
  shortNames: ['cm'],
});
export const SERVICES = resourceType('', 'services', 'Service', {
  namespaced: true,
  shortNames: ['svc'],
  fields: ['spec.clusterIP', 'spec.type'],
});
export const SERVICE_ACCOUNTS = resourceType('', 'serviceaccounts', 'ServiceAccount', {
  namespaced: true,
  shortNames: ['sa'],
});
/** Kept for `kubectl describe`, which asks for the events of everything. Nothing in this world writes any. */
const EVENTS = resourceType('', 'events', 'Event', {
  namespaced: true,
  shortNames: ['ev'],
  fields: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'type',
  ],
});
export const ENDPOINT_SLICES = resourceType('discovery.k8s.io', 'endpointslices', 'EndpointSlice', {
  namespaced: true,
});
export const API_SERVICES = resourceType('apiregistration.k8s.io', 'apiservices', 'APIService');
export const CLUSTER_ROLES = resourceType(RBAC, 'clusterroles', 'ClusterRole');
export const CLUSTER_ROLE_BINDINGS = resourceType(
  RBAC,
  'clusterrolebindings',
  'ClusterRoleBinding',
);
export const ROLES = resourceType(RBAC, 'roles', 'Role', { namespaced: true });
export const ROLE_BINDINGS = resourceType(RBAC, 'rolebindings', 'RoleBinding', {
  namespaced: true,
});

/** Everything that can be read, in the order of discovery. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  CONFIG_MAPS,
  EVENTS,
  NAMESPACES,
  NODES,
  PODS,
  SERVICE_ACCOUNTS,
  SERVICES,
  API_SERVICES,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  ROLE_BINDINGS,
  ROLES,
  ENDPOINT_SLICES,
];

export function findResourceType(
  group: string,
  version: string,
  resource: string,
): ResourceType | undefined {
  return RESOURCE_TYPES.find(
    (type) => type.group === group && type.version === version && type.resource === resource,
  );
}

/** `v1` or `group/v1`. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The fields by which objects of this type can be selected, in the order a refusal names them. */
export function selectableFields(type: ResourceType): readonly string[] {
  return ['metadata.name', ...(type.namespaced ? ['metadata.namespace'] : []), ...type.fields];
}

/** '' when the object has no such field; numbers and truth values as text, as field selectors compare them. */
export function fieldOf(object: KubeObject, field: string): string {
  const text = textAt(object, ...field.split('.'));
  if (field === 'spec.unschedulable') return text === '' ? 'false' : text;
  return text;
}
