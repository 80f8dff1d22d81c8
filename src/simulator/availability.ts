import { formatTimestamp } from '../apimachinery/timestamp.ts';
import type { Clock } from '../clock.ts';
import {
  type Backend,
  type Endpoint,
  identityHeaders,
  networkErrorText,
  resolveEndpoints,
} from './backend.ts';
import { type KubeObject, listAt, textAt } from './kube-object.ts';
import type { ObjectStore } from './objects.ts';
import { API_SERVICES } from './resource-type.ts';
import { userInfo } from './user-info.ts';

export interface Availability {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** As the availability controller of kube-aggregator (contract.md 2.1). */
const ATTEMPTS = 5;
const PROBE_TIMEOUT_MS = 5000;

/** The aggregator itself as a user; in this group, no authorization stands in its way. */
const AGGREGATOR = userInfo('system:kube-aggregator', ['system:masters']);

/** Is there a service, has it ready endpoints, and does one of them answer? */
export async function checkAvailability(
  objects: ObjectStore,
  apiService: KubeObject,
  backend: Backend,
): Promise<Availability> {
  const resolution = resolveEndpoints(objects, apiService);
  if (resolution.endpoints === undefined) {
    const { reason, message } = resolution;
    return { status: 'False', reason, message };
  }
  const { endpoints } = resolution;
  const path = `/apis/${textAt(apiService, 'spec', 'group')}/${textAt(apiService, 'spec', 'version')}`;
  const attempts = Array.from({ length: ATTEMPTS }, (_, index) => {
    const endpoint = endpoints[index % endpoints.length];
    return endpoint === undefined ? Promise.resolve('') : probe(backend, endpoint, path);
  });
  const failure = await firstSuccess(attempts);
  if (failure === undefined) {
    return { status: 'True', reason: 'Passed', message: 'all checks passed' };
  }
  return { status: 'False', reason: 'FailedDiscoveryCheck', message: failure };
}

/** Undefined as soon as one attempt succeeds, else the last failure. */
async function firstSuccess(
  attempts: readonly Promise<string | undefined>[],
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let failures = 0;
  for (const attempt of attempts) {
    void attempt.then((failure) => {
      failures++;
      if (failure === undefined || failures === attempts.length) resolve(failure);
    });
  }
  return promise;
}

/** What went wrong; undefined when the endpoint answered well. Never rejects. */
async function probe(
  backend: Backend,
  endpoint: Endpoint,
  path: string,
): Promise<string | undefined> {
  const url = `https://${endpoint.host}:${endpoint.port}${path}`;
  const headers = { 'User-Agent': 'Go-http-client/1.1', ...identityHeaders(AGGREGATOR) };
  try {
    const { status } = await backend.fetch(
      { endpoint, method: 'GET', path, headers },
      PROBE_TIMEOUT_MS,
    );
    if (status >= 200 && status < 300) return undefined;
    return `failing or missing response from ${url}: bad status from ${url}: ${status}`;
  } catch (error) {
    const text = networkErrorText(error, endpoint);
    return `failing or missing response from ${url}: Get "${url}": ${text}`;
  }
}

/** Writes the condition into the APIService, with a new transition time when its status changed. */
export function writeAvailability(
  objects: ObjectStore,
  name: string,
  { status, reason, message }: Availability,
  clock: Clock,
): void {
  const apiService = objects.get(API_SERVICES, '', name);
  if (!apiService) return;
  const [before] = listAt(apiService, 'status', 'conditions');
  const isSame =
    textAt(before, 'status') === status &&
    textAt(before, 'reason') === reason &&
    textAt(before, 'message') === message;
  if (isSame) return;
  const lastTransitionTime =
    textAt(before, 'status') === status
      ? textAt(before, 'lastTransitionTime')
      : formatTimestamp(clock.nowMs());
  const condition = { type: 'Available', status, lastTransitionTime, reason, message };
  objects.put(API_SERVICES, { ...apiService, status: { conditions: [condition] } } as KubeObject);
}
