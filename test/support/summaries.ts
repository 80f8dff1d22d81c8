/** Options of a generated summary. Equal options give equal bytes. */
export interface SummarySpec {
  readonly pods?: number;
  /** Every n-th pod has a second container. */
  readonly secondContainerEvery?: number;
  /** Pressure figures, as kubelets from 1.34 on write them. */
  readonly psi?: boolean;
  /** Whatever should differ between two answers of one kubelet: times, counters, order of pods. */
  readonly round?: number;
  readonly startMs?: number;
}

const ROUND_SECONDS = 15;
const DAY_MS = 86_400_000;

/** The `?only_cpu_and_memory=true` form of a summary as plain objects, keys in the kubelet's order. */
export function aSummary(spec: SummarySpec = {}): SummaryObject {
  const { pods = 30, secondContainerEvery = 2, psi = true, round = 0 } = spec;
  const { startMs = Date.UTC(2026, 10, 21) } = spec;
  const nowMs = startMs + DAY_MS + round * ROUND_SECONDS * 1000;
  const figures = (seed: number): CpuAndMemory => {
    return cpuAndMemory({ seed, startMs, nowMs: nowMs - (seed % 12) * 1000, psi });
  };
  const order = Array.from({ length: pods }, (_, index) => (index * 7 + round * 11) % pods);
  return {
    node: {
      nodeName: 'node-a',
      systemContainers: ['pods', 'kubelet', 'runtime'].map((name, index) => ({
        name,
        startTime: toTime(startMs),
        ...figures(index),
      })),
      startTime: toTime(startMs),
      ...figures(5),
    },
    pods: order.map((index) => ({
      podRef: {
        name: `web-${index % 9}-7d5b9c6f4-${String(index).padStart(5, '0')}`,
        namespace: `team-${index % 4}`,
        uid: `0c1a6fb2-287f-42c4-96fa-d94ba4${String(index).padStart(6, '0')}`,
      },
      startTime: toTime(startMs + index * 1000),
      containers: ['app', 'sidecar']
        .slice(0, index % secondContainerEvery === 0 ? 2 : 1)
        .map((name, at) => ({
          name,
          startTime: toTime(startMs + index * 1000 + at),
          ...figures(index * 3 + at),
        })),
      ...figures(index * 3 + 2),
    })),
  };
}

/** Prints a summary as kubelets do: one blank of indent a level (go-restful). */
export function kubeletBytes(summary: unknown): Buffer {
  return Buffer.from(JSON.stringify(summary, undefined, 1));
}

export interface SummaryObject {
  node: { nodeName: string; systemContainers: ContainerObject[]; startTime: string } & CpuAndMemory;
  pods: ({
    podRef: { name: string; namespace: string; uid: string };
    startTime: string;
    containers: ContainerObject[];
  } & CpuAndMemory)[];
}

type ContainerObject = { name: string; startTime: string } & CpuAndMemory;

interface CpuAndMemory {
  cpu: { time: string; usageNanoCores: number; usageCoreNanoSeconds: number; psi?: object };
  memory: {
    time: string;
    usageBytes: number;
    workingSetBytes: number;
    rssBytes: number;
    pageFaults: number;
    majorPageFaults: number;
    psi?: object;
  };
  swap: object;
}

function cpuAndMemory(at: {
  seed: number;
  startMs: number;
  nowMs: number;
  psi: boolean;
}): CpuAndMemory {
  const { seed, startMs, nowMs, psi } = at;
  const time = toTime(nowMs);
  const usageNanoCores = (seed * 7_919_393) % 400_000_000;
  const bytes = 20_000_000 + ((seed * 104_729) % 500) * 4096;
  const pressure = psi ? { psi: { full: psiOf(seed, nowMs), some: psiOf(seed + 1, nowMs) } } : {};
  return {
    cpu: {
      time,
      usageNanoCores,
      usageCoreNanoSeconds: Math.floor((usageNanoCores * (nowMs - startMs)) / 1000),
      ...pressure,
    },
    memory: {
      time,
      usageBytes: bytes + 4096,
      workingSetBytes: bytes,
      rssBytes: bytes - 8192,
      pageFaults: seed * 31,
      majorPageFaults: 0,
      ...pressure,
    },
    swap: { time, swapUsageBytes: 0 },
  };
}

/** Half of the totals and one in six of the averages are not 0, as in captures of kubelets 1.34 and 1.35. */
function psiOf(seed: number, nowMs: number): object {
  const average = (every: number): number => (seed % 6 === every ? 0.25 : 0);
  return {
    total: seed % 2 === 0 ? 0 : Math.floor(nowMs / 1000) % 1_000_000,
    avg10: average(0),
    avg60: average(1),
    avg300: average(2),
  };
}

function toTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
