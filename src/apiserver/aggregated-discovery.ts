import { createHash } from 'node:crypto';
import { toJsonText } from '../apimachinery/json-text.ts';
import type { Answer, Header } from './answer.ts';
import type { AnyResource, ApiGroup, ApiVersion } from './api-group.ts';
import type { ApiRequest } from './api-request.ts';
import type {
  ApiGroupDiscoveryList,
  ApiResourceDiscovery,
  ApiSubresourceDiscovery,
  ApiVersionDiscovery,
  ResponseKind,
} from './encoding/documents.ts';
import { targetEncoder } from './representation.ts';

const TARGET = {
  group: 'apidiscovery.k8s.io',
  version: 'v2',
  kind: 'APIGroupDiscoveryList',
} as const;
/** In this order, without spaces: clients compare the whole type (trap T-3). */
const PARAMETERS = `g=${TARGET.group};v=${TARGET.version};as=${TARGET.kind}`;

/**
 * Answers `/apis` in one document with everything in it, for who asks for that in any clause of Accept: undefined for all
 * others. Such an answer may be kept by anybody, and asked for again by its tag; only that tag as it is, neither weak
 * nor in a list, is answered 304 (as upstream: apiserver/pkg/endpoints/discovery/aggregated/etag.go).
 */
export function aggregatedDiscoveryAnswer(
  groups: readonly ApiGroup[],
  request: ApiRequest,
): Answer | undefined {
  const encoder = targetEncoder(request, TARGET);
  if (!encoder) return undefined;
  const document = discoveryDocument(groups);
  const etag = tagOf(document);
  const headers: Header[] = [
    ['ETag', etag],
    ['Vary', 'Accept'],
    ['Cache-Control', 'public'],
  ];
  if (request.header('if-none-match') === etag) {
    return { code: 304, contentType: undefined, headers, body: '' };
  }
  const contentType = `${encoder.contentType};${PARAMETERS}`;
  return { code: 200, contentType, headers, body: encoder.document(document) };
}

/**
 * The same for all encodings, for all replicas that serve the same, and for upstream: what an aggregator has kept of
 * one stays good when the other takes its place. It is made without the type, which upstream adds when it encodes.
 */
function tagOf({ metadata, items }: ApiGroupDiscoveryList): string {
  const text = toJsonText({ metadata, items });
  const hash = createHash('sha512').update(text, 'utf8').digest('hex');
  return `"${hash.toUpperCase()}"`;
}

function discoveryDocument(groups: readonly ApiGroup[]): ApiGroupDiscoveryList {
  return {
    kind: TARGET.kind,
    apiVersion: `${TARGET.group}/${TARGET.version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => {
      return { metadata: { name }, versions: versions.map(versionEntry) };
    }),
  };
}

function versionEntry(version: ApiVersion): ApiVersionDiscovery {
  const resources = resourcesOf(version.resources());
  return {
    version: version.name,
    ...(resources.length > 0 && { resources }),
    freshness: 'Current',
  };
}

/** Subresources stand in the resource they belong to. */
function resourcesOf(resources: readonly AnyResource[]): ApiResourceDiscovery[] {
  const byPlural = Map.groupBy(resources, ({ name }) => name.split('/', 1)[0] ?? '');
  return [...byPlural].map(([plural, members]) => {
    const parent = members.find(({ name }) => name === plural);
    const subresources = members.filter((member) => member !== parent).map(subresourceOf);
    return {
      resource: plural,
      // A resource that is there for its subresources only still needs a kind: old clients fail without.
      responseKind: responseKind(parent?.kind ?? ''),
      scope: members.some(({ namespaced }) => namespaced) ? 'Namespaced' : 'Cluster',
      singularResource: parent?.singularName ?? '',
      verbs: parent?.verbs ?? [],
      ...(subresources.length > 0 && { subresources }),
    };
  });
}

function subresourceOf({ name, kind, verbs }: AnyResource): ApiSubresourceDiscovery {
  const subresource = name.slice(name.indexOf('/') + 1);
  return { subresource, responseKind: responseKind(kind), verbs };
}

function responseKind(kind: string): ResponseKind {
  return { group: '', version: '', kind };
}
