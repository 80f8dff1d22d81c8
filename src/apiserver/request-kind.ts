import type { RequestKind } from './instruments.ts';
import type { RequestInfo } from './request-info.ts';
import type { ResourceTarget, Route } from './route.ts';

/**
 * Says what a request is for its metrics; undefined for what upstream does not count either: discovery, unknown
 * paths, refused methods. Equal kinds are the same object, so that counting need not compare labels, and
 * there are only as many as there are resources and scopes.
 */
export function requestKinds(): (
  method: string,
  route: Route,
  info: RequestInfo,
) => RequestKind | undefined {
  const known = new Map<string, RequestKind>();
  return (method, route, info) => {
    if (route.kind === 'health') {
      return route.check === undefined ? shared(known, healthKind(route.endpoint)) : undefined;
    }
    if (route.kind !== 'resource' || method !== 'GET') return undefined;
    return shared(known, resourceKind(route.target, info.verb));
  };
}

function healthKind(endpoint: string): RequestKind {
  return {
    verb: 'GET',
    group: '',
    version: '',
    resource: '',
    subresource: `/${endpoint}`,
    scope: '',
    component: '',
  };
}

function resourceKind(target: ResourceTarget, verb: string): RequestKind {
  const { group, version, resource, name, namespace } = target;
  const [plural = '', subresource = ''] = resource.name.split('/');
  return {
    verb: verb.toUpperCase(),
    group: group.name,
    version: version.name,
    resource: plural,
    subresource,
    scope: name === undefined ? (namespace === undefined ? 'cluster' : 'namespace') : 'resource',
    component: 'apiserver',
  };
}

function shared(known: Map<string, RequestKind>, kind: RequestKind): RequestKind {
  const { verb, group, version, resource, subresource, scope } = kind;
  const key = `${verb} ${group}/${version}/${resource}/${subresource} ${scope}`;
  const same = known.get(key);
  if (same) return same;
  known.set(key, kind);
  return kind;
}
