import { parseFieldTerms } from '../apimachinery/field-selector.ts';
import { parseLabelSelector } from '../apimachinery/label-selector.ts';
import { SelectorError } from '../apimachinery/selector-error.ts';
import { Query } from './query.ts';
import { parseTarget, withoutOuterSlashes } from './request-target.ts';

/** What a method and a URL mean. Absent parts are ''. */
export interface RequestInfo {
  readonly isResource: boolean;
  /** Decoded, without the query; textOfBytes says what becomes of bytes that are not UTF-8. */
  readonly path: string;
  /** Of Kubernetes for a resource (`list`), else the HTTP method in lower case. '' for methods without a verb. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** As it stands in the URL; only of requests for several objects. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
  /** The segments from the resource on, undecided ones included. */
  readonly parts: readonly string[];
  readonly query: Query;
}

/** A URL that means nothing: 400 where Go's HTTP server refuses it, 500 (text) where the API server does. */
export class RequestInfoError extends Error {
  override readonly name = 'RequestInfoError';
  readonly code: 400 | 500;

  constructor(code: 400 | 500, message: string) {
    super(message);
    this.code = code;
  }
}

const SPECIAL_VERBS: ReadonlySet<string> = new Set(['proxy', 'watch']);
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);
const VERBS: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/**
 * Reads the request line (as upstream: apiserver/pkg/endpoints/request/requestinfo.go). Discovery,
 * authorization and dispatch all use this one answer.
 * @throws RequestInfoError for a target that is none, and for `/watch` or `/proxy` with nothing after it.
 */
export function requestInfo(method: string, rawUrl: string): RequestInfo {
  const target = parseTarget(method, rawUrl);
  if (target === undefined) throw new RequestInfoError(400, '400 Bad Request: malformed URL');
  const { path } = target;
  const query = Query.parse(target.query);
  const place = splitGroupVersion(path);
  if (!place) return { ...NOTHING, path, verb: method.toLowerCase(), query };

  const { group, version, segments } = place;
  const [first = ''] = segments;
  const isSpecial = SPECIAL_VERBS.has(first);
  const meant = isSpecial ? segments.slice(1) : segments;
  if (meant.length === 0) {
    throw new RequestInfoError(
      500,
      `failed to create RequestInfo: unable to determine kind and namespace from url, ${rawUrl}`,
    );
  }
  const verb = isSpecial ? first : (VERBS.get(method) ?? '');
  const named = withNames({ path, query, verb, group, version }, meant);
  if (named.name !== '') return named;
  const info = forSeveralObjects(named);
  return isSpecial ? info : withSelectors(info);
}

const NOTHING = {
  isResource: false,
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  fieldSelector: '',
  labelSelector: '',
  parts: [],
};

function splitPath(path: string): string[] {
  const trimmed = withoutOuterSlashes(path);
  return trimmed === '' ? [] : trimmed.split('/');
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
  /** What stands after the version: at least one. */
  readonly segments: readonly string[];
}

/** Undefined for paths that lead to no resource. The core group, below `/api`, has no name. */
function splitGroupVersion(path: string): GroupVersion | undefined {
  const segments = splitPath(path);
  const [prefix, first = '', second = ''] = segments;
  if (prefix === 'apis' && segments.length > 3) {
    return { group: first, version: second, segments: segments.slice(3) };
  }
  if (prefix === 'api' && segments.length > 2) {
    return { group: '', version: first, segments: segments.slice(2) };
  }
  return undefined;
}

function withNames(
  {
    path,
    query,
    verb,
    group,
    version,
  }: Pick<RequestInfo, 'path' | 'query' | 'verb' | 'group' | 'version'>,
  segments: readonly string[],
): RequestInfo {
  const { namespace, parts } = splitNamespace(segments);
  const [resource = '', name = '', third = ''] = parts;
  // The rest of a proxied path belongs to the one behind the proxy.
  const subresource = verb === 'proxy' ? '' : third;
  return {
    isResource: true,
    path,
    verb,
    group,
    version,
    namespace,
    resource,
    subresource,
    name,
    fieldSelector: '',
    labelSelector: '',
    parts,
    query,
  };
}

function splitNamespace(segments: readonly string[]): {
  readonly namespace: string;
  readonly parts: readonly string[];
} {
  const [first, namespace = '', third] = segments;
  if (first !== 'namespaces') return { namespace: '', parts: segments };
  const isOfNamespace = third === undefined || NAMESPACE_SUBRESOURCES.has(third);
  return { namespace, parts: segments.slice(isOfNamespace ? 0 : 2) };
}

/** No name: a get is a list or a watch, a delete is meant for all. A field selector may name the object after all. */
function forSeveralObjects(info: RequestInfo): RequestInfo {
  switch (info.verb) {
    case 'get':
      return {
        ...info,
        verb: isWatch(info.query) ? 'watch' : 'list',
        name: selectedName(info.query),
      };
    case 'delete':
      return { ...info, verb: 'deletecollection' };
    default:
      return info;
  }
}

function isWatch(query: Query): boolean {
  const watch = query.get('watch')?.toLowerCase();
  return watch !== undefined && watch !== 'false' && watch !== '0';
}

/** '' as well when any list option cannot be read: upstream then reads none of them. */
function selectedName(query: Query): string {
  for (const option of ['limit', 'timeoutSeconds']) {
    const value = query.get(option);
    if (value !== undefined && !isInt64(value)) return '';
  }
  const fieldSelector = query.get('fieldSelector') ?? '';
  if (fieldSelector === '') return '';
  try {
    parseLabelSelector(query.get('labelSelector') ?? '');
    const fields = parseFieldTerms(fieldSelector);
    const name = fields.requiresExactMatch('metadata.name') ?? '';
    return isPathSegment(name) ? name : '';
  } catch (err) {
    if (err instanceof SelectorError) return ''; // the handler answers 400 later, after authorization
    throw err;
  }
}

/** As strconv.ParseInt(text, 10, 64); the significant digits are few before BigInt sees them. */
function isInt64(text: string): boolean {
  const [, sign = '', digits] = /^([+-]?)0*(\d{1,19})$/.exec(text) ?? [];
  if (digits === undefined) return false;
  const value = BigInt(`${sign === '-' ? '-' : ''}${digits}`);
  return BigInt.asIntN(64, value) === value;
}

function isPathSegment(name: string): boolean {
  return name !== '.' && name !== '..' && !/[/%]/.test(name);
}

function withSelectors(info: RequestInfo): RequestInfo {
  const { verb, query } = info;
  if (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection') return info;
  return {
    ...info,
    fieldSelector: query.get('fieldSelector') ?? '',
    labelSelector: query.get('labelSelector') ?? '',
  };
}
