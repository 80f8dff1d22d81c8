import { formatTimestamp } from './timestamps.ts';
import { hashText, hexOf } from './seed.ts';
import { lifeAt } from './workloads.ts';
import type { Life, Workload } from './workloads.ts';

/** Nodes, pods and namespaces of the simulated world as the Kubernetes API shows them: plain JSON values. */
export interface WorldObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  /** RFC 3339 with whole seconds. */
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly generateName?: string;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface NamespaceObject extends WorldObject {
  readonly kind: 'Namespace';
  readonly spec: object;
  readonly status: object;
}

export interface NodeObject extends WorldObject {
  readonly kind: 'Node';
  readonly spec: object;
  readonly status: NodeStatus;
}

interface NodeStatus {
  readonly capacity?: Readonly<Record<string, string>>;
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly conditions?: readonly Condition[];
  readonly addresses?: readonly NodeAddress[];
  readonly daemonEndpoints?: { readonly kubeletEndpoint: { readonly Port: number } };
}

interface NodeAddress {
  readonly type: string;
  readonly address: string;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastHeartbeatTime?: string;
  readonly lastProbeTime?: null;
  readonly lastTransitionTime: string;
  readonly reason?: string;
  readonly message?: string;
}

type PodPhase = 'Running' | 'Pending' | 'Succeeded';

export interface PodObject extends WorldObject {
  readonly kind: 'Pod';
  readonly spec: PodSpec;
  readonly status: PodStatus;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly containers: readonly { readonly name: string }[];
}

export interface PodStatus {
  readonly phase: string;
  readonly startTime?: string;
}

/** What a node shall be. */
export interface NodePlan {
  readonly name: string;
  readonly uid: string;
  readonly bootMs: number;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly zone: string;
  /** Further labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a container shall be. Quantities as in a manifest: `{ cpu: '100m', memory: '64Mi' }`. */
export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
  readonly workload: Workload;
  /** How much later than a pod's containers usually start, ms; default 0. */
  readonly startsAfterMs?: number;
}

/** What a pod shall be. */
export interface PodPlan {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string;
  readonly phase: PodPhase;
  readonly startMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: Omit<OwnerReference, 'controller' | 'blockOwnerDeletion'> | undefined;
  /** Of a static pod: the hash of its file, which is its uid for the kubelet and an annotation in the API. */
  readonly configHash: string | undefined;
  readonly containers: readonly ContainerPlan[];
}

/** The port written before a kubelet listens: that of real kubelets. */
const KUBELET_PORT = 10250;
const KUBELET_VERSION = 'v1.36.3';
/** How long a pod that succeeded had run. */
const JOB_MS = 60_000;
const EXIT_REASONS = new Map([
  [0, 'Completed'],
  [137, 'OOMKilled'],
]);

export function namespaceObject(name: string, uid: string, createdMs: number): NamespaceObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid,
      creationTimestamp: formatTimestamp(createdMs),
      labels: { 'kubernetes.io/metadata.name': name },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

export function nodeObject(plan: NodePlan, nowMs: number): NodeObject {
  const memoryKi = Math.floor(plan.memoryBytes / 1024);
  const resources = { cpu: String(plan.cores), 'ephemeral-storage': '101430960Ki' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: plan.name,
      uid: plan.uid,
      creationTimestamp: formatTimestamp(plan.bootMs + 30_000),
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': plan.name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/region': 'simulated',
        'topology.kubernetes.io/zone': plan.zone,
        ...plan.labels,
      },
      annotations: { 'node.alpha.kubernetes.io/ttl': '0', ...plan.annotations },
    },
    spec: {},
    status: {
      capacity: { ...resources, memory: `${memoryKi}Ki`, pods: '110' },
      // The kubelet keeps 100 MiB back for eviction (its default hard threshold).
      allocatable: { ...resources, memory: `${memoryKi - 102_400}Ki`, pods: '110' },
      conditions: nodeConditions(true, plan.bootMs + 45_000, nowMs),
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: plan.name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
      nodeInfo: {
        architecture: 'amd64',
        bootID: '00000000-0000-0000-0000-000000000000',
        containerRuntimeVersion: 'containerd://2.2.9',
        kernelVersion: '6.18.44',
        kubeProxyVersion: '',
        kubeletVersion: KUBELET_VERSION,
        machineID: '00000000000000000000000000000000',
        operatingSystem: 'linux',
        osImage: 'Simulated Linux',
        systemUUID: plan.uid,
      },
    } as NodeStatus,
  };
}

/** The conditions of a node that is ready, or of one whose kubelet stopped posting. */
export function nodeConditions(ready: boolean, sinceMs: number, nowMs: number): Condition[] {
  const times = {
    lastHeartbeatTime: formatTimestamp(nowMs),
    lastTransitionTime: formatTimestamp(sinceMs),
  };
  const pressures = ['Memory', 'Disk', 'PID'].map((what) => ({
    type: `${what}Pressure`,
    status: ready ? 'False' : 'Unknown',
    ...times,
    reason: ready
      ? `KubeletHas${what === 'Disk' ? 'No' : 'Sufficient'}${what}`
      : 'NodeStatusUnknown',
    message: ready ? `kubelet reports no ${what} pressure` : 'Kubelet stopped posting node status.',
  }));
  return [
    ...pressures,
    {
      type: 'Ready',
      status: ready ? 'True' : 'Unknown',
      ...times,
      reason: ready ? 'KubeletReady' : 'NodeStatusUnknown',
      message: ready ? 'kubelet is posting ready status' : 'Kubelet stopped posting node status.',
    },
  ];
}

