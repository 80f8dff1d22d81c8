import { NodeBlock, type KubeletSource } from '../../../src/model/node-block.ts';
import type { PodUsage } from '../../../src/model/usage.ts';
import { type PodIdentity, Storage } from '../../../src/storage/storage.ts';

/** Figures of one container or node of an answer, in seconds and bytes. What is left out is unknown. */
export interface Figures {
  readonly start?: number;
  readonly time?: number;
  /** Core-seconds, at most three decimals; or whole nanoseconds as a bigint. */
  readonly cpu?: number | bigint;
  readonly rate?: number;
  readonly memory?: number;
}

export interface PodAnswer {
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly containers: readonly (readonly [name: string, figures: Figures])[];
}

export interface Answer {
  readonly source?: KubeletSource;
  readonly node?: Figures;
  readonly pods?: readonly PodAnswer[];
}

/** Fills a block as a decoder would. */
export function blockOf(answer: Answer, into = new NodeBlock()): NodeBlock {
  into.clear(answer.source ?? 'summary');
  if (answer.node) {
    const { start, time, cpu, rate, memory } = columnsOf(answer.node);
    into.nodeStartMs = start;
    into.nodeTimeMs = time;
    into.nodeCpuSeconds = cpu.seconds;
    into.nodeCpuNanos = cpu.nanos;
    into.nodeRateNanoCores = rate;
    into.nodeMemoryBytes = memory;
  }
  for (const { namespace = 'ns', name = 'pod', uid = 'uid-1', containers } of answer.pods ?? []) {
    for (const [containerName, figures] of containers) {
      const row = into.addContainer(containerName);
      const { start, time, cpu, rate, memory } = columnsOf(figures);
      into.startMs[row] = start;
      into.timeMs[row] = time;
      into.cpuSeconds[row] = cpu.seconds;
      into.cpuNanos[row] = cpu.nanos;
      into.rateNanoCores[row] = rate;
      into.memoryBytes[row] = memory;
    }
    // Many pods with one hash.
    into.addPod(namespace, name, uid, name.length);
  }
  return into;
}

function columnsOf({ start = NaN, time = NaN, cpu, rate = NaN, memory = NaN }: Figures) {
  const nanos = typeof cpu === 'number' ? BigInt(Math.round(cpu * 1000)) * 1_000_000n : cpu;
  return {
    start: Math.round(start * 1000),
    time: Math.round(time * 1000),
    cpu:
      nanos === undefined
        ? { seconds: NaN, nanos: 0 }
        : { seconds: Number(nanos / 1_000_000_000n), nanos: Number(nanos % 1_000_000_000n) },
    rate,
    memory,
  };
}

export interface Setting {
  readonly resolution?: number;
  readonly staleness?: number;
  readonly bootstrap?: boolean;
}

/** A storage with a clock that the test moves. All in seconds; defaults are the server's own at 15 s. */
export function aStorage({ resolution = 15, staleness = 60, bootstrap = true }: Setting = {}) {
  let nowMs = 1_000_000;
  let pointCounts = () => ({ node: -1, container: -1 });
  const storage = new Storage({
    config: {
      resolutionMs: resolution * 1000,
      stalenessMs: staleness * 1000,
      bootstrapFromKubeletRate: bootstrap,
    },
    clock: { nowMs: () => 0, monotonicMs: () => nowMs },
    instruments: { readPointsFrom: (counts) => (pointCounts = counts) },
  });
  const pods = new Map<string, PodIdentity>();
  const podOf = ({ namespace = 'ns', name = 'pod', uid = 'uid-1', mirrorUid = '' } = {}) => {
    const key = [namespace, name, uid, mirrorUid].join(' ');
    const pod = pods.get(key) ?? { namespace, name, uid, mirrorUid };
    pods.set(key, pod);
    return pod;
  };
  return {
    storage,
    collectedCounts: () => pointCounts(),
    /** Lets so many seconds pass. */
    wait: (seconds: number): void => {
      nowMs += seconds * 1000;
    },
    /** The node answers so now. */
    answer: (answer: Answer, node = 'node-1'): void => {
      storage.store(node, blockOf(answer));
    },
    /** A scrape of the node brings nothing now. */
    miss: (isExcused: boolean, node = 'node-1'): void => {
      storage.missed(node, isExcused);
    },
    pod: (asked: Partial<PodIdentity> = {}) => storage.podUsage(podOf(asked)),
    /** The same object for the same pod, as an informer keeps it. */
    podOf,
  };
}

/** A pod's usage in one line: time / window / container cpu memory, ... in seconds, nanocores and bytes. */
export function shown(usage: PodUsage | undefined): string {
  if (usage === undefined) return 'none';
  const containers = usage.containers.map(
    ({ name, cpuNanoCores, memoryBytes }) => `${name} ${cpuNanoCores}n ${memoryBytes}`,
  );
  return [seconds(usage.timestampMs), seconds(usage.windowMs), containers.join(', ')].join(' / ');
}

export function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
