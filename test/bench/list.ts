import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { Registry } from 'prom-client';
import { LabelSet } from '../../src/apimachinery/label-set.ts';
import { parseLabelSelector } from '../../src/apimachinery/label-selector.ts';
import { resourceMetricsGroup } from '../../src/apis/metrics/group.ts';
import { resourceMetricsInstruments } from '../../src/apis/metrics/instruments.ts';
import { createApp } from '../../src/apiserver/app.ts';
import { writeContinueToken } from '../../src/apiserver/continue-token.ts';
import { systemClock } from '../../src/clock.ts';
import { PodIndex } from '../../src/kube/pod-index.ts';
import type { PodUsage, Term } from '../../src/model/usage.ts';
import type { Load, LoadResult } from './list-client.ts';

export interface ListFigures {
  readonly scenario: string;
  /** Pods in the cluster, and in each answer. */
  readonly pods: number;
  readonly podsInAnswer: number;
  readonly kilobytes: number;
  /** The first answer after every figure has changed, so that nothing encoded can be used again; ms. */
  readonly firstMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requestsPerSecond: number;
  /** CPU of the server's thread. */
  readonly cpuMsPerRequest: number;
  /** The longest time that the server's event loop was held by one thing. */
  readonly longestBlockMs: number;
}

interface Scenario {
  readonly name: string;
  readonly pods: number;
  readonly podsInAnswer: number;
  readonly path: string;
  readonly accept?: string;
  readonly acceptEncoding?: string;
  readonly requests: number;
  readonly connections: number;
}

const ROOT = '/apis/metrics.k8s.io/v1beta1';
const PODS_PER_NAMESPACE = 300;
const PODS_PER_APP = 20;
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** Where the page in the middle begins, as the page before it says. */
const MIDDLE = writeContinueToken(
  { resource: 'pods.metrics.k8s.io', namespace: '' },
  { after: { namespace: 'ns-249', name: 'pod-074999' }, remaining: 75_000 },
);

const SCENARIOS: readonly Scenario[] = [
  ...[1_000, 10_000, 30_000, 150_000].map((pods) => ({
    name: `all of ${pods.toLocaleString('en')} pods as JSON`,
    pods,
    podsInAnswer: pods,
    path: `${ROOT}/pods`,
    requests: Math.ceil(600_000 / pods),
    connections: 1,
  })),
  {
    name: 'the first 500 of 150,000 pods',
    pods: 150_000,
    podsInAnswer: 500,
    path: `${ROOT}/pods?limit=500`,
    requests: 100,
    connections: 1,
  },
  {
    name: '500 from the middle of 150,000 pods',
    pods: 150_000,
    podsInAnswer: 500,
    path: `${ROOT}/pods?limit=500&continue=${MIDDLE}`,
    requests: 2_000,
    connections: 1,
  },
  {
    name: 'all of 30,000 pods as protobuf',
    pods: 30_000,
    podsInAnswer: 30_000,
    path: `${ROOT}/pods`,
    accept: PROTOBUF,
    requests: 20,
    connections: 1,
  },
  {
    name: 'all of 150,000 pods as protobuf',
    pods: 150_000,
    podsInAnswer: 150_000,
    path: `${ROOT}/pods`,
    accept: PROTOBUF,
    requests: 4,
    connections: 1,
  },
  {
    name: 'all of 30,000 pods as JSON in gzip',
    pods: 30_000,
    podsInAnswer: 30_000,
    path: `${ROOT}/pods`,
    acceptEncoding: 'gzip',
    requests: 10,
    connections: 1,
  },
  {
    name: 'all of 30,000 pods as YAML',
    pods: 30_000,
    podsInAnswer: 30_000,
    path: `${ROOT}/pods`,
    accept: 'application/yaml',
    requests: 5,
    connections: 1,
  },
  {
    name: 'all of 30,000 pods as a table',
    pods: 30_000,
    podsInAnswer: 30_000,
    path: `${ROOT}/pods`,
    accept: TABLE,
    requests: 10,
    connections: 1,
  },
  {
    name: 'all of 30,000 pods, 10 clients at once',
    pods: 30_000,
    podsInAnswer: 30_000,
    path: `${ROOT}/pods`,
    requests: 50,
    connections: 10,
  },
  {
    name: 'namespace and label selector',
    pods: 30_000,
    podsInAnswer: PODS_PER_APP,
    path: `${ROOT}/namespaces/ns-050/pods?labelSelector=app%3Dapp-3`,
    requests: 20_000,
    connections: 8,
  },
  {
    name: 'one pod by name',
    pods: 30_000,
    podsInAnswer: 1,
    path: `${ROOT}/namespaces/ns-050/pods/pod-015007`,
    requests: 40_000,
    connections: 8,
  },
];

/** Times the real app over loopback (plain HTTP: TLS is measured with the whole server), client in a thread of its own. */
export async function benchList(
  progress: (line: string) => void = () => undefined,
): Promise<ListFigures[]> {
  const client = new Worker(new URL('./list-client.ts', import.meta.url));
  const figures: ListFigures[] = [];
  for (const scenario of SCENARIOS) {
    progress(`list: ${scenario.name}`);
    figures.push(await measure(scenario, client));
  }
  await client.terminate();
  return figures;
}

