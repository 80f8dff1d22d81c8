import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterAddress } from './cluster-address.ts';
import type { LoadClient } from './load-client-process.ts';

export const API = '/apis/metrics.k8s.io/v1beta1';

/** When everything was there, on the monotonic clock. */
export interface FirstFigures {
  readonly nodesMs: number;
  readonly podsMs: number;
}

/** A server never had figures of all. The message names one that is missing. */
export class NotServedError extends Error {
  override readonly name = 'NotServedError';
}

const WITHIN_MS = 180_000;
const PAUSE_MS = 100;
/** So many are asked for one by one before a whole list is. */
const SAMPLE = 20;

interface Wanted {
  readonly names: readonly string[];
  readonly pathOf: (name: string) => string;
  readonly listPath: string;
}

/**
 * Waits until every node and every pod that always has a rate above zero is served. Asks for a few by name, and
 * for a list only when these are there, so that asking costs the server next to nothing; what a list shows was
 * there when it was asked for.
 *
 * @throws NotServedError naming what is missing after three minutes.
 */
export async function firstFigures(
  client: LoadClient,
  { nodes, steadyPods }: Pick<ClusterAddress, 'nodes' | 'steadyPods'>,
  check: () => Promise<void>,
): Promise<FirstFigures> {
  const nodesMs = await whenServed(client, check, {
    names: nodes,
    pathOf: (name) => `${API}/nodes/${name}`,
    listPath: `${API}/nodes`,
  });
  const podsMs = await whenServed(client, check, {
    names: steadyPods,
    pathOf: (key) => podPath(key),
    listPath: `${API}/pods`,
  });
  return { nodesMs, podsMs: Math.max(nodesMs, podsMs) };
}

/** Of a pod given as `namespace/name`. */
export function podPath(key: string): string {
  const [namespace = '', name = ''] = key.split('/');
  return `${API}/namespaces/${namespace}/pods/${name}`;
}

async function whenServed(
  client: LoadClient,
  check: () => Promise<void>,
  { names, pathOf, listPath }: Wanted,
): Promise<number> {
  const deadlineMs = performance.now() + WITHIN_MS;
  const untilServed = async (name: string): Promise<void> => {
    while ((await client.fetch(pathOf(name))).code !== 200) {
      await check();
      if (performance.now() > deadlineMs) {
        throw new NotServedError(`${name} was not served after ${WITHIN_MS / 1000} s`);
      }
      await sleep(PAUSE_MS);
    }
  };
  for (let missing = names; ;) {
    for (const name of sampleOf(missing, SAMPLE)) await untilServed(name);
    const askedMs = performance.now();
    const served = await client.names(listPath);
    missing = names.filter((name) => !served.has(name));
    if (missing.length === 0) return askedMs;
    await sleep(PAUSE_MS);
  }
}

/** Evenly chosen. */
export function sampleOf<Item>(items: readonly Item[], size: number): Item[] {
  const count = Math.min(size, items.length);
  return Array.from(
    { length: count },
    (_, at) => items[Math.floor((at * items.length) / count)],
  ).filter((item) => item !== undefined);
}
