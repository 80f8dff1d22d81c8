/** What the value of a field is: a scalar, one of two messages that JSON writes as text, or another message. */
export type FieldType =
  'string' | 'bool' | 'integer' | 'time' | 'duration' | 'quantity' | { readonly message: string };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** `list`: may stand there many times; `map`: entries of a key (1) and a value (2). */
  readonly many?: 'list' | 'map';
}

/** A field as one word of the table below: `name`, `name:type`, `name:type[]`, `name:type{}`. */
type Words = Readonly<Record<number, string>>;

const LIST_META: Words = {
  1: 'selfLink',
  2: 'resourceVersion',
  3: 'continue',
  4: 'remainingItemCount:integer',
};

/**
 * The messages that this API can answer with, as the `generated.proto` files of k8s.io/api,
 * k8s.io/apimachinery and k8s.io/metrics publish them: field numbers, names and types.
 */
const PUBLISHED: Readonly<Record<string, Words>> = {
  ObjectMeta: {
    1: 'name',
    2: 'generateName',
    3: 'namespace',
    4: 'selfLink',
    5: 'uid',
    6: 'resourceVersion',
    7: 'generation:integer',
    8: 'creationTimestamp:time',
    9: 'deletionTimestamp:time',
    10: 'deletionGracePeriodSeconds:integer',
    11: 'labels:string{}',
    12: 'annotations:string{}',
    14: 'finalizers:string[]',
  },
  ListMeta: LIST_META,
  NodeMetrics: {
    1: 'metadata:ObjectMeta',
    2: 'timestamp:time',
    3: 'window:duration',
    4: 'usage:quantity{}',
  },
  NodeMetricsList: { 1: 'metadata:ListMeta', 2: 'items:NodeMetrics[]' },
  PodMetrics: {
    1: 'metadata:ObjectMeta',
    2: 'timestamp:time',
    3: 'window:duration',
    4: 'containers:ContainerMetrics[]',
  },
  ContainerMetrics: { 1: 'name', 2: 'usage:quantity{}' },
  PodMetricsList: { 1: 'metadata:ListMeta', 2: 'items:PodMetrics[]' },
  PartialObjectMetadata: { 1: 'metadata:ObjectMeta' },
  PartialObjectMetadataList: { 1: 'metadata:ListMeta', 2: 'items:PartialObjectMetadata[]' },
  'PartialObjectMetadataList of v1beta1': {
    2: 'metadata:ListMeta',
    1: 'items:PartialObjectMetadata[]',
  },
  Status: {
    1: 'metadata:ListMeta',
    2: 'status',
    3: 'message',
    4: 'reason',
    5: 'details:StatusDetails',
    6: 'code:integer',
  },
  StatusDetails: {
    1: 'name',
    2: 'group',
    3: 'kind',
    4: 'causes:StatusCause[]',
    5: 'retryAfterSeconds:integer',
    6: 'uid',
  },
  StatusCause: { 1: 'reason', 2: 'message', 3: 'field' },
  APIVersions: { 1: 'versions:string[]', 2: 'serverAddressByClientCIDRs:ServerAddress[]' },
  APIGroupList: { 1: 'groups:APIGroup[]' },
  APIGroup: {
    1: 'name',
    2: 'versions:GroupVersion[]',
    3: 'preferredVersion:GroupVersion',
    4: 'serverAddressByClientCIDRs:ServerAddress[]',
  },
  GroupVersion: { 1: 'groupVersion', 2: 'version' },
  ServerAddress: { 1: 'clientCIDR', 2: 'serverAddress' },
  APIResourceList: { 1: 'groupVersion', 2: 'resources:APIResource[]' },
  APIResource: {
    1: 'name',
    2: 'namespaced:bool',
    3: 'kind',
    4: 'verbs:Verbs',
    5: 'shortNames:string[]',
    6: 'singularName',
    7: 'categories:string[]',
    8: 'group',
    9: 'version',
    10: 'storageVersionHash',
  },
  Verbs: { 1: 'items:string[]' },
  APIGroupDiscoveryList: { 1: 'metadata:ListMeta', 2: 'items:APIGroupDiscovery[]' },
  APIGroupDiscovery: { 1: 'metadata:ObjectMeta', 2: 'versions:APIVersionDiscovery[]' },
  APIVersionDiscovery: { 1: 'version', 2: 'resources:APIResourceDiscovery[]', 3: 'freshness' },
  APIResourceDiscovery: {
    1: 'resource',
    2: 'responseKind:GroupVersionKind',
    3: 'scope',
    4: 'singularResource',
    5: 'verbs:string[]',
    6: 'shortNames:string[]',
    7: 'categories:string[]',
    8: 'subresources:APISubresourceDiscovery[]',
  },
  APISubresourceDiscovery: {
    1: 'subresource',
    2: 'responseKind:GroupVersionKind',
    3: 'acceptedTypes:GroupVersionKind[]',
    4: 'verbs:string[]',
  },
  GroupVersionKind: { 1: 'group', 2: 'version', 3: 'kind' },
};

const SCALARS = ['string', 'bool', 'integer', 'time', 'duration', 'quantity'] as const;

const FIELDS: ReadonlyMap<string, ReadonlyMap<number, Field>> = new Map(
  Object.entries(PUBLISHED).map(([message, words]) => [
    message,
    new Map(Object.entries(words).map(([number, word]) => [Number(number), fieldOf(word)])),
  ]),
);

function fieldOf(word: string): Field {
  const [, name = '', type = 'string', many] = /^(\w+)(?::(\w+)(\[\]|\{\})?)?$/.exec(word) ?? [];
  return {
    name,
    type: SCALARS.find((known) => known === type) ?? { message: type },
    ...(many !== undefined && { many: many === '[]' ? 'list' : 'map' }),
  };
}

/** The fields of a message by number; undefined of a message that this API never answers with. */
export function fieldsOf(message: string): ReadonlyMap<number, Field> | undefined {
  return FIELDS.get(message);
}
