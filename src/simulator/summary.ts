import { PrintedOnce, printGoJson } from './go-text.ts';
import type { GoValue } from './go-text.ts';
import type { ContainerView, NodeView, PodView, Sample } from './samples.ts';
import { hashText } from './seed.ts';
import { formatTimestamp } from './timestamps.ts';

/**
 * The body of a kubelet's /stats/summary: members, order and layout as kubelet 1.36 writes them
 * (k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go). Timestamps have whole seconds, as metav1.Time.
 */
export function summaryText(view: NodeView, onlyCpuAndMemory: boolean): string {
  const full = !onlyCpuAndMemory;
  return printGoJson({
    node: nodeStats(view, full),
    pods: view.pods.map((pod) => podStats(pod, view.nowMs, full)),
  });
}

/** A sample with its time as text: it stands in the answer up to five times. */
interface Stamped extends Sample {
  readonly time: string;
}

function stamped(sample: Sample): Stamped {
  return { ...sample, time: formatTimestamp(sample.atMs) };
}

type GoObject = Record<string, GoValue | undefined>;

const NO_PRESSURE = new PrintedOnce(
  Object.fromEntries(
    ['full', 'some'].map((who) => [who, { total: 0, avg10: 0, avg60: 0, avg300: 0 }]),
  ),
);

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/** The disk of every simulated node. */
const DISK = { capacityBytes: 100 * GIB, inodes: 6_553_600 };
/** The kubelet walks disks about once a minute. */
const DISK_PERIOD_MS = 60_000;

function nodeStats(view: NodeView, full: boolean): GoValue {
  const { node, nowMs } = view;
  const sample = stamped(view.sample);
  const podsSample = stamped(view.podsSample);
  const capacity = BigInt(node.plan?.memoryBytes ?? 0);
  const startTime = formatTimestamp(node.plan?.bootMs ?? 0);
  const pods: GoObject = {
    name: 'pods',
    startTime,
    cpu: cpuStats(podsSample),
    memory: memoryStats(podsSample, { limit: capacity }),
    io: full ? ioStats(podsSample) : undefined,
    swap: swapStats(podsSample),
  };
  return {
    nodeName: node.name,
    systemContainers: [pods],
    startTime,
    cpu: cpuStats(sample),
    memory: memoryStats(sample, { limit: capacity }),
    ...(full && {
      io: ioStats(sample),
      network: networkStats(node.name, sample),
      fs: diskStats(sample.atMs, 20 * GIB, 300_000),
      runtime: {
        imageFs: diskStats(onMinute(nowMs), 6 * GIB, 90_000),
        containerFs: diskStats(onMinute(nowMs), 2 * GIB, 40_000),
      },
      rlimit: {
        time: formatTimestamp(nowMs),
        maxpid: 32_768,
        curproc: 180 + 12 * view.pods.length,
      },
    }),
    swap: swapStats(sample, 0),
  };
}

function podStats(view: PodView, nowMs: number, full: boolean): GoValue {
  const { pod, containers } = view;
  const sample = stamped(view.sample);
  const limits = containers.map(({ container }) => memoryLimit(container.limits));
  const limit = limits.every((bytes) => bytes !== undefined)
    ? limits.reduce((sum, bytes) => sum + bytes, 0n)
    : undefined;
  return {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.kubeletUid },
    startTime: formatTimestamp(pod.startMs),
    containers: containers.map((container) => containerStats(container, nowMs, full)),
    cpu: cpuStats(sample),
    memory: memoryStats(sample, { limit, faults: 0 }),
    ...(full && podExtras(view, sample, nowMs)),
    swap: swapStats(sample),
  };
}

function podExtras({ pod, containers }: PodView, sample: Stamped, nowMs: number): GoObject {
  const written = containers.reduce((sum, container) => sum + writtenBytes(container, nowMs), 0);
  const claim = pod.plan?.owner?.kind === 'StatefulSet' ? `data-${pod.name}` : undefined;
  return {
    io: ioStats(sample),
    network: networkStats(pod.kubeletUid, sample),
    volume: claim === undefined ? undefined : [volumeStats(claim, pod.namespace, nowMs)],
    'ephemeral-storage': diskStats(nowMs, written, 8 * containers.length),
    process_stats: sample.cpuNanos === 0n ? undefined : { process_count: containers.length },
  };
}

function containerStats(view: ContainerView, nowMs: number, full: boolean): GoValue {
  const { container, startMs } = view;
  const sample = stamped(view.sample);
  const limit = memoryLimit(container.limits);
  const young = sample.fromRuntime;
  return {
    name: container.name,
    startTime: formatTimestamp(startMs),
    cpu: cpuStats(sample),
    memory: memoryStats(sample, { limit }),
    ...(full && {
      io: ioStats(sample),
      // The runtime has not walked a young container's layer yet: its time is Go's Unix zero.
      rootfs: diskStats(young ? 0 : onMinute(nowMs), young ? 0 : layerBytes(view), young ? 0 : 12),
      logs: diskStats(nowMs, logBytes(view, nowMs), 1),
    }),
    swap: swapStats(sample, young ? 0 : limit),
  };
}

