import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import type { FaultKind } from '../../src/simulator/faults.ts';
import { NODES, PODS, type ResourceType } from '../../src/simulator/resource-type.ts';
import { World } from '../../src/simulator/world.ts';
import { aNodePlan, aPodPlan } from '../support/a-world.ts';
import {
  type NodeMetrics,
  type PodMetrics,
  expectedContainer,
  expectedNode,
  figuresOf,
} from '../support/expected-usage.ts';
import { LateTimers } from '../support/late-timers.ts';
import type { LogLine } from '../support/log-recorder.ts';
import { valueOf } from '../support/metrics-page.ts';
import { hastyClock, RunningServer } from '../support/running-server.ts';
import { ServerClient } from '../support/server-client.ts';
import { until } from '../support/wait-for.ts';

const API = '/apis/metrics.k8s.io/v1beta1';
const RESOLUTION_MS = 1_000;
const REQUEST_TIMEOUT_MS = 2_000;
const STALENESS_MS = 10_000;
/** After it stood still for longer, our server may find that a request has taken too long, whatever its kubelet did. */
const LONGEST_LATE_MS = 500;

/** What is wrong, and the reason that an operator has to read in the log; of a reset it depends on the moment. */
const FAILING: readonly (readonly [kind: FaultKind, reason: string])[] = [
  ['html', 'decode'],
  ['truncated', 'decode'],
  ['empty', 'decode'],
  ['wrong-content-type', 'decode'],
  ['cut', 'reset'],
  ['reset', 'connect or reset'],
  ['refused', 'connect'],
  ['status-500', 'status'],
  ['status-401', 'unauthorized'],
  ['status-403', 'forbidden'],
  ['status-404', 'not-found'],
  ['redirect', 'redirect'],
  ['slow', 'timeout'],
  ['drip', 'timeout'],
  ['silent', 'timeout'],
  ['huge', 'too-large'],
  ['wrong-certificate', 'tls'],
  ['expired-certificate', 'tls'],
];
/** Kubelets that answer in time, and wrongly. */
const LYING: readonly FaultKind[] = ['lying-negative', 'lying-huge', 'clock-back', 'counter-reset'];
const HEALTHY = ['healthy-1', 'healthy-2'];
/** Its node is not ready, and its kubelet answers as ever. */
const UNREADY = 'not-ready';
const DOOMED = 'doomed';
const LOST = 'lost';

const podOn = (node: string): string => `pod-of-${node}`;

/** A node for each fault, with a pod that uses 250m and 64Mi for ever. */
function worldOfFaults(clock: ReturnType<typeof hastyClock>): World {
  const nowMs = Math.floor(clock.nowMs());
  const world = new World({ seed: 5, clock });
  const kinds = [...FAILING.map(([kind]) => kind), ...LYING];
  for (const name of [...kinds, ...HEALTHY, UNREADY, DOOMED, LOST]) {
    world.addNode(aNodePlan({ name, uid: `uid-of-${name}`, bootMs: nowMs - 86_400_000 }));
    world.addPod(
      aPodPlan({ name: podOn(name), nodeName: name, startMs: nowMs - 3_600_000, labels: {} }),
    );
  }
  return world;
}

interface Served {
  readonly nodes: ReadonlyMap<string, NodeMetrics>;
  readonly pods: ReadonlyMap<string, PodMetrics>;
}

