import { between, hashText, hexOf, nameSuffix, uuidOf } from './seed.ts';
import { burst, idle, leak, restarting, steady, wave } from './workloads.ts';
import type { Workload } from './workloads.ts';
import type { ContainerPlan, NodePlan, OwnerReference, PodPlan } from './world-objects.ts';

/** Who lives in a generated world: a web shop, its data, its monitoring, and the cluster's own pods. */
export interface PopulationSpec {
  readonly nodes: number;
  /** Running pods in all. */
  readonly pods: number;
  readonly namespaces: number;
  readonly seed: number;
  /** All pods and nodes are older than this, ms since the epoch. */
  readonly startMs: number;
  /** Whether there are also three pods without figures: one Pending, two Succeeded. */
  readonly withoutFigures: boolean;
}

export interface Population {
  readonly namespaces: readonly string[];
  readonly nodes: readonly NodePlan[];
  readonly pods: readonly PodPlan[];
}

type OwnerKind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Static' | 'Job';

interface App {
  readonly name: string;
  /** Index of its namespace in NAMESPACES. */
  readonly home: number;
  readonly owner: OwnerKind;
  readonly tier: string;
  /** Pods of it among a stage of the shop. */
  readonly replicas: number;
  readonly containers: (chance: (from: number, to: number) => number) => readonly ContainerPlan[];
}

const NAMESPACES = ['shop', 'data', 'monitoring', 'kube-system'];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const GIB = 1024 ** 3;

/** A container that asks for what it is expected to use; `limitMib` adds a limit of memory. */
function container(
  name: string,
  workload: Workload,
  milliCores: number,
  memoryMib: number,
  limitMib?: number,
): ContainerPlan {
  return {
    name,
    image: `shop/${name}:1.0`,
    requests: { cpu: `${milliCores}m`, memory: `${memoryMib}Mi` },
    ...(limitMib && { limits: { memory: `${limitMib}Mi` } }),
    workload,
  };
}

type Chance = (from: number, to: number) => number;

const waving = (chance: Chance, low: number, high: number, memoryMib: number) =>
  wave({
    lowMilliCores: chance(low, low * 2),
    highMilliCores: chance(high - low, high),
    memoryMib,
    periodMs: 2000 * chance(60, 300),
    phaseMs: 1000 * chance(0, 600),
  });

const bursting = (chance: Chance, low: number, high: number, memoryMib: number) =>
  burst({
    lowMilliCores: low,
    highMilliCores: chance(high / 2, high),
    memoryMib,
    periodMs: 2000 * chance(30, 90),
    busyMs: 1000 * chance(15, 40),
    phaseMs: 1000 * chance(0, 180),
  });

const even = (chance: Chance, milliCores: number, memoryMib: number) =>
  steady({
    milliCores: chance(Math.ceil(milliCores * 0.7), Math.ceil(milliCores * 1.3)),
    memoryMib: chance(Math.ceil(memoryMib * 0.8), Math.ceil(memoryMib * 1.2)),
  });

