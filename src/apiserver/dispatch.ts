import {
  methodNotAllowed,
  notAcceptable,
  routeNotFound,
  toStatus,
  unsupportedMediaType,
  watchNotSupported,
} from '../apimachinery/status-error.ts';
import type { StatusError } from '../apimachinery/status-error.ts';
import { formatTimestamp } from '../apimachinery/timestamp.ts';
import type { Clock } from '../clock.ts';
import { JSON_TYPE } from './answer.ts';
import type { Answer, Header, WholeAnswer } from './answer.ts';
import type { ApiGroup, GetRequest } from './api-group.ts';
import { groupDocument, groupListDocument, resourceListDocument } from './discovery.ts';
import { jsonDocument, jsonItem, jsonList } from './encoding/json.ts';
import type { Envelope } from './encoding/json.ts';
import { SERVED, namesOneOf, negotiate, producibleTypes } from './encoding/negotiate.ts';
import type { Negotiated } from './encoding/negotiate.ts';
import { includedObject, jsonTable } from './encoding/table.ts';
import { healthAnswer, healthPaths, singleCheckAnswer } from './health.ts';
import type { HealthCheck } from './health.ts';
import { parseListOptions, refuseExport } from './list-options.ts';
import type { RequestInfo } from './request-info.ts';
import type { ResourceTarget, Route } from './route.ts';
import { versionDocument } from './version.ts';

/** A request after authorization. Headers are first lines; undefined where there is none. */
export interface ApiRequest {
  readonly method: string;
  readonly info: RequestInfo;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly userAgent: string | undefined;
}

/** What there is to be asked for. */
export interface Site {
  readonly groups: readonly ApiGroup[];
  readonly checks: readonly HealthCheck[];
  readonly clock: Clock;
  /** `host:port`, as discovery announces it. */
  readonly serverAddress: string;
  /** Our own version. */
  readonly version: string;
}

/** Routes that the REST rules hold for; the others are served by app.ts or answer to any method. */
type RestRoute = Extract<
  Route,
  { kind: 'resource' | 'groups' | 'group' | 'version' | 'server-version' }
>;

/**
 * Answers everything but `/metrics`, which takes its time.
 * @throws StatusError for what the client did wrong; anything else is a bug.
 */
export function dispatch(
  route: Exclude<Route, { kind: 'metrics' }>,
  request: ApiRequest,
  site: Site,
): Answer {
  switch (route.kind) {
    case 'no-such-resource':
      throw routeNotFound();
    case 'paths':
      return pathsAnswer(200, site);
    case 'no-such-path':
      return pathsAnswer(404, site);
    case 'health':
      return healthRoute(route, request, site);
    default:
      return restAnswer(route, request, site);
  }
}

/** The Status of an error in the media type that the client asked for, whatever that takes. */
export function errorAnswer(error: StatusError, request: ApiRequest): WholeAnswer {
  const { retryAfterSeconds } = error;
  const headers: readonly Header[] =
    retryAfterSeconds > 0 ? [['Retry-After', String(retryAfterSeconds)]] : [];
  const negotiated = negotiate(request.accept, SERVED, false);
  const pretty = negotiated === undefined || isPretty(negotiated, request);
  const body = jsonDocument(toStatus(error), pretty);
  return { code: error.code, contentType: JSON_TYPE, headers, body };
}

function pathsAnswer(code: number, { groups, checks }: Site): Answer {
  const versions = groups.flatMap(({ name, versions: served }) => [
    `/apis/${name}`,
    ...served.map((version) => `/apis/${name}/${version.name}`),
  ]);
  const paths = ['/apis', ...versions, ...healthPaths(checks), '/metrics', '/version'].sort();
  return { code, contentType: JSON_TYPE, body: jsonDocument({ paths }, true) };
}

function healthRoute(
  { endpoint, check }: Extract<Route, { kind: 'health' }>,
  { info: { query } }: ApiRequest,
  site: Site,
): Answer {
  if (check === undefined) return healthAnswer(endpoint, site.checks, query);
  return singleCheckAnswer(endpoint, check, site.checks) ?? pathsAnswer(404, site);
}

function restAnswer(route: RestRoute, request: ApiRequest, site: Site): Answer {
  if (request.method !== 'GET') throw methodNotAllowed();
  checkMediaTypes(route, request);
  if (route.kind === 'server-version') {
    const body = jsonDocument(versionDocument(site.version), true);
    return { code: 200, contentType: JSON_TYPE, body };
  }
  if (route.kind === 'resource') {
    const negotiated = negotiatedOrRefused(request, true);
    return route.target.name === undefined
      ? listAnswer(route.target, request, negotiated, site)
      : getAnswer(route.target, request, negotiated, site);
  }
  const pretty = isPretty(negotiatedOrRefused(request, false), request);
  return { code: 200, contentType: JSON_TYPE, body: jsonDocument(documentOf(route, site), pretty) };
}