describe('when kubelets fail', () => {
  let cluster: Cluster;
  let server: RunningServer;
  let admin: ServerClient;

  const look = async (): Promise<Served> => {
    const nodes = await admin.json<{ items: NodeMetrics[] }>(`${API}/nodes`);
    const pods = await admin.json<{ items: PodMetrics[] }>(`${API}/pods`);
    return {
      nodes: new Map(nodes.items.map((item) => [item.metadata.name, item])),
      pods: new Map(pods.items.map((item) => [item.metadata.name, item])),
    };
  };
  const page = async (): Promise<string> => (await admin.get('/metrics')).body;
  const scrapesOf = (text: string, node: string): number =>
    valueOf(text, `metrics_server_kubelet_request_duration_seconds_count{node="${node}"}`);
  const failedRequests = (text: string): number =>
    valueOf(text, 'metrics_server_kubelet_request_total{success="false"}');
  const failureLines = (node: string): LogLine[] =>
    server.log.lines.filter(
      ({ message, fields }) => message.startsWith('Failed to scrape') && fields['node'] === node,
    );

  beforeAll(async () => {
    const clock = hastyClock(10);
    cluster = await createCluster({ world: worldOfFaults(clock), clock });
    server = await RunningServer.start(cluster, {
      change: (config) => ({
        ...config,
        resolutionMs: RESOLUTION_MS,
        kubelet: { ...config.kubelet, requestTimeoutMs: REQUEST_TIMEOUT_MS },
        storage: { ...config.storage, resolutionMs: RESOLUTION_MS, stalenessMs: STALENESS_MS },
      }),
    });
    admin = new ServerClient(server.port, {
      certificate: cluster.identities.clientCertificate('admin', ['system:masters']),
    });
    await until(
      () => admin.get('/readyz'),
      ({ status }) => status === 200,
    );
    // Until then kubelets' own rates stand in for the rates between two samples.
    await until(page, (text) => HEALTHY.every((node) => scrapesOf(text, node) >= 5));
    await until(look, ({ nodes, pods }) => nodes.size === 27 && pods.size === 27);
  });
  afterAll(async () => {
    admin[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  /** One story, watched from its beginning to its end; the tests below tell its parts. */
  describe('in every way that is known', () => {
    const failing = FAILING.map(([kind]) => kind);
    let before: Served;
    /** What was served as soon as a node had failed. */
    let failedOnce: Map<string, Served>;
    let stale: Served;
    let failedTwice: string;
    let pageBefore: string;
    let recovered: Served;
    let watched: Served[];
    let probes: number[];
    let lateMs: number;

    beforeAll(async () => {
      using timers = new LateTimers();
      watched = [];
      probes = [];
      failedOnce = new Map();
      const watch = async (): Promise<Served> => {
        const failed = failing.filter((node) => failureLines(node).length > 0);
        const served = await look();
        watched.push(served);
        for (const node of failed) if (!failedOnce.has(node)) failedOnce.set(node, served);
        for (const path of ['/readyz', '/livez']) probes.push((await admin.get(path)).status);
        return served;
      };
      pageBefore = await page();
      for (const kind of [...failing, ...LYING, UNREADY] as FaultKind[]) {
        cluster.faults.set(kind, { nodeName: kind, ...(kind === 'slow' && { value: 5_000 }) });
      }
      before = await look();
      await until(watch, () => failedOnce.size === failing.length);
      stale = await until(
        watch,
        ({ nodes, pods }) => !failing.some((node) => nodes.has(node) || pods.has(podOn(node))),
        20_000,
      );
      failedTwice = await until(
        async () => {
          await watch();
          return page();
        },
        // The first of the two scrapes of a node may have been under way when its fault began, and have succeeded.
        (text) =>
          failing.every((node) => scrapesOf(text, node) >= scrapesOf(pageBefore, node) + 2) &&
          failedRequests(text) >= 2 * FAILING.length,
        20_000,
      );
      for (const node of failing) {
        cluster.faults.clear(node);
        // What the node informer tells brings the next scrape forward, out of a back-off of 10 s.
        cluster.world.setNodeReady(node, false);
        cluster.world.setNodeReady(node, true);
      }
      recovered = await until(
        watch,
        ({ nodes, pods }) => failing.every((node) => nodes.has(node) && pods.has(podOn(node))),
        8_000,
      );
      lateMs = timers.take();
    }, 80_000);

    test.each(FAILING)('%s is logged once, as %s of its node', (kind, reason) => {
      const lines = failureLines(kind);
      const reasons = lines.map(({ fields }) => String(fields['reason']));
      const isOwnFault = (known: string): boolean =>
        known === 'timeout' && known !== reason && lateMs > LONGEST_LATE_MS;
      const told = reasons.filter((known) => !isOwnFault(known));

      expect(reason.split(' or ')).toContain(told.at(-1));
      expect(reasons.filter((known, at) => known === reasons[at + 1])).toEqual([]);
      // A request that was under way when the fault began may have had a reason of its own; behind each timeout of
      // our own the old reason is told again.
      expect(told.length).toBeLessThanOrEqual(2 + (reasons.length - told.length));
      expect(lines.at(-1)?.fields['err']).toContain(`node "${kind}"`);
    });

    test('each failure is counted', () => {
      expect(
        valueOf(pageBefore, 'metrics_server_kubelet_request_total{success="true"}'),
      ).toBeGreaterThan(26);
      expect(failedRequests(failedTwice)).toBeGreaterThanOrEqual(2 * FAILING.length);
    });

    test.each(FAILING)('%s leaves the figures that were there', (kind) => {
      const kept = failedOnce.get(kind)?.pods.get(podOn(kind));
      const keptNode = failedOnce.get(kind)?.nodes.get(kind);

      expect(kept?.containers).toEqual([{ name: 'main', usage: { cpu: '250m', memory: '64Mi' } }]);
      expect(Date.parse(kept?.timestamp ?? '')).toBeGreaterThanOrEqual(
        Date.parse(before.pods.get(podOn(kind))?.timestamp ?? ''),
      );
      expect(keptNode && figuresOf(keptNode.usage)).toEqual(
        keptNode && expectedNode(cluster.world, keptNode),
      );
    });

    test.each(FAILING)('%s takes them away when they are stale', (kind) => {
      expect(stale.pods.has(podOn(kind))).toBe(false);
      expect(stale.nodes.has(kind)).toBe(false);
    });

    test.each([...HEALTHY, UNREADY])('the figures of %s stay right, and advance', (node) => {
      const items = watched.map(({ nodes, pods }) => ({
        node: nodes.get(node),
        pod: pods.get(podOn(node)),
      }));

      for (const { node: nodeItem, pod } of items) {
        if (!nodeItem || !pod) throw new Error(`${node} went dark`);
        expect(figuresOf(nodeItem.usage)).toEqual(expectedNode(cluster.world, nodeItem));
        expect(pod.containers[0] && figuresOf(pod.containers[0].usage)).toEqual(
          expectedContainer(cluster.world, pod, 'main'),
        );
      }
      expect(new Set(items.map((item) => item.node?.timestamp)).size).toBeGreaterThan(5);
    });

    test.each(LYING)('%s never shows: its pod is served rightly or not at all', (kind) => {
      for (const { pods } of watched) {
        const item = pods.get(podOn(kind));
        expect(item?.containers ?? []).toEqual(
          item ? [{ name: 'main', usage: { cpu: '250m', memory: '64Mi' } }] : [],
        );
      }
    });

    test.each(['lying-negative', 'lying-huge'])('%s lasts, so its pod goes when stale', (kind) => {
      expect(before.pods.has(podOn(kind))).toBe(true);
      expect(recovered.pods.has(podOn(kind))).toBe(false);
    });

    test.each(LYING)('%s never shows: its node is served with figures that can be', (kind) => {
      const usages = watched.flatMap(({ nodes }) => nodes.get(kind)?.usage ?? []);

      for (const usage of usages) {
        expect(figuresOf(usage).nanoCores).toBeLessThan(1_000_000_000n);
        expect(figuresOf(usage).bytes).toBeLessThan(2n ** 31n);
      }
    });

    test('neither readiness nor liveness suffers', () => {
      expect(new Set(probes)).toEqual(new Set([200]));
    });

    test.each(FAILING)('the recovery from %s is noticed, and told once', (kind) => {
      const told = server.log.lines.filter(
        ({ message, fields }) => message === 'Scraped node again' && fields['node'] === kind,
      );

      expect(told).toHaveLength(1);
      expect(recovered.pods.get(podOn(kind))?.containers).toEqual([
        { name: 'main', usage: { cpu: '250m', memory: '64Mi' } },
      ]);
      expect(Date.parse(recovered.nodes.get(kind)?.timestamp ?? '')).toBeGreaterThan(
        Date.parse(failedOnce.get(kind)?.nodes.get(kind)?.timestamp ?? ''),
      );
    });
  });

  describe('and when the cluster changes', () => {
    const relabel = (type: ResourceType, namespace: string, name: string, labels: object): void => {
      const object = cluster.objects.get(type, namespace, name);
      if (!object) throw new Error(`There is no ${type.singular} "${name}"`);
      cluster.objects.put(type, { ...object, metadata: { ...object.metadata, ...labels } });
    };

    test('a deleted pod disappears at once, whatever its kubelet still says', async () => {
      const [node = ''] = HEALTHY;
      cluster.objects.delete(PODS, 'shop', podOn(node));

      const { body } = await until(
        () => admin.get(`${API}/namespaces/shop/pods/${podOn(node)}`),
        ({ status }) => status === 404,
        1_000,
      );

      expect(body).toContain(`pods \\"${podOn(node)}\\" not found`);
      expect((await look()).pods.has(podOn(node))).toBe(false);
    });

    test('a deleted node disappears at once, with its series', async () => {
      cluster.world.removeNode(DOOMED);

      const { body } = await until(
        () => admin.get(`${API}/nodes/${DOOMED}`),
        ({ status }) => status === 404,
        1_000,
      );
      const { nodes, pods } = await look();

      expect(body).toContain(`node \\"${DOOMED}\\" not found`);
      expect(nodes.has(DOOMED)).toBe(false);
      expect(pods.has(podOn(DOOMED))).toBe(false);
      expect(await page()).not.toContain(DOOMED);
    });

    test('a pod that moved away from a lost node is served from its new node only', async () => {
      const [, healthy = ''] = HEALTHY;
      const path = `${API}/namespaces/shop/pods/${podOn(LOST)}`;
      cluster.faults.set('refused', { nodeName: LOST });
      await until(look, () => failureLines(LOST).length > 0);
      const old = await admin.json<PodMetrics>(path);

      const { startMs } = cluster.world.movePod('shop', podOn(LOST), healthy);
      // Changes of pods arrive in order: what came after the move tells that it is known.
      relabel(PODS, 'shop', podOn(healthy), { labels: { after: 'the-move' } });
      await until(
        () => admin.json<{ items: PodMetrics[] }>(`${API}/pods?labelSelector=after%3Dthe-move`),
        ({ items }) => items.length > 0,
      );
      const seen: string[] = [];
      await until(
        async () => {
          const { status, body } = await admin.get(path);
          if (status === 200) seen.push((JSON.parse(body) as PodMetrics).timestamp);
          return seen.length;
        },
        (count) => count > 0,
      );

      expect(old.containers).toHaveLength(1);
      expect(seen).not.toContain(old.timestamp);
      expect(Date.parse(seen[0] ?? '')).toBeGreaterThanOrEqual(Math.floor(startMs / 1000) * 1000);
    });

    test('a changed label is served, and selected by', async () => {
      const [, node = ''] = HEALTHY;
      relabel(PODS, 'shop', podOn(node), { labels: { colour: 'green' } });
      relabel(NODES, '', node, { labels: { colour: 'blue' } });

      const pods = await until(
        () => admin.json<{ items: PodMetrics[] }>(`${API}/pods?labelSelector=colour%3Dgreen`),
        ({ items }) => items.length > 0,
        1_000,
      );
      const nodes = await until(
        () => admin.json<{ items: NodeMetrics[] }>(`${API}/nodes?labelSelector=colour%3Dblue`),
        ({ items }) => items.length > 0,
        1_000,
      );

      expect(pods.items.map(({ metadata }) => metadata)).toMatchObject([
        { name: podOn(node), labels: { colour: 'green' } },
      ]);
      expect(nodes.items.map(({ metadata }) => metadata)).toMatchObject([
        { name: node, labels: { colour: 'blue' } },
      ]);
    });
  });

  test('all kubelets that reset connections at once take nothing away, and come back', async () => {
    const failuresBefore = valueOf(
      await page(),
      'metrics_server_kubelet_request_total{success="false"}',
    );
    const before = await look();

    cluster.faults.set('reset');
    await until(page, (text) => {
      const failures = valueOf(text, 'metrics_server_kubelet_request_total{success="false"}');
      return failures >= failuresBefore + HEALTHY.length + FAILING.length;
    });
    const after = await look();

    expect([...after.nodes.keys()]).toEqual([...before.nodes.keys()]);
    expect([...after.pods.keys()]).toEqual([...before.pods.keys()]);
    await expect(admin.get('/readyz')).resolves.toMatchObject({ status: 200 });

    cluster.faults.clear();
    const [node = ''] = HEALTHY;
    const timeOf = (served: Served): string => served.nodes.get(node)?.timestamp ?? '';
    await until(look, (served) => timeOf(served) > timeOf(after), 8_000);
  });
});
