import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Config } from '../../src/config/config.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import type { NodeMetrics, PodMetrics } from '../support/expected-usage.ts';
import { Relay } from '../support/relay.ts';
import { hastyClock, RunningServer } from '../support/running-server.ts';
import { type Identity, ServerClient } from '../support/server-client.ts';
import { shopWorld } from '../support/shop-world.ts';
import { until } from '../support/wait-for.ts';

const API = '/apis/metrics.k8s.io/v1beta1';
/** All that run, but for the one that does nothing: it needs its second sample. */
const BUSY = [
  'data/orders-0',
  'data/queue-0',
  'kube-system/etcd-node-1',
  'shop/cart-0',
  'shop/web-0',
  'shop/web-1',
];

interface List<Item> {
  readonly items: readonly Item[];
}

function namesIn(body: string): string[] {
  const { items } = JSON.parse(body) as List<NodeMetrics | PodMetrics>;
  return items.map(({ metadata: { namespace, name } }) =>
    namespace === undefined ? name : `${namespace}/${name}`,
  );
}

const briskly = (config: Config): Config => ({
  ...config,
  resolutionMs: 1_000,
  storage: { ...config.storage, resolutionMs: 1_000 },
});

describe('the start of a server', () => {
  let cluster: Cluster;

  beforeEach(async () => {
    const clock = hastyClock(10);
    cluster = await createCluster({ world: shopWorld(clock), clock });
  });
  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  const adminIdentity = (): Identity => ({
    certificate: cluster.identities.clientCertificate('admin', ['system:masters']),
  });

  test('does not wait for the answer of a kubelet that says nothing', async () => {
    cluster.faults.set('silent', { nodeName: 'node-3' });
    await cluster.kubelets.settled();
    await using server = await RunningServer.start(cluster, {
      change: (config) => ({
        ...config,
        kubelet: { ...config.kubelet, requestTimeoutMs: 60_000 },
      }),
    });
    using admin = new ServerClient(server.port, adminIdentity());

    const nodes = await until(
      () => admin.get(`${API}/nodes`),
      ({ status, body }) => status === 200 && namesIn(body).length === 2,
    );
    const figuresAfterMs = performance.now() - server.startedMs;
    await until(
      () => admin.get('/readyz'),
      ({ status }) => status === 200,
    );
    const readyAfterMs = performance.now() - server.startedMs;

    expect(namesIn(nodes.body)).toEqual(['node-1', 'node-2']);
    // Second samples come after 15 s, and the silent one itself has a minute for its answer.
    expect(figuresAfterMs).toBeLessThan(10_000);
    expect(readyAfterMs).toBeLessThan(10_000);
  });

  test('without any kubelet that answers is not ready, and serves empty lists', async () => {
    cluster.faults.set('status-500');
    await using server = await RunningServer.start(cluster, { change: briskly });
    using admin = new ServerClient(server.port, adminIdentity());

    const { body } = await until(
      () => admin.get('/readyz'),
      (answer) => answer.body.includes('[+]metadata-informer-sync ok'),
    );
    const [nodes, pods] = [await admin.get(`${API}/nodes`), await admin.get(`${API}/pods`)];
    const [node, pod, live] = [
      await admin.get(`${API}/nodes/node-1`),
      await admin.get(`${API}/namespaces/shop/pods/cart-0`),
      await admin.get('/livez'),
    ];

    expect(body).toContain('[-]metric-storage-ready failed: reason withheld\n');
    expect([nodes.body, pods.body].map((text) => namesIn(text))).toEqual([[], []]);
    expect(JSON.parse(node.body)).toMatchObject({
      code: 404,
      message: 'nodemetrics.metrics.k8s.io "node-1" not found',
    });
    expect(JSON.parse(pod.body)).toMatchObject({
      code: 404,
      message: 'podmetrics.metrics.k8s.io "shop/cart-0" not found',
    });
    expect(live.status).toBe(200);

    cluster.faults.clear();
    await until(
      () => admin.get('/readyz'),
      ({ status }) => status === 200,
      8_000,
    );
  });

  test('may come before that of kube-apiserver', async () => {
    await using relay = await Relay.open(Number(new URL(cluster.url).port));
    await relay.cut();
    await using server = await RunningServer.start(cluster, { apiServerPort: relay.port });
    using admin = new ServerClient(server.port, adminIdentity());

    const [ready, live, list] = [
      await admin.get('/readyz?verbose'),
      await admin.get('/livez'),
      await admin.get(`${API}/nodes`),
    ];
    await relay.mend();
    await until(
      () => admin.get('/readyz'),
      ({ status }) => status === 200,
    );

    expect(ready.status).toBe(500);
    expect(ready.body).toContain(
      '[-]metric-informer-sync failed: cache for node informer has not synced\n',
    );
    expect(live).toMatchObject({ status: 200, body: 'ok' });
    expect(list.status).toBe(500);
    expect(list.body).toMatch(/^Internal Server Error: "\/apis\/metrics\.k8s\.io\/v1beta1\/nodes"/);
    expect(namesIn((await admin.get(`${API}/nodes`)).body)).toHaveLength(3);
    // What it lacks is told once, and not at every attempt.
    const complaints = server.log.lines
      .filter(({ level }) => level === 'warn' || level === 'error')
      .map(({ message, fields }) => `${message} ${String(fields['resource'] ?? fields['review'])}`);
    expect(new Set(complaints).size).toBe(complaints.length);
  });

  test('with a node selector leaves all other nodes alone', async () => {
    await using server = await RunningServer.start(cluster, {
      flags: ['--node-selector=topology.kubernetes.io/zone=zone-b'],
    });
    using admin = new ServerClient(server.port, adminIdentity());

    const nodes = await until(
      () => admin.get(`${API}/nodes`),
      ({ status, body }) => status === 200 && namesIn(body).length > 1,
    );
    const pods = await admin.get(`${API}/pods`);

    expect(namesIn(nodes.body)).toEqual(['node-2', 'node-3']);
    expect(namesIn(pods.body)).toEqual(['data/orders-0', 'data/queue-0', 'shop/web-1']);
    expect(cluster.kubelets.requests('node-1')).toBe(0);
    await expect(admin.get(`${API}/nodes/node-1`)).resolves.toMatchObject({ status: 404 });
  });
});

