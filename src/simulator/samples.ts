import type { ActiveFault } from './faults.ts';
import { hashNumber, hashText, shuffled } from './seed.ts';
import {
  containerLifeAt,
  cpuNanosAt,
  nodeCpuNanosAt,
  nodeWorkingSetAt,
  podCpuNanosAt,
  podWorkingSetAt,
  podsCpuNanosAt,
  workingSetAt,
} from './world.ts';
import type { SimulatedContainer, SimulatedNode, SimulatedPod, World } from './world.ts';

/**
 * What a kubelet knows at a moment: not the present, but the last time it looked at each cgroup. When it
 * looks is a function of time too, so that the samples are the same for everybody who asks.
 *
 * As seen on kubelet 1.36 with containerd: the node every 10 s, every container and pod on a grid of its
 * own, every 10 to 20 s when busy and 15 to 29 s when idle; for the first 15 s of a container the runtime
 * is asked instead, at the moment of the question; then cAdvisor answers, whose sample is older than that.
 */
export interface Sample {
  /** When it was taken, by the kubelet's clock. */
  readonly atMs: number;
  readonly cpuNanos: bigint;
  /** Over the time since the sample before; 0 in the first one, and always when from the runtime. */
  readonly rateNanoCores: bigint;
  readonly workingSetBytes: bigint;
  /** Asked of the container runtime, which knows no pressure stall information. */
  readonly fromRuntime: boolean;
}

export interface ContainerView {
  readonly container: SimulatedContainer;
  /** When its present life began. */
  readonly startMs: number;
  readonly sample: Sample;
}

export interface PodView {
  readonly pod: SimulatedPod;
  readonly sample: Sample;
  /** Those that live; never empty. */
  readonly containers: readonly ContainerView[];
}

export interface NodeView {
  readonly node: SimulatedNode;
  /** The moment of the answer, by the kubelet's clock. */
  readonly nowMs: number;
  readonly sample: Sample;
  /** All pods together, as the cgroup `kubepods` counts them. */
  readonly podsSample: Sample;
  /** In another order in every answer, as a Go map gives them. */
  readonly pods: readonly PodView[];
}

interface Grid {
  /** Mean distance of two samples, ms. */
  readonly spacingMs: number;
  /** How far a sample may come too late, ms. */
  readonly jitterMs: number;
}

const NODE_GRID: Grid = { spacingMs: 10_000, jitterMs: 0 };
const BUSY_GRID: Grid = { spacingMs: 15_000, jitterMs: 5_000 };
const IDLE_GRID: Grid = { spacingMs: 22_000, jitterMs: 7_000 };
const RUNTIME_MS = 15_000;
/** How long after the start cAdvisor first looks. */
const FIRST_LOOK_MS = 900;

/** The last grid point not after the moment, and the one before it. */
export function lastTwoPoints(
  grid: Grid,
  seed: number,
  atMs: number,
): [last: number, before: number] {
  const { spacingMs, jitterMs } = grid;
  const phaseMs = seed % spacingMs;
  const point = (index: number) =>
    phaseMs + index * spacingMs + (jitterMs && hashNumber(seed, index) % jitterMs);
  const index = Math.floor((atMs - phaseMs) / spacingMs);
  const last = point(index) <= atMs ? index : index - 1;
  return [point(last), point(last - 1)];
}

interface Source {
  readonly cpuNanosAt: (atMs: number) => bigint;
  readonly workingSetAt: (atMs: number) => number;
}

interface Looked {
  readonly startMs: number;
  readonly nowMs: number;
  readonly points: readonly [last: number, before: number];
}

/** The sample that cAdvisor has now of something that began at `startMs`. */
function sampleOf(source: Source, { startMs, nowMs, points: [last, before] }: Looked): Sample {
  const firstMs = Math.min(startMs + FIRST_LOOK_MS, nowMs);
  const atMs = Math.max(last, firstMs);
  const cpuNanos = source.cpuNanosAt(atMs);
  const beforeMs = Math.max(before, firstMs);
  return {
    atMs,
    cpuNanos,
    rateNanoCores:
      atMs === beforeMs
        ? 0n
        : ((cpuNanos - source.cpuNanosAt(beforeMs)) * 1000n) / BigInt(atMs - beforeMs),
    workingSetBytes: BigInt(source.workingSetAt(atMs)),
    fromRuntime: false,
  };
}

/** What the kubelet knows of a container at a moment; undefined when it does not live then. */
function viewContainer(container: SimulatedContainer, nowMs: number): ContainerView | undefined {
  const life = containerLifeAt(container, nowMs);
  if (!life?.running) return undefined;
  const startMs = container.startMs + life.fromMs;
  if (nowMs - startMs < RUNTIME_MS) {
    const sample = {
      atMs: nowMs,
      cpuNanos: cpuNanosAt(container, nowMs),
      rateNanoCores: 0n,
      workingSetBytes: BigInt(workingSetAt(container, nowMs)),
      fromRuntime: true,
    };
    return { container, startMs, sample };
  }
  const grid = container.workload.kind === 'idle' ? IDLE_GRID : BUSY_GRID;
  const source: Source = {
    cpuNanosAt: (atMs) => cpuNanosAt(container, atMs),
    workingSetAt: (atMs) => workingSetAt(container, atMs),
  };
  const points = lastTwoPoints(grid, container.seed, nowMs);
  return { container, startMs, sample: sampleOf(source, { startMs, nowMs, points }) };
}