export function podObject(
  plan: PodPlan,
  containerStartMs: readonly number[],
  nowMs: number,
): PodObject {
  const { owner, configHash } = plan;
  const created = formatTimestamp(plan.startMs);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: plan.name,
      namespace: plan.namespace,
      uid: plan.uid,
      creationTimestamp: created,
      labels: plan.labels,
      ...(configHash && {
        annotations: {
          'kubernetes.io/config.hash': configHash,
          'kubernetes.io/config.mirror': configHash,
          'kubernetes.io/config.seen': created,
          'kubernetes.io/config.source': 'file',
        },
      }),
      ...(owner && { ownerReferences: [{ ...owner, controller: true }] }),
    },
    spec: podSpec(plan),
    status: podStatus(plan, containerStartMs, nowMs),
  };
}

function podSpec(plan: PodPlan): PodSpec {
  return {
    ...(plan.nodeName && { nodeName: plan.nodeName }),
    containers: plan.containers.map(({ name, image, requests, limits }) => ({
      name,
      image,
      imagePullPolicy: 'IfNotPresent',
      resources: { ...(requests && { requests }), ...(limits && { limits }) },
    })),
    restartPolicy: plan.phase === 'Succeeded' ? 'Never' : 'Always',
    schedulerName: 'default-scheduler',
  } as PodSpec;
}

/** The status of a pod at a moment: what changes in it is how often its containers were restarted. */
export function podStatus(
  plan: PodPlan,
  containerStartMs: readonly number[],
  nowMs: number,
): PodStatus {
  if (plan.phase === 'Pending') return pendingStatus(plan);
  const statuses = plan.containers.map((container, at) =>
    containerStatus(plan, container, containerStartMs[at] ?? plan.startMs, nowMs),
  );
  const ready = statuses.every((status) => status.ready);
  const reason =
    plan.phase === 'Succeeded' ? 'PodCompleted' : ready ? undefined : 'ContainersNotReady';
  const condition = (type: string, holds: boolean): Condition => ({
    type,
    status: holds ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: formatTimestamp(plan.startMs),
    ...(!holds && reason && { reason }),
  });
  const ip = `10.244.${hashText(1, plan.nodeName) % 256}.${1 + (hashText(2, plan.uid) % 254)}`;
  return {
    phase: plan.phase,
    conditions: [
      condition('PodReadyToStartContainers', plan.phase === 'Running'),
      condition('Initialized', true),
      condition('Ready', ready),
      condition('ContainersReady', ready),
      condition('PodScheduled', true),
    ],
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }],
    podIP: ip,
    podIPs: [{ ip }],
    startTime: formatTimestamp(plan.startMs),
    containerStatuses: statuses,
    qosClass: qosClass(plan),
  } as PodStatus;
}

function pendingStatus(plan: PodPlan): PodStatus {
  return {
    phase: 'Pending',
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: formatTimestamp(plan.startMs),
        reason: 'Unschedulable',
        message: 'no node has enough memory for this pod',
      },
    ],
    qosClass: qosClass(plan),
  } as PodStatus;
}

function containerStatus(plan: PodPlan, container: ContainerPlan, startMs: number, nowMs: number) {
  const life = lifeAt(container.workload, Math.max(0, nowMs - startMs));
  const running = plan.phase === 'Running' && life.running;
  const id = (restart: number) =>
    `containerd://${hexOf(restart, plan.uid + container.name).repeat(2)}`;
  const ended = (of: Life, exitCode: number, finishedMs = startMs + of.untilMs) => ({
    containerID: id(of.restarts),
    exitCode,
    reason: EXIT_REASONS.get(exitCode) ?? 'Error',
    startedAt: formatTimestamp(startMs + of.fromMs),
    finishedAt: formatTimestamp(finishedMs),
  });
  const failureCode = container.workload.kind === 'leak' ? 137 : 1;
  const finished = plan.phase === 'Succeeded';
  const waiting = {
    waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' },
  };
  const before = life.running ? previousLife(container.workload, life) : life;
  return {
    name: container.name,
    image: container.image,
    imageID: `sha256:${hexOf(3, container.image).repeat(2)}`,
    containerID: id(life.restarts),
    ready: running,
    started: running,
    restartCount: life.restarts,
    state: running
      ? { running: { startedAt: formatTimestamp(startMs + life.fromMs) } }
      : finished
        ? { terminated: ended(life, 0, startMs + JOB_MS) }
        : waiting,
    lastState: before && !finished ? { terminated: ended(before, failureCode) } : {},
  };
}

/** The life before this one. */
function previousLife(workload: Workload, life: Life): Life | undefined {
  return life.fromMs > 0 ? lifeAt(workload, life.fromMs - 1) : undefined;
}

function qosClass({ containers }: PodPlan): string {
  const amounts = containers.map(({ requests = {}, limits = {} }) => [
    requests['cpu'],
    requests['memory'],
    limits['cpu'],
    limits['memory'],
  ]);
  if (amounts.every((amount) => amount.every((value) => value === undefined))) return 'BestEffort';
  const guaranteed = amounts.every(
    ([cpu, memory, cpuLimit, memoryLimit]) =>
      cpuLimit !== undefined &&
      memoryLimit !== undefined &&
      (cpu ?? cpuLimit) === cpuLimit &&
      (memory ?? memoryLimit) === memoryLimit,
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
