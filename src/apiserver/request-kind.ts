import type { AnyResource } from './api-group.ts';
import type { RequestKind } from './instruments.ts';
import type { RequestInfo } from './request-info.ts';
import type { ResourceTarget, Route } from './route.ts';

/** Says what requests are for their metrics. Equal kinds are the same object, so that counting need not compare labels. */
export interface RequestKinds {
  /**
   * A request that its handler answers (of `/apis` the aggregated form); undefined for what upstream does not
   * count either: plain discovery, unknown paths, refused methods.
   */
  handled(method: string, route: Route, info: RequestInfo): RequestKind | undefined;
  /** A request that is ended before a handler sees it. */
  ended(method: string, route: Route, info: RequestInfo): RequestKind;
}

/** There are only as many kinds as there are verbs, resources and scopes, whatever is asked. */
export function requestKinds(): RequestKinds {
  const known = new Map<string, RequestKind>();
  const byResource = new WeakMap<AnyResource, RequestKind[]>();
  const shared = (kind: RequestKind): RequestKind => {
    const key = Object.values(kind).join(' ');
    const same = known.get(key);
    if (same) return same;
    known.set(key, kind);
    return kind;
  };
  /** By what is cheap to compare: most requests are of a kind that there was before. */
  const ofResource = (
    method: string,
    target: ResourceTarget,
    scope: string,
    info: RequestInfo,
  ): RequestKind => {
    const kinds = byResource.get(target.resource) ?? [];
    if (kinds.length === 0) byResource.set(target.resource, kinds);
    const verb = cleanVerb(method, scope, info);
    const dryRun = cleanDryRun(info);
    for (const kind of kinds) {
      const isSame = kind.verb === verb && kind.scope === scope && kind.dryRun === dryRun;
      if (isSame && kind.version === target.version.name && kind.group === target.group.name) {
        return kind;
      }
    }
    const kind = shared({ ...resourceKind(target), verb, dryRun, scope });
    kinds.push(kind);
    return kind;
  };
  return {
    handled(method, route, info) {
      if (route.kind === 'health') {
        if (route.check !== undefined) return undefined;
        const verb = cleanVerb(method, '', info);
        const dryRun = cleanDryRun(info);
        return shared({ ...NOTHING, verb, dryRun, subresource: `/${route.endpoint}` });
      }
      if (route.kind === 'groups') {
        const verb = cleanVerb(method, '', info);
        const dryRun = cleanDryRun(info);
        return shared({ ...NOTHING, verb, dryRun, subresource: 'apis', component: 'apiserver' });
      }
      if (route.kind !== 'resource' || method !== 'GET') return undefined;
      const { namespace, name } = route.target;
      const scope =
        name !== undefined ? 'resource' : namespace === undefined ? 'cluster' : 'namespace';
      return ofResource(method, route.target, scope, info);
    },
    ended(method, route, info) {
      // Upstream's labels say what the URL says, whatever that is; here only resources that there are.
      if (route.kind === 'resource') {
        return ofResource(method, route.target, scopeOf(info), info);
      }
      const verb = cleanVerb(method, '', info);
      const dryRun = cleanDryRun(info);
      return shared({ ...NOTHING, verb, dryRun, component: 'apiserver' });
    },
  };
}

const NOTHING: RequestKind = {
  verb: '',
  dryRun: '',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  scope: '',
  component: '',
};

function resourceKind({ group, version, resource }: ResourceTarget): RequestKind {
  const [plural = '', subresource = ''] = resource.name.split('/');
  return {
    ...NOTHING,
    group: group.name,
    version: version.name,
    resource: plural,
    subresource,
    component: 'apiserver',
  };
}

function scopeOf({ name, namespace, verb }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}

const COUNTED_METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT']);

/** As upstream: cleanVerb of apiserver/pkg/endpoints/metrics/metrics.go. */
function cleanVerb(method: string, scope: string, { query }: RequestInfo): string {
  if (method === 'GET' || method === 'HEAD') {
    const watch = method === 'GET' ? query.all('watch')[0]?.toLowerCase() : undefined;
    if (watch !== undefined && watch !== '0' && watch !== 'false') return 'WATCH';
    return scope === 'cluster' || scope === 'namespace' ? 'LIST' : 'GET';
  }
  return COUNTED_METHODS.has(method) ? method : 'other';
}

function cleanDryRun({ query }: RequestInfo): string {
  const values = query.all('dryRun');
  if (values.length === 0) return '';
  return values.every((value) => value === 'All') ? 'All' : 'invalid';
}
