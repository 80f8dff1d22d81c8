import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import type { NodeMetrics, PodMetrics } from '../support/expected-usage.ts';
import { Relay } from '../support/relay.ts';
import { hastyClock, RunningServer } from '../support/running-server.ts';
import { ServerClient } from '../support/server-client.ts';
import { shopWorld } from '../support/shop-world.ts';
import { until } from '../support/wait-for.ts';

const API = '/apis/metrics.k8s.io/v1beta1';
const STALENESS_MS = 3_000;
/** Its kubelet says nothing while the others refuse us. */
const SILENT = 'node-3';
const REFUSING = ['node-1', 'node-2'];
/** After a third failure in a row a kubelet is asked again 20 s later, if nothing happens. */
const ENOUGH_FAILURES = 3;

interface Seen {
  /** Timestamps by node. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly pods: readonly string[];
}

describe('while kube-apiserver is away, and kubelets cannot ask it about us', () => {
  let cluster: Cluster;
  let relay: Relay;
  let server: RunningServer;
  let admin: ServerClient;
  let before: Seen;
  let stale: Seen;
  let watched: Seen[];
  let after: Seen;
  let probes: { readonly status: number; readonly body: string }[];
  let secondsUntilServed: number;

  const look = async (): Promise<Seen> => {
    const nodes = await admin.json<{ items: NodeMetrics[] }>(`${API}/nodes`);
    const pods = await admin.json<{ items: PodMetrics[] }>(`${API}/pods`);
    return {
      nodes: new Map(nodes.items.map(({ metadata, timestamp }) => [metadata.name, timestamp])),
      pods: pods.items.map(({ metadata }) => metadata.name),
    };
  };
  const told = (message: string): number =>
    server.log.lines.filter((line) => line.message === message).length;

  beforeAll(async () => {
    const clock = hastyClock(10);
    cluster = await createCluster({ world: shopWorld(clock), clock });
    relay = await Relay.open(Number(new URL(cluster.url).port));
    server = await RunningServer.start(cluster, {
      apiServerPort: relay.port,
      change: (config) => ({
        ...config,
        resolutionMs: 1_000,
        storage: { ...config.storage, resolutionMs: 1_000, stalenessMs: STALENESS_MS },
      }),
    });
    admin = new ServerClient(server.port, {
      certificate: cluster.identities.clientCertificate('admin', ['system:masters']),
    });
    await until(
      () => admin.get('/readyz'),
      ({ status }) => status === 200,
    );
    before = await until(look, ({ nodes, pods }) => nodes.size === 3 && pods.length >= 7);

    await relay.cut();
    await until(
      () => Promise.resolve(told('Could not follow resource, retrying')),
      (count) => count === 3, // nodes, pods and the ConfigMap
    );
    for (const nodeName of REFUSING) cluster.faults.set('status-401', { nodeName });
    cluster.faults.set('silent', { nodeName: SILENT });
    probes = [];
    watched = [];
    const failuresAtFirst = REFUSING.map((name) => cluster.kubelets.requests(name));
    stale = await until(look, ({ nodes }) => !nodes.has(SILENT), 15_000);
    await until(
      async () => {
        for (const path of ['/livez', '/readyz?verbose=detail']) probes.push(await admin.get(path));
        watched.push(await look());
        return REFUSING.map((name) => cluster.kubelets.requests(name));
      },
      (requests) =>
        requests.every((count, at) => count >= (failuresAtFirst[at] ?? 0) + ENOUGH_FAILURES),
      30_000,
    );

    cluster.faults.clear();
    await relay.mend();
    const mendedMs = performance.now();
    after = await until(
      look,
      ({ nodes }) =>
        [...before.nodes.keys()].every((name) => (nodes.get(name) ?? '') > newest(watched, name)),
      15_000,
    );
    secondsUntilServed = (performance.now() - mendedMs) / 1000;
  }, 90_000);

  afterAll(async () => {
    admin[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  function newest(seen: readonly Seen[], name: string): string {
    return seen.at(-1)?.nodes.get(name) ?? before.nodes.get(name) ?? '';
  }

  test.each(REFUSING)('the figures of %s stay, with the time that they had', (name) => {
    const timestamps = new Set(watched.map(({ nodes }) => nodes.get(name)));

    expect(watched.length).toBeGreaterThan(10);
    expect([...timestamps]).toEqual([stale.nodes.get(name)]);
    expect(Math.min(...watched.map(({ pods }) => pods.length))).toBeGreaterThan(0);
  });

  test('those of a kubelet that says nothing grow stale as ever', () => {
    expect(stale.nodes.has(SILENT)).toBe(false);
    expect(watched.some(({ nodes }) => nodes.has(SILENT))).toBe(false);
  });

  test('it is alive and ready, and says what is wrong to those who ask', () => {
    expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([200]));
    expect(probes.at(-1)?.body).toContain(
      'kube-apiserver cannot be reached, which kubelets ask whether they may answer us',
    );
  });

  test('all have new figures within seconds when it is back, long before their next turn', () => {
    expect([...after.nodes.keys()]).toEqual([...REFUSING, SILENT]);
    // Who does nothing on the node that was silent needs its second sample.
    expect(after.pods).toEqual(expect.arrayContaining(watched[0]?.pods as string[]));
    expect(secondsUntilServed).toBeLessThan(12);
  });

  test('the log tells of the refusals once, with a remedy, and of the end once', () => {
    const [refusal, ...more] = server.log.lines.filter(
      ({ level, message }) =>
        level === 'warn' && message === 'Kubelets refuse us while kube-apiserver is away',
    );

    expect(more).toEqual([]);
    expect(refusal?.fields['remedy']).toContain('Bring kube-apiserver back');
    expect(told('No kubelet refuses us for want of kube-apiserver any more')).toBe(1);
    const failing = server.log.lines
      .filter(({ message }) => message.startsWith('Failed to scrape'))
      .map(({ fields }) => fields['node']);
    expect(new Set(failing)).toEqual(new Set([SILENT]));
  });
});
