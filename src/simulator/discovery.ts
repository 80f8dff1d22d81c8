import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type KubeObject, listAt, textAt, valueAt } from './kube-object.ts';
import type { ObjectStore } from './objects.ts';
import { sendJson } from './reply.ts';
import { isJson, parseAccept } from './representation.ts';
import { API_SERVICES, RESOURCE_TYPES } from './resource-type.ts';

/** One resource or subresource as discovery names it. */
export interface DiscoveredResource {
  /** With its parent, for a subresource: `serviceaccounts/token`. */
  readonly name: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly group?: string;
  readonly version?: string;
}

/** One group and version with its resources. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly DiscoveredResource[];
}

/** What is known of an aggregated API server: the entry of its own aggregated discovery for one version. */
export interface RemoteVersion {
  readonly resources: readonly unknown[];
  /** Stale: it could not be asked lately. */
  readonly freshness: 'Current' | 'Stale';
}

const REVIEWS: readonly (readonly [group: string, resource: string, kind: string])[] = [
  ['authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview'],
  ['authentication.k8s.io', 'tokenreviews', 'TokenReview'],
  ['authorization.k8s.io', 'localsubjectaccessreviews', 'LocalSubjectAccessReview'],
  ['authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'],
  ['authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview'],
  ['authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview'],
];

/** What the simulated kube-apiserver itself serves. */
export const LOCAL_GROUP_VERSIONS: readonly GroupVersion[] = localGroupVersions();

function localGroupVersions(): GroupVersion[] {
  const resources = [
    ...RESOURCE_TYPES.map(
      ({ group, resource, singular, namespaced, kind, verbs, shortNames }) =>
        [group, { name: resource, singular, namespaced, kind, verbs, shortNames }] as const,
    ),
    ...REVIEWS.map(([group, name, kind]) => [group, creatable(name, kind)] as const),
    ['', tokenRequest()] as const,
  ];
  const groups = Map.groupBy(resources, ([group]) => group);
  return [...groups].map(([group, members]) => ({
    group,
    version: 'v1',
    resources: members
      .map(([, resource]) => resource)
      .sort((left, right) => (left.name < right.name ? -1 : 1)),
  }));
}

function creatable(name: string, kind: string): DiscoveredResource {
  const namespaced = kind.startsWith('Local');
  return {
    name,
    singular: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: ['create'],
    shortNames: [],
  };
}

function tokenRequest(): DiscoveredResource {
  return {
    ...creatable('serviceaccounts/token', 'TokenRequest'),
    singular: '',
    namespaced: true,
    group: 'authentication.k8s.io',
    version: 'v1',
  };
}

export function findLocal(group: string, version: string): GroupVersion | undefined {
  return LOCAL_GROUP_VERSIONS.find((known) => known.group === group && known.version === version);
}

/** The discovery documents of the cluster: its own groups merged with those of its APIServices. */
export class Discovery {
  private readonly objects: ObjectStore;
  private readonly remoteVersion: (apiServiceName: string) => RemoteVersion;

  constructor(objects: ObjectStore, remoteVersion: (apiServiceName: string) => RemoteVersion) {
    this.objects = objects;
    this.remoteVersion = remoteVersion;
  }

  /** Answers `/api`. */
  sendApi(request: IncomingMessage, response: ServerResponse): void {
    const version = aggregatedVersion(request.headers.accept);
    if (version) {
      const core = LOCAL_GROUP_VERSIONS.filter(({ group }) => group === '');
      sendAggregated(request, response, version, core.map(localItem));
      return;
    }
    const { localAddress = '', localPort = 0 } = request.socket;
    sendJson(response, 200, {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [
        { clientCIDR: '0.0.0.0/0', serverAddress: `${localAddress}:${localPort}` },
      ],
    });
  }

  /** Answers `/apis`. */
  sendApis(request: IncomingMessage, response: ServerResponse): void {
    const version = aggregatedVersion(request.headers.accept);
    if (version) {
      sendAggregated(request, response, version, this.aggregatedItems());
      return;
    }
    const groups = [...this.groups()].map(([name, services]) => legacyGroup(name, services));
    sendJson(response, 200, { kind: 'APIGroupList', apiVersion: 'v1', groups });
  }

  /** The document of `/apis/GROUP`; undefined when there is no such group. */
  group(name: string): object | undefined {
    const services = this.groups().get(name);
    return services && { kind: 'APIGroup', apiVersion: 'v1', ...legacyGroup(name, services) };
  }

  /** APIServices by group, the core group left out; groups and versions by falling priority. */
  private groups(): Map<string, readonly KubeObject[]> {
    const services = this.objects
      .snapshot(API_SERVICES)
      .objects.filter((service) => textAt(service, 'spec', 'group') !== '');
    const byPriority = services.toSorted(
      (left, right) =>
        numberAt(right, 'groupPriorityMinimum') - numberAt(left, 'groupPriorityMinimum') ||
        numberAt(right, 'versionPriority') - numberAt(left, 'versionPriority'),
    );
    return Map.groupBy(byPriority, (service) => textAt(service, 'spec', 'group'));
  }

