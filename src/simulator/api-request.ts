import { badRequest } from '../apimachinery/status-error.ts';

/** What method and URL of a request to the simulated kube-apiserver mean. */
export interface ApiRequest {
  readonly method: string;
  /** As sent, with the query. */
  readonly url: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isResource: boolean;
  /** get, list, watch, create … of a resource; the method in lower case of any other path. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** '' for all namespaces, and for what has none. */
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

const VERBS = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/**
 * Reads a request as kube-apiserver does: apiserver/pkg/endpoints/request/requestinfo.go.
 * @throws StatusError 400 for a path that cannot be decoded.
 */
export function parseApiRequest(method: string, url: string): ApiRequest {
  const mark = url.indexOf('?');
  const path = decodedPath(mark === -1 ? url : url.slice(0, mark));
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  const base = { method, url, path, query };
  const [prefix, ...rest] = path.replace(/^\/+|\/+$/g, '').split('/');
  if (prefix === 'api' && rest.length >= 2) {
    const [version = '', ...segments] = rest;
    return {
      ...base,
      isResource: true,
      group: '',
      version,
      ...parseResource(method, query, segments),
    };
  }
  if (prefix === 'apis' && rest.length >= 3) {
    const [group = '', version = '', ...segments] = rest;
    return { ...base, isResource: true, group, version, ...parseResource(method, query, segments) };
  }
  return {
    ...base,
    isResource: false,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
  };
}

function decodedPath(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw badRequest(`Cannot decode the path: expected percent-encoded UTF-8, got ${raw}`);
  }
}

type ResourcePart = Pick<ApiRequest, 'verb' | 'namespace' | 'resource' | 'subresource' | 'name'>;

function parseResource(
  method: string,
  query: URLSearchParams,
  segments: readonly string[],
): ResourcePart {
  const target = targetOf(segments);
  const verb = VERBS.get(method) ?? '';
  if (target.name !== '') return { ...target, verb };
  if (verb === 'delete') return { ...target, verb: 'deletecollection' };
  if (verb !== 'get') return { ...target, verb };
  const [, exactName = ''] =
    /(?:^|,)metadata\.name==?([^,/%]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '') ?? [];
  return { ...target, verb: isTrue(query.get('watch')) ? 'watch' : 'list', name: exactName };
}

/** The object of a namespace is authorized in that namespace, as kube-apiserver does. */
function targetOf(segments: readonly string[]): Omit<ResourcePart, 'verb'> {
  const [first, second = '', third = ''] = segments;
  const isInNamespace =
    first === 'namespaces' && third !== '' && third !== 'status' && third !== 'finalize';
  const [resource = '', name = '', subresource = ''] = isInNamespace ? segments.slice(2) : segments;
  return { namespace: first === 'namespaces' ? second : '', resource, name, subresource };
}

/** As query parameters are converted: a parameter without a value is true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}