function viewPod(pod: SimulatedPod, nowMs: number): PodView | undefined {
  const containers = pod.containers.flatMap((container) => viewContainer(container, nowMs) ?? []);
  if (containers.length === 0) return undefined;
  const seed = hashText(pod.containers[0]?.seed ?? 0, 'pod');
  const source: Source = {
    cpuNanosAt: (atMs) => podCpuNanosAt(pod, atMs),
    workingSetAt: (atMs) => podWorkingSetAt(pod, atMs),
  };
  const points = lastTwoPoints(BUSY_GRID, seed, nowMs);
  const sample = sampleOf(source, { startMs: pod.startMs, nowMs, points });
  return { pod, sample, containers: shuffled(containers, hashNumber(seed, nowMs)) };
}

/** What the kubelet of a node of the world knows at a moment, lies of its fault included. */
export function viewNode(
  world: World,
  node: SimulatedNode,
  nowMs: number,
  fault?: ActiveFault,
): NodeView {
  const seed = hashText(world.seed, node.name);
  const bootMs = node.plan?.bootMs ?? 0;
  const looked = { startMs: bootMs, nowMs, points: lastTwoPoints(NODE_GRID, seed, nowMs) };
  const podViews = [...world.podsOn(node.name)].flatMap((pod) => viewPod(pod, nowMs) ?? []);
  const podsSource: Source = {
    cpuNanosAt: (atMs) => podsCpuNanosAt(world, node.name, atMs),
    workingSetAt: (atMs) => nodeWorkingSetAt(world, node, atMs) - node.systemMemoryBytes,
  };
  const nodeSource: Source = {
    cpuNanosAt: (atMs) => nodeCpuNanosAt(world, node, atMs),
    workingSetAt: (atMs) => nodeWorkingSetAt(world, node, atMs),
  };
  const view: NodeView = {
    node,
    nowMs,
    sample: sampleOf(nodeSource, looked),
    podsSample: sampleOf(podsSource, looked),
    pods: shuffled(podViews, hashNumber(seed, nowMs)),
  };
  return fault ? lyingView(world, view, fault) : view;
}

const UINT64_MAX = 2n ** 64n - 1n;

/** The view as a lying kubelet tells it; the same view for a fault that does not touch figures. */
function lyingView(world: World, view: NodeView, fault: ActiveFault): NodeView {
  switch (fault.kind) {
    case 'lying-negative':
      return mapSamples(view, (sample) => ({
        ...sample,
        cpuNanos: -sample.cpuNanos,
        rateNanoCores: -sample.rateNanoCores,
        workingSetBytes: -sample.workingSetBytes,
      }));
    case 'lying-huge':
      return mapSamples(view, (sample) => ({
        ...sample,
        cpuNanos: UINT64_MAX,
        rateNanoCores: UINT64_MAX,
        workingSetBytes: UINT64_MAX,
      }));
    case 'clock-back': {
      // Start times were written down before the clock was set.
      const shiftMs = fault.value * 1000;
      const shifted = mapSamples(view, (sample) => ({ ...sample, atMs: sample.atMs - shiftMs }));
      return { ...shifted, nowMs: view.nowMs - shiftMs };
    }
    case 'counter-reset':
      return resetCounters(world, view, fault.sinceMs);
    default:
      return view;
  }
}

/** Counters as if they had begun at zero at that moment; what was sampled before it stays as it was. */
function resetCounters(world: World, view: NodeView, sinceMs: number): NodeView {
  const less = (sample: Sample, cpuNanos: bigint): Sample =>
    sample.atMs <= sinceMs ? sample : { ...sample, cpuNanos: sample.cpuNanos - cpuNanos };
  const { node } = view;
  return {
    ...view,
    sample: less(view.sample, nodeCpuNanosAt(world, node, sinceMs)),
    podsSample: less(view.podsSample, podsCpuNanosAt(world, node.name, sinceMs)),
    pods: view.pods.map((pod) => ({
      ...pod,
      sample: less(pod.sample, podCpuNanosAt(pod.pod, sinceMs)),
      containers: pod.containers.map((container) => ({
        ...container,
        // A life that began later has a counter of its own.
        sample:
          container.startMs > sinceMs
            ? container.sample
            : less(container.sample, cpuNanosAt(container.container, sinceMs)),
      })),
    })),
  };
}

function mapSamples(view: NodeView, change: (sample: Sample) => Sample): NodeView {
  return {
    ...view,
    sample: change(view.sample),
    podsSample: change(view.podsSample),
    pods: view.pods.map((pod) => ({
      ...pod,
      sample: change(pod.sample),
      containers: pod.containers.map((container) => ({
        ...container,
        sample: change(container.sample),
      })),
    })),
  };
}