  private aggregatedItems(): object[] {
    return [...this.groups()].map(([name, services]) => ({
      metadata: { name, creationTimestamp: null },
      versions: services.map((service) => this.aggregatedEntry(service)),
    }));
  }

  private aggregatedEntry(service: KubeObject): object {
    const version = textAt(service, 'spec', 'version');
    const local = findLocal(textAt(service, 'spec', 'group'), version);
    if (local) return localEntry(local);
    const { resources, freshness } = this.remoteVersion(service.metadata.name);
    return { version, resources, freshness };
  }
}

/** `/api/v1` and `/apis/GROUP/VERSION` of our own. */
export function resourceList({ group, version, resources }: GroupVersion): object {
  return {
    kind: 'APIResourceList',
    ...(group !== '' && { apiVersion: 'v1' }),
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: resources.map((resource) => ({
      name: resource.name,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      ...(resource.group !== undefined && { group: resource.group, version: resource.version }),
      kind: resource.kind,
      verbs: resource.verbs,
      ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    })),
  };
}

function numberAt(service: KubeObject, member: string): number {
  return Number(valueAt(service, 'spec', member) ?? 0);
}

function legacyGroup(name: string, services: readonly KubeObject[]): object {
  const versions = services.map((service) => {
    const version = textAt(service, 'spec', 'version');
    return { groupVersion: `${name}/${version}`, version };
  });
  return { name, versions, preferredVersion: versions[0] };
}

function localItem(groupVersion: GroupVersion): object {
  return { metadata: { creationTimestamp: null }, versions: [localEntry(groupVersion)] };
}

function localEntry({ group, version, resources }: GroupVersion): object {
  const parents = resources.filter(({ name }) => !name.includes('/'));
  return {
    version,
    resources: parents.map((parent) => ({
      resource: parent.name,
      responseKind: { group, version, kind: parent.kind },
      scope: parent.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: parent.singular,
      verbs: parent.verbs,
      ...(parent.shortNames.length > 0 && { shortNames: parent.shortNames }),
      ...subresourcesOf(parent, resources),
    })),
    freshness: 'Current',
  };
}

function subresourcesOf(
  parent: DiscoveredResource,
  resources: readonly DiscoveredResource[],
): object {
  const subresources = resources.filter(({ name }) => name.startsWith(`${parent.name}/`));
  if (subresources.length === 0) return {};
  return {
    subresources: subresources.map(({ name, group, version, kind, verbs }) => ({
      subresource: name.slice(parent.name.length + 1),
      responseKind: { group, version, kind },
      verbs,
    })),
  };
}

type DiscoveryVersion = 'v2' | 'v2beta1';

/** The version of aggregated discovery that the client can read; undefined when it wants the old documents. */
function aggregatedVersion(accept: string | undefined): DiscoveryVersion | undefined {
  for (const range of parseAccept(accept ?? '')) {
    const { parameters } = range;
    const version = parameters.get('v');
    if (!isJson(range) || parameters.get('g') !== 'apidiscovery.k8s.io') continue;
    if (parameters.get('as') !== 'APIGroupDiscoveryList') continue;
    if (version === 'v2' || version === 'v2beta1') return version;
  }
  return undefined;
}

function sendAggregated(
  request: IncomingMessage,
  response: ServerResponse,
  version: DiscoveryVersion,
  items: readonly object[],
): void {
  const document = {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items,
  };
  const hash = createHash('sha512').update(JSON.stringify(document)).digest('hex').toUpperCase();
  const etag = `"${hash}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Vary', 'Accept');
  response.setHeader('Cache-Control', 'public');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  sendJson(response, 200, document, type);
}

/** The APIServices of our own groups: always available. */
export function localApiServices(): KubeObject[] {
  return LOCAL_GROUP_VERSIONS.map(({ group, version }) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {
      name: `${version}.${group}`,
      labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' },
    },
    spec: {
      ...(group !== '' && { group }),
      version,
      groupPriorityMinimum: group === '' ? 18_000 : 17_000,
      versionPriority: group === '' ? 1 : 15,
    },
    status: {
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'Local',
          message: 'Local APIServices are always available',
        },
      ],
    },
  }));
}

/** The version entry of a group in an aggregated discovery document; undefined when it is not there. */
export function findAggregatedVersion(
  document: unknown,
  group: string,
  version: string,
): readonly unknown[] | undefined {
  const entry = listAt(document, 'items').find(
    (item) => textAt(item, 'metadata', 'name') === group,
  );
  const found = listAt(entry, 'versions').find((item) => textAt(item, 'version') === version);
  return found === undefined ? undefined : listAt(found, 'resources');
}

/** The same from an APIResourceList, for servers without aggregated discovery. */
export function fromResourceList(list: unknown, group: string, version: string): unknown[] {
  return listAt(list, 'resources')
    .filter((resource) => !textAt(resource, 'name').includes('/'))
    .map((resource) => ({
      resource: textAt(resource, 'name'),
      responseKind: { group, version, kind: textAt(resource, 'kind') },
      scope: valueAt(resource, 'namespaced') === true ? 'Namespaced' : 'Cluster',
      singularResource: textAt(resource, 'singularName'),
      verbs: listAt(resource, 'verbs'),
    }));
}