describe('a rollout', () => {
  test('shows no gap to those who ask through kube-apiserver', async () => {
    const clock = hastyClock(10);
    await using cluster = await createCluster({ world: shopWorld(clock), clock });
    using viewer = new ClusterClient(cluster, cluster.identities.clientCertificate('viewer'));
    const serve = async (...flags: readonly string[]): Promise<RunningServer> => {
      const server = await RunningServer.start(cluster, { flags, change: briskly });
      cluster.registerMetricsServer('127.0.0.1', server.port, { probesReadiness: true });
      return server;
    };
    const gaps: string[] = [];
    let answers = 0;
    const ask = async (): Promise<void> => {
      const { status, body } = await viewer.get(`${API}/pods`);
      answers += 1;
      const missing = status === 200 ? BUSY.filter((name) => !namesIn(body).includes(name)) : BUSY;
      if (missing.length > 0) gaps.push(`${status}: ${missing.join(' ')} ${body.slice(0, 100)}`);
    };

    // It is probed every second, and does not get requests any more after three refusals: 1.2 s and more.
    await using old = await serve('--shutdown-delay-duration=6s');
    await cluster.whenMetricsAvailable(AbortSignal.timeout(20_000));
    const asking = new AbortController();
    const asked = (async () => {
      while (!asking.signal.aborted) await ask();
    })();
    await using young = await serve();
    using prober = new ServerClient(young.port);
    await until(
      () => prober.get('/readyz'),
      ({ status }) => status === 200,
    );
    const before = answers;
    old.stop();
    await old.ended;
    const during = answers - before;
    await until(
      () => Promise.resolve(answers),
      (count) => count > before + during + 20,
    );
    asking.abort();
    await asked;

    expect(gaps).toEqual([]);
    expect(during).toBeGreaterThan(50);
  });
});