async function measure(scenario: Scenario, client: Worker): Promise<ListFigures> {
  const world = new BenchWorld(scenario.pods);
  const server = createServer(appOver(world)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { path, accept = 'application/json', acceptEncoding = 'identity' } = scenario;
  const { requests, connections } = scenario;
  const load: Load = { port, path, accept, acceptEncoding, requests, connections };
  const few = { ...load, requests: Math.ceil(requests / 5) };
  await loaded(client, few);

  world.change();
  const first = await loaded(client, { ...load, requests: 1, connections: 1 });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.threadCpuUsage();
  const result = await loaded(client, load);
  const { user, system } = process.threadCpuUsage(cpu);
  delay.disable();

  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const { latenciesMs, seconds, bytes } = result;
  return {
    scenario: scenario.name,
    pods: scenario.pods,
    podsInAnswer: scenario.podsInAnswer,
    kilobytes: bytes / requests / 1000,
    firstMs: first.latenciesMs[0] ?? Number.NaN,
    p50Ms: latenciesMs[Math.floor(requests * 0.5)] ?? Number.NaN,
    p99Ms: latenciesMs[Math.floor(requests * 0.99)] ?? Number.NaN,
    requestsPerSecond: requests / seconds,
    cpuMsPerRequest: (user + system) / 1000 / requests,
    longestBlockMs: delay.max / 1e6,
  };
}

async function loaded(client: Worker, load: Load): Promise<LoadResult> {
  client.postMessage(load);
  const [result] = (await once(client, 'message')) as [LoadResult];
  return result;
}

/** Pods with two containers each in namespaces of 300, their figures as the storage hands them out. */
class BenchWorld {
  readonly index = new PodIndex();
  private usage: PodUsage[] = [];
  /** One for all, as if all pods ran on one node. */
  private readonly source = { version: 0 };

  constructor(pods: number) {
    for (let at = 0; at < pods; at++) {
      const app = `app-${Math.floor((at % PODS_PER_NAMESPACE) / PODS_PER_APP)}`;
      const namespace = Math.floor(at / PODS_PER_NAMESPACE);
      this.index.set({
        namespace: `ns-${String(namespace).padStart(3, '0')}`,
        name: `pod-${String(at).padStart(6, '0')}`,
        uid: String(at),
        mirrorUid: '',
        labels: this.labelsOf(app),
      });
    }
    this.change();
  }

  /** What a scrape of every node does to the figures. */
  change(): void {
    const timestampMs = Date.now();
    this.source.version++;
    this.usage = Array.from({ length: this.index.size }, (_, at) => ({
      timestampMs,
      windowMs: 15_013,
      containers: [
        { name: 'app', cpuNanoCores: 1_234_567 + at, memoryBytes: 52_428_800 + at * 4096 },
        { name: 'sidecar', cpuNanoCores: 250_000, memoryBytes: 10_485_760 },
      ],
    }));
  }

  podUsage({ uid }: { readonly uid: string }): PodUsage | undefined {
    return this.usage[Number(uid)];
  }

  /** Of the one source. */
  get changes(): number {
    return this.source.version;
  }

  podTerm({ uid }: { readonly uid: string }): Term | undefined {
    const { source } = this;
    const { timestampMs = 0 } = this.usage[Number(uid)] ?? {};
    return { source, untilMs: Number.POSITIVE_INFINITY, revision: source.version, timestampMs };
  }

  private readonly labels = new Map<string, LabelSet>();

  private labelsOf(app: string): LabelSet {
    const known = this.labels.get(app);
    if (known) return known;
    const set = LabelSet.of([
      ['app', app],
      ['pod-template-hash', '5d4f8c7b9'],
      ['tier', 'backend'],
    ]);
    this.labels.set(app, set);
    return set;
  }
}

function appOver(world: BenchWorld) {
  const registry = new Registry();
  const group = resourceMetricsGroup({
    nodes: { list: () => [], get: () => undefined },
    pods: {
      list: (namespace, selector, after) => world.index.list(namespace, selector, after),
      sequences: (namespace, selector) => world.index.sequences(namespace, selector),
      revision: (namespace) => world.index.revision(namespace),
      get: (namespace, name) => world.index.get(namespace, name),
    },
    usage: {
      nodeUsage: () => undefined,
      hasNodeUsage: () => false,
      podUsage: (pod) => world.podUsage(pod),
      hasPodUsage: (pod) => world.podUsage(pod) !== undefined,
      podTerm: (pod) => world.podTerm(pod),
      get changes() {
        return world.changes;
      },
    },
    nodeSelector: parseLabelSelector(''),
    instruments: resourceMetricsInstruments(registry),
    clock: systemClock,
  });
  const admin = { name: 'admin', uid: '', groups: ['system:masters'], extra: new Map() };
  const silent = () => undefined;
  return createApp({
    groups: [group],
    authenticator: { authenticate: () => Promise.resolve(admin) },
    authorizer: { authorize: () => Promise.resolve({ allowed: true }) },
    checks: [],
    registry,
    log: { error: silent, warn: silent, info: silent, debug: silent },
    clock: systemClock,
    version: 'bench',
    serving: {
      port: 443,
      externalHostname: '',
      requestTimeoutMs: 60_000,
      maxRequestsInFlight: 400,
      maxMutatingRequestsInFlight: 200,
      shutdownSendRetryAfter: false,
      strictTransportSecurity: [],
      corsAllowedOrigins: [],
    },
  });
}
