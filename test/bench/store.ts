import { NodeBlock } from '../../src/model/node-block.ts';
import { Storage } from '../../src/storage/storage.ts';

interface Scenario {
  readonly name: string;
  readonly nodes: number;
  readonly podsPerNode: number;
  readonly containersPerPod: readonly number[];
  readonly namespaces: number;
}

/** Named as upstream's; the sizes are perf.md's: 30 pods and 50 containers a node. */
const SCENARIOS: readonly Scenario[] = [
  {
    name: 'Normal 1000',
    nodes: 1_000,
    podsPerNode: 30,
    containersPerPod: [1, 2, 2],
    namespaces: 100,
  },
  {
    name: 'Big Namespace 1000',
    nodes: 1_000,
    podsPerNode: 30,
    containersPerPod: [1, 2, 2],
    namespaces: 1,
  },
  {
    name: 'Dense Container 100',
    nodes: 100,
    podsPerNode: 30,
    containersPerPod: [100],
    namespaces: 10,
  },
  {
    name: 'Large Cluster 5000',
    nodes: 5_000,
    podsPerNode: 30,
    containersPerPod: [1, 2, 2, 2, 2],
    namespaces: 500,
  },
];

export interface StoreFigures {
  readonly scenario: string;
  readonly nodes: number;
  readonly pods: number;
  readonly containers: number;
  /** Of a cycle in which every sample has advanced and every pod comes in another place. */
  readonly microsPerNode: number;
  readonly microsPerContainer: number;
  /** Of one pod's usage, made anew and as it stands. */
  readonly nanosPerFirstRead: number;
  readonly nanosPerRead: number;
  /** What the storage holds, without the names, which are the decoder's; then with every usage object made. */
  readonly bytesPerPod: number;
  readonly bytesPerPodRead: number;
}

const CYCLES = 12;
const WARM_UP_CYCLES = 3;

/**
 * Times storing and reading, and weighs what is stored. Needs --expose-gc for the weights, which are NaN
 * without. Calls `progress` now and then.
 */
export function benchStore(progress: (line: string) => void = () => undefined): StoreFigures[] {
  return SCENARIOS.map((scenario) => {
    progress(`store: ${scenario.name}`);
    return measure(scenario);
  });
}

function measure(scenario: Scenario): StoreFigures {
  let nowMs = 0;
  const names = namesOf(scenario);
  const block = new NodeBlock();
  fill(block, names, 0, 0); // so that the block's own columns are not weighed
  const emptyBytes = heldBytes();
  const storage = new Storage({
    config: { resolutionMs: 15_000, stalenessMs: 60_000, bootstrapFromKubeletRate: true },
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    instruments: { readPointsFrom: () => undefined },
  });

  let elapsedMs = 0;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    for (const [node, nodeName] of names.nodes.entries()) {
      fill(block, names, node, cycle);
      const startMs = performance.now();
      storage.store(nodeName, block);
      if (cycle >= WARM_UP_CYCLES) elapsedMs += performance.now() - startMs;
    }
    nowMs += 15_000;
  }
  const storedBytes = heldBytes();
  const firstReadMs = timed(() => {
    readAll(storage, names);
  });
  const readMs = timed(() => {
    readAll(storage, names);
  });
  const readBytes = heldBytes();

  const { nodes, pods, containers } = sizeOf(scenario);
  const stores = nodes * (CYCLES - WARM_UP_CYCLES);
  return {
    scenario: scenario.name,
    nodes,
    pods,
    containers,
    microsPerNode: (elapsedMs * 1e3) / stores,
    microsPerContainer: (elapsedMs * 1e3) / ((stores * containers) / nodes),
    nanosPerFirstRead: (firstReadMs * 1e6) / pods,
    nanosPerRead: (readMs * 1e6) / pods,
    bytesPerPod: (storedBytes - emptyBytes) / pods,
    bytesPerPodRead: (readBytes - emptyBytes) / pods,
  };
}

interface Names {
  readonly nodes: readonly string[];
  readonly pods: readonly (readonly PodNames[])[];
}

interface PodNames {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly containers: readonly string[];
}

function namesOf({ nodes, podsPerNode, containersPerPod, namespaces }: Scenario): Names {
  const namespaceNames = Array.from({ length: namespaces }, (_, at) => `team-${at}`);
  const containerNames = Array.from(
    { length: Math.max(...containersPerPod) },
    (_, at) => `c-${at}`,
  );
  const pods = Array.from({ length: nodes }, (_, node) =>
    Array.from({ length: podsPerNode }, (_, at): PodNames => {
      const serial = node * podsPerNode + at;
      return {
        namespace: namespaceNames[serial % namespaces] ?? '',
        name: `workload-${serial % 997}-${serial.toString(36)}`,
        uid: `00000000-0000-4000-8000-${serial.toString(16).padStart(12, '0')}`,
        containers: containerNames.slice(0, containersPerPod[serial % containersPerPod.length]),
      };
    }),
  );
  return { nodes: Array.from({ length: nodes }, (_, node) => `node-${node}`), pods };
}

function sizeOf({ nodes, podsPerNode, containersPerPod }: Scenario) {
  const pods = nodes * podsPerNode;
  let containers = 0;
  for (let serial = 0; serial < pods; serial++) {
    containers += containersPerPod[serial % containersPerPod.length] ?? 0;
  }
  return { nodes, pods, containers };
}

const EPOCH_MS = Date.UTC(2026, 10, 21);

/** As a decoder would: every sample 15 s newer than a cycle before, the pods in another order. */
function fill(block: NodeBlock, names: Names, node: number, cycle: number): void {
  const timeMs = EPOCH_MS + cycle * 15_000;
  const pods = names.pods[node] ?? [];
  block.clear('summary');
  block.nodeStartMs = EPOCH_MS - 86_400_000;
  block.nodeTimeMs = timeMs;
  block.nodeCpuSeconds = 100_000 + cycle * 30;
  block.nodeRateNanoCores = 2_000_000_000;
  block.nodeMemoryBytes = 8_000_000_000;
  const offset = cycle * 7 + node;
  for (let at = 0; at < pods.length; at++) {
    const pod = pods[(at + offset) % pods.length];
    if (pod === undefined) continue;
    for (const container of pod.containers) {
      const row = block.addContainer(container);
      block.startMs[row] = EPOCH_MS - 3_600_000;
      block.timeMs[row] = timeMs;
      block.cpuSeconds[row] = 1_000 + cycle * 3;
      block.cpuNanos[row] = 123_456_000;
      block.rateNanoCores[row] = 200_000_000;
      block.memoryBytes[row] = 50_000_000 + at * 4096;
    }
    block.addPod(pod.namespace, pod.name, pod.uid, (at + offset) % pods.length);
  }
}

function readAll(storage: Storage, { pods }: Names): void {
  let found = 0;
  let asked = 0;
  for (const podsOfNode of pods) {
    for (const { namespace, name, uid } of podsOfNode) {
      asked += 1;
      if (storage.podUsage({ namespace, name, uid, mirrorUid: '' }) !== undefined) found += 1;
    }
  }
  if (found !== asked) throw new Error(`Cannot measure: ${found} of ${asked} pods have usage`);
}

function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

/** Heap and buffers in use after a full collection. */
function heldBytes(): number {
  if (globalThis.gc === undefined) return Number.NaN;
  globalThis.gc();
  globalThis.gc(); // buffers are freed with the second
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
