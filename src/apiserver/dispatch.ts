import {
  methodNotAllowed,
  notAcceptable,
  routeNotFound,
  toStatus,
  unsupportedMediaType,
} from '../apimachinery/status-error.ts';
import type { StatusError } from '../apimachinery/status-error.ts';
import type { Clock } from '../clock.ts';
import { aggregatedDiscoveryAnswer } from './aggregated-discovery.ts';
import { JSON_TYPE } from './answer.ts';
import type { Answer, Header, WholeAnswer } from './answer.ts';
import type { ApiGroup } from './api-group.ts';
import type { ApiRequest } from './api-request.ts';
import { groupDocument, groupListDocument, resourceListDocument } from './discovery.ts';
import type { ApiDocument } from './encoding/documents.ts';
import { PRETTY_ENCODER } from './encoding/encoders.ts';
import { jsonDocument } from './encoding/text-layout.ts';
import { SERVED, isOneOf, namesOneOf, producibleTypes } from './encoding/negotiate.ts';
import { healthAnswer, healthPaths, singleCheckAnswer } from './health.ts';
import type { HealthCheck } from './health.ts';
import { openApiAnswer } from './openapi/answer.ts';
import type { OpenApiRoute } from './openapi/answer.ts';
import type { OpenApiDocuments } from './openapi/documents.ts';
import { errorEncoder, representationOf } from './representation.ts';
import { resourceAnswer } from './resource-answer.ts';
import type { Route } from './route.ts';
import { versionDocument } from './version.ts';

/** What there is to be asked for. */
export interface Site {
  readonly groups: readonly ApiGroup[];
  readonly checks: readonly HealthCheck[];
  readonly clock: Clock;
  /** `host:port`, as discovery announces it. */
  readonly serverAddress: string;
  /** Our own version. */
  readonly version: string;
  readonly openApi: () => OpenApiDocuments;
}

/** Routes that the REST rules hold for; the others are served by app.ts or answer to any method. */
type RestRoute = Extract<
  Route,
  { kind: 'resource' | 'groups' | 'group' | 'version' | 'server-version' }
>;

/**
 * Answers everything but `/metrics`, which takes its time. `onHandled` is told that a handler answers, and not the
 * rules about methods and media types before it.
 * @throws StatusError for what the client did wrong; anything else is a bug.
 */
export function dispatch(
  route: Exclude<Route, { kind: 'metrics' }>,
  request: ApiRequest,
  site: Site,
  onHandled: () => void = () => undefined,
): Answer {
  switch (route.kind) {
    case 'no-such-resource':
      throw routeNotFound();
    case 'paths':
      return pathsAnswer(200, site);
    case 'no-such-path':
      return pathsAnswer(404, site);
    case 'health':
      onHandled();
      return healthRoute(route, request, site);
    case 'openapi-v2':
    case 'openapi-v3-index':
    case 'openapi-v3':
      return openApiRoute(route, request, site);
    default:
      return restAnswer(route, request, site, onHandled);
  }
}

/** The Status of an error in the media type that the client asked for, whatever that takes. */
export function errorAnswer(error: StatusError, request: ApiRequest): WholeAnswer {
  const { retryAfterSeconds } = error;
  const headers: readonly Header[] =
    retryAfterSeconds > 0 ? [['Retry-After', String(retryAfterSeconds)]] : [];
  const encoder = errorEncoder(request);
  const { contentType, document } = encoder ?? PRETTY_ENCODER;
  const body = document(toStatus(error));
  return { code: error.code, contentType, headers, isCompressible: encoder !== undefined, body };
}

function pathsAnswer(code: number, { groups, checks }: Site): Answer {
  const versions = groups.flatMap(({ name, versions: served }) => [
    `/apis/${name}`,
    ...served.map((version) => `/apis/${name}/${version.name}`),
  ]);
  const openApi = ['/openapi/v2', '/openapi/v3', '/openapi/v3/'];
  const paths = ['/apis', ...versions, ...healthPaths(checks), '/metrics', ...openApi, '/version'];
  paths.sort();
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

function openApiRoute(
  route: OpenApiRoute,
  { method, header, info: { query } }: ApiRequest,
  { openApi, clock }: Site,
): Answer {
  return openApiAnswer(route, { method, header, query }, openApi(), clock.nowMs());
}

function restAnswer(
  route: RestRoute,
  request: ApiRequest,
  site: Site,
  onHandled: () => void,
): Answer {
  if (request.method !== 'GET') throw methodNotAllowed();
  checkMediaTypes(route, request);
  if (route.kind !== 'groups') onHandled();
  if (route.kind === 'server-version') {
    const body = jsonDocument(versionDocument(site.version), true);
    return { code: 200, contentType: JSON_TYPE, body };
  }
  if (route.kind === 'resource') return resourceAnswer(route.target, request, site.clock);
  if (route.kind === 'groups') {
    const aggregated = aggregatedDiscoveryAnswer(site.groups, request);
    if (aggregated) {
      onHandled(); // the aggregated form alone is counted
      return aggregated;
    }
  }
  const { encoder } = representationOf(request, false);
  const body = encoder.document(documentOf(route, site));
  return { code: 200, contentType: encoder.contentType, isCompressible: true, body };
}

function documentOf(
  route: Extract<RestRoute, { kind: 'groups' | 'group' | 'version' }>,
  { groups, serverAddress }: Site,
): ApiDocument {
  switch (route.kind) {
    case 'groups':
      return groupListDocument(groups, serverAddress);
    case 'group':
      return groupDocument(route.group);
    case 'version':
      return resourceListDocument(route.group, route.version);
  }
}

const TYPES = producibleTypes(SERVED, false);
const LISTED_TYPES = producibleTypes(SERVED, true);

/** What the router checks before a handler runs: literally, and on discovery the request's own type too. */
function checkMediaTypes(route: RestRoute, { accept, contentType }: ApiRequest): void {
  const isList = route.kind === 'resource' && route.target.name === undefined;
  const types = route.kind === 'server-version' ? [JSON_TYPE] : isList ? LISTED_TYPES : TYPES;
  if (route.kind !== 'resource' && !isOneOf(contentType, consumedTypes(route))) {
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
