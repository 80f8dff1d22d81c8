import { parseAccept } from './representation.ts';
import { type Backend, type Endpoint, identityHeaders } from './backend.ts';
import { findAggregatedVersion, fromResourceList } from './discovery.ts';
import { type KubeObject, textAt } from './kube-object.ts';
import { userInfo } from './user-info.ts';

/** As upstream there is no plain JSON at the end: a server that knows no aggregated discovery answers 406. */
const ACCEPT_AGGREGATED = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',');
const TIMEOUT_MS = 5000;
const NAME = 'system:kube-aggregator';

/** What was fetched last, so that an unchanged document is not sent again. */
export interface FetchedDiscovery {
  readonly resources: readonly unknown[];
  readonly etag: string;
}

/**
 * Asks an aggregated API server what it serves: aggregated discovery first, then the old document
 * (contract.md 2.2).
 * @throws Error when neither can be had.
 */
export async function fetchDiscovery(
  backend: Backend,
  endpoint: Endpoint,
  apiService: KubeObject,
  last: FetchedDiscovery | undefined,
): Promise<FetchedDiscovery> {
  const group = textAt(apiService, 'spec', 'group');
  const version = textAt(apiService, 'spec', 'version');
  const answer = await backend.fetch(
    {
      endpoint,
      method: 'GET',
      path: '/apis',
      headers: {
        Accept: ACCEPT_AGGREGATED,
        ...(last && last.etag !== '' && { 'If-None-Match': last.etag }),
        ...identityHeaders(userInfo(NAME, ['system:masters'])),
      },
    },
    TIMEOUT_MS,
  );
  if (answer.status === 304 && last) return last;
  if (answer.status === 503) throw new Error('Cannot fetch discovery: status 503');
  if (answer.status === 200 && isAggregated(answer.contentType)) {
    const resources = findAggregatedVersion(JSON.parse(answer.body), group, version);
    return { resources: resources ?? [], etag: answer.etag };
  }
  return fetchResourceList(backend, endpoint, group, version);
}

function isAggregated(contentType: string): boolean {
  const [media] = parseAccept(contentType);
  return (
    media?.type === 'application/json' &&
    media.parameters.get('g') === 'apidiscovery.k8s.io' &&
    media.parameters.get('as') === 'APIGroupDiscoveryList' &&
    ['v2', 'v2beta1'].includes(media.parameters.get('v') ?? '')
  );
}

async function fetchResourceList(
  backend: Backend,
  endpoint: Endpoint,
  group: string,
  version: string,
): Promise<FetchedDiscovery> {
  const answer = await backend.fetch(
    {
      endpoint,
      method: 'GET',
      path: `/apis/${group}/${version}`,
      // Without a group on purpose, as upstream: this one needs system:discovery.
      headers: { Accept: 'application/json', ...identityHeaders(userInfo(NAME)) },
    },
    TIMEOUT_MS,
  );
  if (answer.status !== 200) throw new Error(`Cannot fetch discovery: status ${answer.status}`);
  const list: unknown = JSON.parse(answer.body);
  return { resources: fromResourceList(list, group, version), etag: '' };
}