/** Ordered so that even a handful of pods shows every kind of workload. */
const APPS: readonly App[] = [
  app('frontend', 0, 'Deployment', 'web', 6, (chance) => [
    container('frontend', waving(chance, 20, 180, 96), 100, 128, 256),
    container('proxy', even(chance, 12, 24), 10, 32),
  ]),
  app('checkout', 0, 'Deployment', 'api', 4, (chance) => [
    container('checkout', bursting(chance, 15, 400, 160), 100, 192, 384),
  ]),
  app('email', 0, 'Deployment', 'worker', 1, () => [
    container(
      'email',
      restarting({ milliCores: 60, memoryMib: 48, runMs: 50_000, maxBackOffMs: 20_000 }),
      50,
      64,
    ),
  ]),
  app('orders-db', 1, 'StatefulSet', 'database', 3, (chance) => [
    container('postgres', waving(chance, 40, 260, 480), 250, 512, 1024),
    container('exporter', even(chance, 4, 18), 5, 24),
  ]),
  app('recommendation', 0, 'Deployment', 'api', 2, (chance) => [
    container(
      'recommendation',
      leak({ milliCores: 35, memoryMib: 80, limitMib: 384, mibPerMinute: chance(2, 8) }),
      50,
      128,
      384,
    ),
  ]),
  app('currency', 0, 'Deployment', 'api', 2, () => [
    container('currency', idle({ memoryMib: 14 }), 5, 16),
  ]),
  app('cart', 0, 'Deployment', 'api', 3, (chance) => [
    container('cart', even(chance, 45, 70), 50, 96, 192),
  ]),
  app('coredns', 3, 'Deployment', 'cluster', 2, (chance) => [
    container('coredns', even(chance, 8, 28), 10, 70, 170),
  ]),
  app('prometheus', 2, 'StatefulSet', 'monitoring', 1, (chance) => [
    container('prometheus', waving(chance, 90, 350, 900), 200, 1024, 2048),
    container('config-reloader', idle({ memoryMib: 12 }), 5, 16),
  ]),
  app('catalog', 0, 'Deployment', 'api', 4, (chance) => [
    container('catalog', waving(chance, 15, 110, 88), 60, 96),
  ]),
  app('redis', 1, 'StatefulSet', 'cache', 3, (chance) => [
    container('redis', even(chance, 30, 220), 50, 256, 512),
  ]),
  app('payment', 0, 'Deployment', 'api', 3, (chance) => [
    container('payment', even(chance, 25, 110), 50, 128, 256),
    container('vault-agent', idle({ memoryMib: 22 }), 5, 32),
  ]),
  app('search', 0, 'Deployment', 'api', 3, (chance) => [
    container('search', bursting(chance, 30, 600, 320), 200, 384, 768),
  ]),
  app('kafka', 1, 'StatefulSet', 'queue', 3, (chance) => [
    container('kafka', even(chance, 80, 640), 100, 768, 1536),
  ]),
  app('grafana', 2, 'Deployment', 'monitoring', 1, (chance) => [
    container('grafana', even(chance, 6, 90), 20, 128),
  ]),
  app('alertmanager', 2, 'StatefulSet', 'monitoring', 2, () => [
    container('alertmanager', idle({ memoryMib: 26 }), 5, 32),
  ]),
  app('reports', 1, 'Deployment', 'worker', 1, () => [
    container('reports', restarting({ milliCores: 220, memoryMib: 120, runMs: 90_000 }), 100, 128),
  ]),
  app('ads', 0, 'Deployment', 'api', 2, (chance) => [
    container('ads', even(chance, 18, 54), 20, 64),
  ]),
];

const DAEMONS: readonly App[] = [
  app('kube-proxy', 3, 'DaemonSet', 'cluster', 1, (chance) => [
    container('kube-proxy', even(chance, 6, 24), 10, 32),
  ]),
  app('node-exporter', 2, 'DaemonSet', 'monitoring', 1, (chance) => [
    container('node-exporter', even(chance, 5, 20), 10, 32),
  ]),
];

const CONTROL_PLANE: readonly App[] = [
  app('kube-apiserver', 3, 'Static', 'control-plane', 1, (chance) => [
    container('kube-apiserver', waving(chance, 60, 240, 420), 250, 512),
  ]),
  app('etcd', 3, 'Static', 'control-plane', 1, (chance) => [
    container('etcd', even(chance, 55, 140), 100, 128),
  ]),
  app('kube-controller-manager', 3, 'Static', 'control-plane', 1, (chance) => [
    container('kube-controller-manager', even(chance, 22, 70), 50, 96),
  ]),
  app('kube-scheduler', 3, 'Static', 'control-plane', 1, (chance) => [
    container('kube-scheduler', even(chance, 8, 32), 20, 48),
  ]),
];

// eslint-disable-next-line max-params -- a row of a table
function app(
  name: string,
  home: number,
  owner: OwnerKind,
  tier: string,
  replicas: number,
  containers: App['containers'],
): App {
  return { name, home, owner, tier, replicas, containers };
}

