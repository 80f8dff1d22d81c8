import { createHash } from 'node:crypto';
import { LOCAL_GROUP_VERSIONS } from './discovery.ts';
import { type RemoteOpenApiV2, mergeOpenApiV2 } from './merge-openapi.ts';
import { RESOURCE_TYPES, type ResourceType, apiVersionOf } from './resource-type.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const INFO = { title: 'Kubernetes (simulated)', version: 'v1.36.3' };

interface Schema {
  readonly type: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
}

/**
 * What the simulated kube-apiserver says of its own objects, for `kubectl explain`: their kinds and
 * metadata in full, the rest as objects that are not described further.
 */
const CONTENTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ConfigMap', ['data']],
  ['EndpointSlice', ['addressType', 'endpoints', 'ports']],
  ['ClusterRole', ['aggregationRule', 'rules']],
  ['Role', ['rules']],
  ['ClusterRoleBinding', ['roleRef', 'subjects']],
  ['RoleBinding', ['roleRef', 'subjects']],
  ['ServiceAccount', []],
  ['Event', ['involvedObject', 'message', 'reason', 'type']],
]);
const LISTS = new Set(['endpoints', 'ports', 'rules', 'subjects']);
const TEXTS = new Set(['addressType', 'message', 'reason', 'type']);

/** The paths of `/openapi/v3` that are our own. */
export function localOpenApiPaths(): Record<string, unknown> {
  const entries = LOCAL_GROUP_VERSIONS.map((groupVersion) => {
    const path = pathOf(groupVersion);
    const hash = createHash('sha512')
      .update(JSON.stringify(openApiV3(path)))
      .digest('hex')
      .toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
  });
  return Object.fromEntries(entries);
}

/** The document of one group and version, by its path (`api/v1`); undefined when there is none. */
export function openApiV3(path: string): object | undefined {
  const groupVersion = LOCAL_GROUP_VERSIONS.find((known) => pathOf(known) === path);
  if (!groupVersion) return undefined;
  const types = RESOURCE_TYPES.filter(
    ({ group, version }) => group === groupVersion.group && version === groupVersion.version,
  );
  const schemas = schemasOf(types, '#/components/schemas/');
  return { openapi: '3.0.0', info: INFO, paths: pathsOf(types), components: { schemas } };
}

/** `/openapi/v2` of our own and of the aggregated API servers. */
export function openApiV2(remotes: readonly RemoteOpenApiV2[]): object {
  const own = {
    paths: pathsOf(RESOURCE_TYPES),
    definitions: schemasOf(RESOURCE_TYPES, '#/definitions/'),
    parameters: {},
  };
  return { swagger: '2.0', info: INFO, ...mergeOpenApiV2(own, remotes) };
}

function pathOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function pathsOf(types: readonly ResourceType[]): Record<string, unknown> {
  const entries = types.flatMap((type) => {
    const base = `/${pathOf(type)}`;
    const inNamespace = type.namespaced ? `${base}/namespaces/{namespace}` : base;
    return [
      [`${base}/${type.resource}`, operation(type, 'list')],
      ...(type.namespaced ? [[`${inNamespace}/${type.resource}`, operation(type, 'list')]] : []),
      [`${inNamespace}/${type.resource}/{name}`, operation(type, 'get')],
    ] as const;
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function operation(type: ResourceType, action: string): object {
  return {
    get: {
      description: `${action} ${type.resource}`,
      responses: { 200: { description: 'OK' } },
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': groupVersionKind(type),
    },
  };
}

function groupVersionKind({ group, version, kind }: ResourceType): object {
  return { group, kind, version };
}

function schemasOf(types: readonly ResourceType[], refs: string): Record<string, unknown> {
  const schemas = types.map((type) => [schemaName(type), schemaOf(type, refs)] as const);
  return {
    [`${META}ObjectMeta`]: OBJECT_META,
    ...Object.fromEntries(schemas),
  };
}

function schemaName(type: ResourceType): string {
  const group = type.group === '' ? 'core' : type.group;
  return `io.k8s.api.${group}.${type.version}.${type.kind}`;
}

function schemaOf(type: ResourceType, refs: string): object {
  const members = CONTENTS.get(type.kind) ?? ['spec', 'status'];
  return {
    type: 'object',
    description: `${type.kind} of ${apiVersionOf(type)}, as far as the simulated cluster has it.`,
    properties: {
      apiVersion: { type: 'string', description: 'Group and version of this kind.' },
      kind: { type: 'string', description: 'The kind of this object.' },
      metadata: {
        allOf: [{ $ref: `${refs}${META}ObjectMeta` }],
        description: 'Name, labels and what else every object has.',
        default: {},
      },
      ...Object.fromEntries(members.map((member) => [member, memberSchema(member)])),
    },
    'x-kubernetes-group-version-kind': [groupVersionKind(type)],
  };
}

function memberSchema(member: string): object {
  const description = `The ${member} of this object; not described further.`;
  if (LISTS.has(member)) return { type: 'array', items: { type: 'object' }, description };
  return { type: TEXTS.has(member) ? 'string' : 'object', description };
}

const TEXT_MAP: Schema = { type: 'object', additionalProperties: { type: 'string' } };

const OBJECT_META: Schema = {
  type: 'object',
  description: 'What every object has.',
  properties: {
    annotations: { ...TEXT_MAP, description: 'Texts for programs, not for selection.' },
    creationTimestamp: { type: 'string', format: 'date-time', description: 'When it was created.' },
    labels: { ...TEXT_MAP, description: 'Texts by which objects are selected.' },
    name: { type: 'string', description: 'Unique within the namespace.' },
    namespace: { type: 'string', description: 'Empty for objects of the cluster.' },
    resourceVersion: { type: 'string', description: 'Opaque; changes with each change.' },
    uid: { type: 'string', description: 'Unique in time and space.' },
  },
};
