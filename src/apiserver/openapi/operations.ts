import type { ObjectSchema } from '../../apimachinery/type-schema.ts';
import type { AnyResource, ApiGroup, ApiVersion } from '../api-group.ts';
import { producibleTypes } from '../encoding/negotiate.ts';
import type { MediaType } from '../encoding/negotiate.ts';
import { API_GROUP, API_GROUP_LIST, API_RESOURCE_LIST, VERSION_INFO } from './discovery-types.ts';
import type { GroupVersionKind } from './group-version-kind.ts';
import { resourceTypes } from './kinds.ts';

import { getParameters, listParameters } from './parameters.ts';
import type { Parameter } from './parameters.ts';

/** What can be asked at one path. There is never more than GET. */
export interface Operation {
  readonly path: string;
  /** Which document of OpenAPI v3 it stands in: `version`, `apis/metrics.k8s.io/v1beta1`. */
  readonly document: string;
  readonly id: string;
  readonly tag: string;
  readonly description: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly answer: ObjectSchema;
  /** Undefined: it is not about a resource. */
  readonly resource: ResourceAction | undefined;
  /** Of the path as a whole, by name. */
  readonly parameters: readonly Parameter[];
}

interface ResourceAction {
  readonly action: 'get' | 'list';
  readonly kind: GroupVersionKind;
}

/** Everything that is served and has a type. `served` are the media types of answers, preferred one first. */
export function operationsOf(
  groups: readonly ApiGroup[],
  served: readonly MediaType[],
): Operation[] {
  const words = {
    id: 'getAPIVersions',
    tag: 'apis',
    description: 'list the API groups served here',
  };
  return [
    discovery('apis', API_GROUP_LIST, served, words),
    ...groups.flatMap((group) => groupOperations(group, served)),
    discovery('version', VERSION_INFO, served.slice(0, 1), {
      id: 'getCodeVersion',
      tag: 'version',
      description: 'tell which level of the Kubernetes API is served here',
    }),
  ];
}

function groupOperations(group: ApiGroup, served: readonly MediaType[]): Operation[] {
  // Groups of the Kubernetes project are known without their common ending.
  const name = camelCase(group.name.replace(/\.k8s\.io$/, ''));
  return [
    discovery(`apis/${group.name}`, API_GROUP, served, {
      id: `get${capitalized(name)}APIGroup`,
      tag: name,
      description: `list the versions of ${group.name}`,
    }),
    ...group.versions.flatMap((version) => versionOperations(group, version, name, served)),
  ];
}

function versionOperations(
  group: ApiGroup,
  version: ApiVersion,
  groupId: string,
  served: readonly MediaType[],
): Operation[] {
  const resources = version.resources();
  const versionId = camelCase(version.name);
  const owner: Owner = {
    kindPlace: { group: group.name, version: version.name },
    document: `apis/${group.name}/${version.name}`,
    id: `${capitalized(groupId)}${capitalized(versionId)}`,
    tag: `${groupId}_${versionId}`,
    kinds: new Map(resources.map(({ name, kind }) => [name, kind])),
    served,
  };
  return [
    discovery(owner.document, API_RESOURCE_LIST, served, {
      id: `get${owner.id}APIResources`,
      tag: owner.tag,
      description: `list the resources of ${group.name}/${version.name}`,
    }),
    ...resources.flatMap((resource) => resourceOperations(resource, owner)),
  ];
}

/** The version of a group that a resource belongs to. */
interface Owner {
  readonly kindPlace: Omit<GroupVersionKind, 'kind'>;
  readonly document: string;
  readonly id: string;
  readonly tag: string;
  /** By the name of their resource. */
  readonly kinds: ReadonlyMap<string, string>;
  readonly served: readonly MediaType[];
}

function resourceOperations(resource: AnyResource, owner: Owner): Operation[] {
  const { schema, kind } = resource;
  if (!schema) return [];
  const types = resourceTypes(resource, schema, owner.kindPlace);
  const [plural = '', subresource = ''] = resource.name.split('/');
  const subject = `${owner.kinds.get(plural) ?? kind}${capitalized(subresource)}`;
  const { document, tag } = owner;
  const common = { document, tag, consumes: ['*/*'] };
  const produces = (isList: boolean) => producibleTypes(owner.served, isList);
  const root = `/${document}/`;
  const list = (place: Place): Operation => ({
    ...common,
    produces: produces(true),
    resource: { action: 'list', kind: types.kind },
    answer: types.list,
    path: `${root}${place.prefix}${plural}`,
    id: `list${owner.id}${place.before}${subject}${place.after}`,
    description: `list what is known of kind ${kind}`,
    parameters: listParameters(place.inNamespace),
  });
  const get = (place: Place): Operation => ({
    ...common,
    produces: produces(false),
    resource: { action: 'get', kind: types.kind },
    answer: resource.getList ? types.list : types.item,
    path: `${root}${place.prefix}${plural}/{name}${subresource === '' ? '' : `/${subresource}`}`,
    id: `read${owner.id}${place.before}${subject}`,
    description: `read one ${kind}`,
    parameters: getParameters(kind, place.inNamespace),
  });
  const isListed = resource.list !== undefined && subresource === '';
  const isRead = (resource.get ?? resource.getList) !== undefined;
  const { home, everywhere } = resource.namespaced ? IN_NAMESPACES : IN_CLUSTER;
  return [...(isListed ? [home, ...everywhere].map(list) : []), ...(isRead ? [get(home)] : [])];
}

/** Where objects are asked for, and how operations there are called. */
interface Place {
  readonly prefix: string;
  readonly inNamespace: boolean;
  readonly before: string;
  readonly after: string;
}

const CLUSTER: Place = { prefix: '', inNamespace: false, before: '', after: '' };
const NAMESPACE: Place = {
  prefix: 'namespaces/{namespace}/',
  inNamespace: true,
  before: 'Namespaced',
  after: '',
};
const IN_CLUSTER = { home: CLUSTER, everywhere: [] };
/** Lists may span the namespaces. */
const IN_NAMESPACES = { home: NAMESPACE, everywhere: [{ ...CLUSTER, after: 'ForAllNamespaces' }] };

interface Words {
  readonly id: string;
  readonly description: string;
}

function discovery(
  document: string,
  answer: ObjectSchema,
  served: readonly MediaType[],
  words: Words & { readonly tag: string },
): Operation {
  const types = producibleTypes(served, false);
  const place = { path: `/${document}/`, document };
  return {
    ...words,
    ...place,
    consumes: types,
    produces: types,
    answer,
    resource: undefined,
    parameters: [],
  };
}

/** Without punctuation, and with a capital after it, as names of operations are made of names of groups. */
function camelCase(text: string): string {
  const [first = '', ...others] = text.split(/[^\p{L}\p{Nd}_]+/u);
  return [first, ...others.map(capitalized)].join('');
}

function capitalized(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