/** Plans the whole population. The same spec gives the same one. */
export function populate(spec: PopulationSpec): Population {
  const nodes = Array.from({ length: spec.nodes }, (_, index) => planNode(spec, index));
  const namespaces = namespaceNames(spec.namespaces);
  const placed = nodes.map(() => 0);
  const pods: PodPlan[] = [];
  const taken = new Set<string>();
  const add = (of: App, replica: number, stage: number, nodeIndex: number) => {
    const node = nodes[nodeIndex];
    if (!node || pods.length >= spec.pods) return;
    const namespace = namespaces[(of.home + stage * NAMESPACES.length) % namespaces.length] ?? '';
    const placement = { spec, app: of, replica, stage, node, namespace };
    let pod = planPod(placement);
    // Random names meet among thousands; the API server, too, would then take another one.
    for (let attempt = 1; taken.has(pod.name); attempt++) pod = planPod({ ...placement, attempt });
    taken.add(pod.name);
    pods.push(pod);
    placed[nodeIndex] = (placed[nodeIndex] ?? 0) + 1;
  };

  const statics = spec.pods < 5 ? 0 : Math.max(1, Math.floor(spec.pods / 15));
  for (const of of CONTROL_PLANE.slice(0, statics)) add(of, 0, 0, 0);
  if (spec.pods >= 6 * spec.nodes) {
    for (const of of DAEMONS)
      nodes.forEach((_, index) => {
        add(of, index, 0, index);
      });
  }
  // The emptiest node takes the next pod: nodes fill up level by level.
  let level = 0;
  let next = 0;
  for (const { app: of, replica, stage } of endlessReplicas()) {
    if (pods.length >= spec.pods) break;
    while ((placed[next] ?? 0) > level) {
      next = (next + 1) % nodes.length;
      if (next === 0) level++;
    }
    add(of, replica, stage, next);
  }
  if (spec.withoutFigures) pods.push(...podsWithoutFigures(spec, namespaces, nodes));
  return { namespaces, nodes, pods };
}

/** One replica of every app, then the second ones, and so on; then the shop again as another stage. */
function* endlessReplicas(): Generator<{ app: App; replica: number; stage: number }> {
  const most = Math.max(...APPS.map(({ replicas }) => replicas));
  for (let stage = 0; ; stage++) {
    for (let replica = 0; replica < most; replica++) {
      yield* APPS.filter(({ replicas }) => replica < replicas).map((of) => ({
        app: of,
        replica,
        stage,
      }));
    }
  }
}

function namespaceNames(count: number): string[] {
  return Array.from({ length: Math.max(1, count) }, (_, index) => {
    const name = NAMESPACES[index % NAMESPACES.length] ?? '';
    const stage = Math.floor(index / NAMESPACES.length);
    return stage === 0 ? name : `${name}-${stage + 1}`;
  });
}

function planNode(spec: PopulationSpec, index: number): NodePlan {
  const name = `node-${index + 1}`;
  const podsHere = spec.pods / spec.nodes;
  const cores = podsHere <= 20 ? 4 : podsHere <= 60 ? 8 : 32;
  return {
    name,
    uid: uuidOf(spec.seed, `node/${name}`),
    bootMs: spec.startMs - 21 * DAY_MS - between(hashText(spec.seed, `boot/${name}`), 0, DAY_MS),
    cores,
    memoryBytes: cores * 4 * GIB,
    zone: `zone-${'abc'.charAt(index % 3)}`,
    labels: index === 0 ? { 'node-role.kubernetes.io/control-plane': '' } : {},
    annotations: {},
  };
}

interface Placement {
  readonly spec: PopulationSpec;
  readonly app: App;
  readonly replica: number;
  readonly stage: number;
  readonly node: NodePlan;
  readonly namespace: string;
  /** Which of the possible random names it takes. */
  readonly attempt?: number;
}

