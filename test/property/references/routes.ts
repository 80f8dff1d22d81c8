import { judgeListOptions } from './list-options.ts';
import { meaningOf } from './request-info.ts';
import { readDuration } from './duration.ts';
import { readQuery } from './url.ts';

/** What there is to be found in the world of the tests. */
export interface Known {
  readonly nodes: readonly string[];
  /** `namespace/name`. */
  readonly pods: readonly string[];
  /** As the path of each, `/readyz/ping`. */
  readonly checks: readonly string[];
}

const GROUP = '/apis/metrics.k8s.io';

/**
 * The status of an answer to somebody who may do everything and accepts everything (contract.md 0.1, 1.1,
 * 3.1, 3.8 and 5.5).
 */
export function statusOf(method: string, target: string, known: Known): number {
  const meaning = meaningOf(method, target);
  if (meaning === 'url') return 400;
  if (meaning === 'info') return 500;
  const rawQuery = target.split('?').slice(1).join('?');
  const query = readQuery(rawQuery);
  const timeout = query.get('timeout')?.[0] ?? '';
  if (timeout !== '' && meaning.verb !== 'watch' && !readDuration(timeout)) return 400;
  const { path } = meaning;
  return restStatus(path, method, rawQuery, known) ?? plainStatus(path, known);
}

/** Undefined outside of the REST paths. */
function restStatus(
  path: string,
  method: string,
  rawQuery: string,
  known: Known,
): number | undefined {
  if (path === '/apis' || path === '/apis/') return onlyGet(method, 200);
  const rest = path.replace(/\/+$/, '');
  if (rest === '/version') return onlyGet(method, 200);
  if (path.startsWith('/version/')) return 404;
  if (rest !== GROUP && !path.startsWith(`${GROUP}/`)) return undefined;
  const [version, ...segments] = rest.slice(GROUP.length + 1).split('/');
  if (version === '' && segments.length === 0) return onlyGet(method, 200);
  if (version !== 'v1beta1') return 404;
  if (segments.length === 0) return onlyGet(method, 200);
  const status = resourceStatus(segments, rawQuery, known);
  return status === undefined ? 404 : onlyGet(method, status);
}

function onlyGet(method: string, status: number): number {
  return method === 'GET' ? status : 405;
}

/** Undefined when there is no such route. */
function resourceStatus(
  segments: readonly string[],
  rawQuery: string,
  known: Known,
): number | undefined {
  const path = segments.join('/');
  if (/^(nodes|pods|namespaces\/[^/]*\/pods)$/.test(path)) return listStatus(rawQuery);
  const [, node] = /^nodes\/([^/]+)$/.exec(path) ?? [];
  if (node !== undefined) return itemStatus(known.nodes.includes(node), rawQuery);
  const [, namespace = '', pod] = /^namespaces\/([^/]*)\/pods\/([^/]+)$/.exec(path) ?? [];
  if (pod === undefined) return undefined;
  return itemStatus(known.pods.includes(`${namespace}/${pod}`), rawQuery);
}

function listStatus(rawQuery: string): number {
  const { code, watch } = judgeListOptions(rawQuery);
  if (code !== 200) return code;
  if (watch) return 405;
  // No token among the cases is a good one.
  return (readQuery(rawQuery).get('continue')?.[0] ?? '') === '' ? 200 : 400;
}

function itemStatus(isThere: boolean, rawQuery: string): number {
  const withdrawn = readQuery(rawQuery).get('export')?.[0]?.toLowerCase() ?? 'false';
  if (withdrawn !== 'false' && withdrawn !== '0') return 400;
  return isThere ? 200 : 404;
}

const ANY_METHOD = ['/', '/index.html', '/metrics', '/healthz', '/livez', '/readyz'];

function plainStatus(path: string, { checks }: Known): number {
  if (ANY_METHOD.includes(path) || checks.includes(path)) return 200;
  if (path === '/openapi/v2' || path === '/openapi/v3') return 200;
  // Upstream has an empty answer for whatever stands there.
  return path.startsWith('/openapi/v3/') ? 200 : 404;
}