function documentOf(
  route: Extract<RestRoute, { kind: 'groups' | 'group' | 'version' }>,
  { groups, serverAddress }: Site,
): object {
  switch (route.kind) {
    case 'groups':
      return groupListDocument(groups, serverAddress);
    case 'group':
      return groupDocument(route.group);
    case 'version':
      return resourceListDocument(route.group, route.version);
  }
}

/** What the router checks before a handler runs: literally, and on discovery the request's own type too. */
function checkMediaTypes(route: RestRoute, { accept, contentType }: ApiRequest): void {
  const isList = route.kind === 'resource' && route.target.name === undefined;
  const types = route.kind === 'server-version' ? [JSON_TYPE] : producibleTypes(SERVED, isList);
  if (route.kind !== 'resource' && !namesOneOf(contentType, consumedTypes(route))) {
    throw unsupportedMediaType();
  }
  if (!namesOneOf(accept, types)) {
    const known = types.join(', ');
    throw notAcceptable(`406: Not Acceptable\n\nAvailable representations: ${known}`, {});
  }
}

/** Nobody reads the body of a discovery request, but upstream is particular about its type. */
const DISCOVERY_CONSUMES = [
  JSON_TYPE,
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
] as const;

function consumedTypes(route: RestRoute): readonly string[] {
  return route.kind === 'server-version' ? [JSON_TYPE] : DISCOVERY_CONSUMES;
}

function negotiatedOrRefused({ accept }: ApiRequest, transforms: boolean): Negotiated {
  const negotiated = negotiate(accept, SERVED, transforms);
  if (negotiated) return negotiated;
  const known = SERVED.map(({ name }) => name).join(', ');
  throw notAcceptable(`only the following media types are accepted: ${known}`, undefined);
}

function listAnswer(
  target: ResourceTarget,
  request: ApiRequest,
  negotiated: Negotiated,
  site: Site,
): Answer {
  const { group, resource, namespace } = target;
  const { labelSelector, fieldSelector, watch } = parseListOptions(request.info.query);
  if (watch) throw watchNotSupported(group.name, resource.name);
  if (!resource.list) throw methodNotAllowed();
  const items = resource.list({ namespace, labelSelector, fieldSelector });
  return listOf(items, target, request, negotiated, site);
}

function getAnswer(
  target: ResourceTarget,
  request: ApiRequest,
  negotiated: Negotiated,
  site: Site,
): Answer {
  const { resource, namespace, name = '', subresource } = target;
  refuseExport(request.info.query);
  const wanted: GetRequest = { namespace, name, subresource };
  if (resource.getList) {
    return listOf(resource.getList(wanted), target, request, negotiated, site);
  }
  if (!resource.get) throw methodNotAllowed();
  const item: unknown = resource.get(wanted);
  const envelope = envelopeOf(target, resource.kind, site);
  const pretty = isPretty(negotiated, request);
  if (negotiated.transform) {
    const include = includedObject(request.info.query.get('includeObject'));
    const table = { version: negotiated.transform.version, include, pretty };
    return ok(jsonTable([item], resource.encoding, envelope, table));
  }
  return ok(jsonItem(item, resource.encoding, envelope, pretty));
}

function listOf(
  items: Iterable<unknown>,
  target: ResourceTarget,
  request: ApiRequest,
  negotiated: Negotiated,
  site: Site,
): Answer {
  const { encoding, kind, listKind } = target.resource;
  const { transform } = negotiated;
  const pretty = isPretty(negotiated, request);
  if (transform) {
    const include = includedObject(request.info.query.get('includeObject'));
    const table = { version: transform.version, include, pretty };
    return ok(jsonTable(items, encoding, envelopeOf(target, kind, site), table));
  }
  return ok(jsonList(items, encoding, envelopeOf(target, listKind, site), pretty));
}

function ok(body: string | Iterable<string>): Answer {
  return { code: 200, contentType: JSON_TYPE, body };
}

function envelopeOf({ group, version }: ResourceTarget, kind: string, { clock }: Site): Envelope {
  const createdAt = formatTimestamp(clock.nowMs());
  return { kind, apiVersion: `${group.name}/${version.name}`, createdAt };
}

const TRUE_WORDS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const HUMAN_AGENTS = ['curl', 'Wget', 'Mozilla/5.0'];

/** The media parameter, or the query, or, when the query is silent, a client that people look through. */
function isPretty(
  { pretty }: Negotiated,
  { info: { query }, userAgent = '' }: ApiRequest,
): boolean {
  if (pretty) return true;
  const asked = query.get('pretty') ?? '';
  if (asked !== '') return TRUE_WORDS.has(asked);
  return HUMAN_AGENTS.some((agent) => userAgent.startsWith(agent));
}