function planPod(placement: Placement): PodPlan {
  const { spec, app: of, replica, stage, node, namespace, attempt = 0 } = placement;
  const { seed } = spec;
  const base = stage === 0 ? of.name : `${of.name}-${stage + 1}`;
  const { name, labels, owner } = namedBy(of, base, replica, { seed, node, attempt });
  const key = `${namespace}/${name}`;
  const containers = of.containers((from, to) =>
    between(hashText(seed, `load/${key}/${from}`), from, to),
  );
  // Crash loops are young: after days, one would be given up or mended.
  const looping = containers.some(({ workload }) => workload.lives);
  const oldest = looping ? 2 * HOUR_MS : 20 * DAY_MS;
  const age = between(hashText(seed, `age/${key}`), 10 * MINUTE_MS, oldest);
  return {
    namespace,
    name,
    uid: uuidOf(seed, `pod/${key}`),
    nodeName: node.name,
    phase: 'Running',
    startMs: spec.startMs - age,
    labels: { ...labels, tier: of.tier, 'app.kubernetes.io/part-of': 'shop' },
    owner,
    configHash: of.owner === 'Static' ? hexOf(seed, `static/${key}`) : undefined,
    containers,
  };
}

type Owner = Omit<OwnerReference, 'controller' | 'blockOwnerDeletion'>;

/** Name, labels and owner as the controllers of Kubernetes give them. */
function namedBy(
  of: App,
  base: string,
  replica: number,
  { seed, node, attempt }: { seed: number; node: NodePlan; attempt: number },
): { name: string; labels: Record<string, string>; owner: Owner } {
  const hash = nameSuffix(seed, `revision/${base}`, 9);
  const random = nameSuffix(seed, `${base}/${replica}${attempt === 0 ? '' : `/${attempt}`}`);
  const owned = (apiVersion: string, kind: string, name: string): Owner => ({
    apiVersion,
    kind,
    name,
    uid: uuidOf(seed, `${kind}/${name}`),
  });
  switch (of.owner) {
    case 'Deployment':
      return {
        name: `${base}-${hash}-${random}`,
        labels: { app: base, 'pod-template-hash': hash },
        owner: owned('apps/v1', 'ReplicaSet', `${base}-${hash}`),
      };
    case 'StatefulSet':
      return {
        name: `${base}-${replica}`,
        labels: {
          app: base,
          'apps.kubernetes.io/pod-index': String(replica),
          'controller-revision-hash': `${base}-${hash}`,
          'statefulset.kubernetes.io/pod-name': `${base}-${replica}`,
        },
        owner: owned('apps/v1', 'StatefulSet', base),
      };
    case 'DaemonSet':
      return {
        name: `${base}-${random}`,
        labels: { app: base, 'controller-revision-hash': hash, 'pod-template-generation': '1' },
        owner: owned('apps/v1', 'DaemonSet', base),
      };
    case 'Static':
      return {
        name: `${base}-${node.name}`,
        labels: { app: base, component: base },
        owner: { apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid },
      };
    case 'Job':
      return {
        name: `${base}-${random}`,
        labels: { app: base, 'job-name': base, 'batch.kubernetes.io/job-name': base },
        owner: owned('batch/v1', 'Job', base),
      };
  }
}

/** Pods that no kubelet reports: one that found no node, and two that have done their work. */
function podsWithoutFigures(
  spec: PopulationSpec,
  namespaces: readonly string[],
  nodes: readonly NodePlan[],
): PodPlan[] {
  const node = nodes.at(-1);
  if (!node) return [];
  const plan = (name: string, home: number, owner: OwnerKind, phase: PodPlan['phase']) => {
    const of = app(name, home, owner, 'worker', 1, () => [container(name, idle(), 50, 64)]);
    const namespace = namespaces[home % namespaces.length] ?? '';
    const pod = planPod({ spec, app: of, replica: 0, stage: 0, node, namespace });
    return { ...pod, phase, nodeName: phase === 'Pending' ? '' : node.name };
  };
  return [
    plan('checkout-canary', 0, 'Deployment', 'Pending'),
    plan('nightly-report', 1, 'Job', 'Succeeded'),
    plan('schema-migration', 1, 'Job', 'Succeeded'),
  ];
}
