import type { AnyResource, ApiGroup, ApiVersion } from './api-group.ts';
import { HEALTH_ENDPOINTS } from './health.ts';
import type { HealthEndpoint } from './health.ts';
import type { OpenApiRoute } from './openapi/answer.ts';
import type { RequestInfo } from './request-info.ts';
import { withoutOuterSlashes } from './request-target.ts';

/** What a request is for. `rest` routes obey the rules of methods and media types, the others answer anything. */
export type Route =
  | { readonly kind: 'resource'; readonly target: ResourceTarget }
  | { readonly kind: 'groups' }
  | { readonly kind: 'group'; readonly group: ApiGroup }
  | { readonly kind: 'version'; readonly group: ApiGroup; readonly version: ApiVersion }
  | { readonly kind: 'server-version' }
  /** Below a REST path, and not there: a Status. */
  | { readonly kind: 'no-such-resource' }
  | { readonly kind: 'paths' }
  | { readonly kind: 'metrics' }
  | {
      readonly kind: 'health';
      readonly endpoint: HealthEndpoint;
      readonly check: string | undefined;
    }
  | OpenApiRoute
  /** Anywhere else, and not there: the paths that are. */
  | { readonly kind: 'no-such-path' };

export interface ResourceTarget {
  readonly group: ApiGroup;
  readonly version: ApiVersion;
  readonly resource: AnyResource;
  /** Undefined: all of them. */
  readonly namespace: string | undefined;
  /** Undefined: a list. */
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const GROUPS = '/apis/';

/**
 * Finds what a request is for, from its RequestInfo: authorization has judged the same reading. Only where
 * the RequestInfo is more generous than upstream's router (a namespace before a resource that has none, the
 * old /watch/ prefix, segments too many) the path itself decides.
 */
export function routeOf(info: RequestInfo, groups: readonly ApiGroup[]): Route {
  const { path } = info;
  if (path === '/apis' || path === '/apis/') return { kind: 'groups' };
  if (isBelow('/version', path)) {
    return { kind: segmentsOf(path).length === 1 ? 'server-version' : 'no-such-resource' };
  }
  const group = path.startsWith(GROUPS)
    ? groups.find(({ name }) => isBelow(name, path, GROUPS.length))
    : undefined;
  return group ? groupRoute(group, info) : plainRoute(path);
}

/** REST paths tolerate slashes at their end; inside, an empty segment is a segment. */
function segmentsOf(path: string): string[] {
  return withoutOuterSlashes(path).split('/');
}

/** Of a path without its first characters. */
function isBelow(root: string, path: string, from = 0): boolean {
  const end = from + root.length;
  return path.startsWith(root, from) && (path.length === end || path[end] === '/');
}

function groupRoute(group: ApiGroup, info: RequestInfo): Route {
  const segments = segmentsOf(info.path);
  const versionName = segments[2];
  const below = segments.slice(3);
  if (versionName === undefined) return { kind: 'group', group };
  const version = group.versions.find(({ name }) => name === versionName);
  if (!version) return { kind: 'no-such-resource' };
  if (below.length === 0) return { kind: 'version', group, version };
  const resource = resourceOf(version, info, below);
  if (!resource) return { kind: 'no-such-resource' };
  const [, name, subresource] = info.parts;
  const namespace = info.namespace === '' ? undefined : info.namespace;
  return { kind: 'resource', target: { group, version, resource, namespace, name, subresource } };
}

function resourceOf(
  version: ApiVersion,
  { parts }: RequestInfo,
  below: readonly string[],
): AnyResource | undefined {
  const [plural = '', name, subresource] = parts;
  const inNamespace = below[0] === 'namespaces' && below.length === parts.length + 2;
  if (parts.length > 3 || (!inNamespace && below.length !== parts.length)) return undefined;
  const wanted = subresource === undefined ? plural : `${plural}/${subresource}`;
  const resource = version.resources().find((candidate) => candidate.name === wanted);
  // Lists may span the namespaces; a name means nothing without one.
  const placed = resource?.namespaced === true ? inNamespace || name === undefined : !inNamespace;
  return placed ? resource : undefined;
}

const OPENAPI_V3 = '/openapi/v3/';

function plainRoute(path: string): Route {
  if (path === '/' || path === '/index.html') return { kind: 'paths' };
  if (path === '/metrics') return { kind: 'metrics' };
  if (path === '/openapi/v2') return { kind: 'openapi-v2' };
  if (path === '/openapi/v3') return { kind: 'openapi-v3-index' };
  if (path.startsWith(OPENAPI_V3)) {
    return { kind: 'openapi-v3', document: path.slice(OPENAPI_V3.length) };
  }
  for (const endpoint of HEALTH_ENDPOINTS) {
    if (!isBelow(`/${endpoint}`, path)) continue;
    const check = path.length === endpoint.length + 1 ? undefined : path.slice(endpoint.length + 2);
    return { kind: 'health', endpoint, check };
  }
  return { kind: 'no-such-path' };
}