function cpuStats(sample: Stamped): GoValue {
  return {
    time: sample.time,
    usageNanoCores: sample.rateNanoCores,
    usageCoreNanoSeconds: sample.cpuNanos,
    psi: pressure(sample),
  };
}

function memoryStats(
  sample: Stamped,
  { limit, faults }: { limit: bigint | undefined; faults?: number },
): GoValue {
  const bytes = sample.workingSetBytes;
  return {
    time: sample.time,
    availableBytes: availableBytes(sample, limit),
    usageBytes: bytes + bytes / 16n,
    workingSetBytes: bytes,
    rssBytes: bytes - bytes / 4n,
    pageFaults: faults ?? Number(bytes / 4096n),
    majorPageFaults: 0,
    psi: pressure(sample),
  };
}

/** Only what is limited has something available; the runtime says 0 of the rest. */
function availableBytes(
  { workingSetBytes, fromRuntime }: Sample,
  limit: bigint | undefined,
): GoValue | undefined {
  if (limit === undefined) return fromRuntime ? 0 : undefined;
  return limit > workingSetBytes ? limit - workingSetBytes : 0n;
}

function ioStats(sample: Stamped): GoValue {
  return { time: sample.time, psi: pressure(sample) };
}

/** Waiting for CPU grows with the rate above half a core; the averages are fractions, as the kernel's. */
function pressure({ fromRuntime, rateNanoCores, cpuNanos }: Sample): GoValue | undefined {
  if (fromRuntime) return undefined;
  const above = Number(rateNanoCores) / 1e9 - 0.5;
  if (!(above > 0)) return NO_PRESSURE;
  const average = Math.min(99, Math.round(above * 400) / 100);
  const some = {
    total: cpuNanos / 50_000n,
    avg10: average,
    avg60: average / 2,
    avg300: average / 4,
  };
  return { full: { total: 0, avg10: 0, avg60: 0, avg300: 0 }, some };
}

/** Nobody swaps here; what may be swapped is told of containers with a limit (and 0 of all by the runtime). */
function swapStats(sample: Stamped, available?: bigint | number): GoValue {
  return {
    time: sample.time,
    swapAvailableBytes: available,
    swapUsageBytes: 0,
  };
}

function networkStats(of: string, { time, atMs }: Stamped): GoValue {
  const rxBytes = Math.floor(atMs / 1000) * (1 + (hashText(3, of) % 64));
  const eth0 = {
    name: 'eth0',
    rxBytes,
    rxErrors: 0,
    txBytes: Math.floor(rxBytes / 3),
    txErrors: 0,
  };
  return { time, ...eth0, interfaces: [eth0] };
}

function diskStats(atMs: number, usedBytes: number, inodesUsed: number): GoObject {
  return {
    time: formatTimestamp(atMs),
    availableBytes: 70 * GIB,
    capacityBytes: DISK.capacityBytes,
    usedBytes,
    inodesFree: DISK.inodes - 400_000,
    inodes: DISK.inodes,
    inodesUsed,
  };
}

function volumeStats(claim: string, namespace: string, nowMs: number): GoValue {
  return {
    ...diskStats(onMinute(nowMs), (1 + (hashText(4, claim) % 4096)) * MIB, 900),
    name: 'data',
    pvcRef: { name: claim, namespace },
  };
}

function onMinute(atMs: number): number {
  return Math.floor(atMs / DISK_PERIOD_MS) * DISK_PERIOD_MS;
}

function layerBytes({ container }: ContainerView): number {
  return 8192 * (1 + (container.seed % 640));
}

/** Logs grow by 40 bytes a second and are rotated at 10 MiB. */
function logBytes({ startMs }: ContainerView, nowMs: number): number {
  const lines = Math.floor(Math.max(0, nowMs - startMs) / 1000);
  return (lines * 40) % (10 * MIB);
}

function writtenBytes(view: ContainerView, nowMs: number): number {
  return (view.sample.fromRuntime ? 0 : layerBytes(view)) + logBytes(view, nowMs);
}

const UNITS = new Map([
  ['Ki', 1024n],
  ['Mi', 1024n ** 2n],
  ['Gi', 1024n ** 3n],
]);

/** The memory limit in bytes. Limits in the world are whole Ki, Mi or Gi. */
export function memoryLimit(
  limits: Readonly<Record<string, string>> | undefined,
): bigint | undefined {
  const text = limits?.['memory'];
  if (text === undefined) return undefined;
  const unit = UNITS.get(text.slice(-2));
  if (unit === undefined)
    throw new RangeError(`Cannot read the limit "${text}": expected Ki, Mi or Gi`);
  return BigInt(text.slice(0, -2)) * unit;
}
