import type { ContainerRole } from './joined-containers.ts';
import { formatTimestamp } from './timestamps.ts';
import { hexOf } from './seed.ts';
import type { Condition } from './world-objects.ts';
import { lifeAt } from './workloads.ts';
import type { Life, Workload } from './workloads.ts';

/** A container of a pod that a simulated kubelet runs for a real API server. */
export interface RunContainer {
  readonly name: string;
  readonly image: string;
  readonly role: ContainerRole;
  readonly workload: Workload;
  readonly startMs: number;
  /** Infinity: never. */
  readonly readyMs: number;
  readonly exitCode: number;
  /** Whether it is started again after its end. */
  readonly restarts: boolean;
}

export interface RunPod {
  readonly uid: string;
  /** When the kubelet took it up. */
  readonly startMs: number;
  readonly scheduledMs: number;
  readonly podIp: string;
  readonly hostIp: string;
  /** In the order in which they start. */
  readonly containers: readonly RunContainer[];
}

type ContainerState = 'creating' | 'running' | 'waiting' | 'ended';

function stateAt({ workload, startMs, restarts }: RunContainer, nowMs: number): ContainerState {
  if (nowMs < startMs) return 'creating';
  if (lifeAt(workload, nowMs - startMs).running) return 'running';
  return restarts ? 'waiting' : 'ended';
}

/** The status of a pod at a moment, as its kubelet would write it. */
export function statusAt(pod: RunPod, nowMs: number): object {
  const seen = pod.containers.map((container) => ({ container, state: stateAt(container, nowMs) }));
  const phase = phaseOf(seen);
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const isInitialized = seen.every(isPastInit);
  const isReady = seen.every(
    ({ container, state }) =>
      container.role === 'init' || isContainerReady(container, state, nowMs),
  );
  const readiness = phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady';
  const condition = (
    type: string,
    holds: boolean,
    sinceMs: number,
    reason = readiness,
  ): Condition => ({
    type,
    status: holds ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: formatTimestamp(sinceMs),
    ...(!holds && { reason }),
  });
  const readySinceMs = lastReadinessChange(pod, nowMs);
  const reason = isInitialized ? 'ContainerCreating' : 'PodInitializing';
  const statuses = (isWanted: (container: RunContainer) => boolean): object[] =>
    seen
      .filter(({ container }) => isWanted(container))
      .map((each) => containerStatus(pod, each, reason, nowMs));
  const initStatuses = statuses(({ role }) => role !== 'main');
  return {
    phase,
    conditions: [
      condition('PodReadyToStartContainers', !isOver, pod.startMs),
      condition(
        'Initialized',
        isInitialized,
        isInitialized ? initializedMs(pod) : pod.startMs,
        'ContainersNotInitialized',
      ),
      condition('Ready', isReady, readySinceMs),
      condition('ContainersReady', isReady, readySinceMs),
      condition('PodScheduled', true, pod.scheduledMs),
    ],
    hostIP: pod.hostIp,
    hostIPs: [{ ip: pod.hostIp }],
    podIP: pod.podIp,
    podIPs: [{ ip: pod.podIp }],
    startTime: formatTimestamp(pod.startMs),
    ...(initStatuses.length > 0 && { initContainerStatuses: initStatuses }),
    containerStatuses: statuses(({ role }) => role === 'main'),
  };
}

interface SeenContainer {
  readonly container: RunContainer;
  readonly state: ContainerState;
}

/** Whether it no longer keeps the main containers from starting. */
function isPastInit({ container: { role }, state }: SeenContainer): boolean {
  if (role === 'main') return true;
  return role === 'init' ? state === 'ended' : state !== 'creating';
}

/** When the last init container ended, and the last sidecar started. */
function initializedMs({ containers, startMs }: RunPod): number {
  const moments = containers.flatMap((container) => {
    if (container.role === 'main') return [];
    const { untilMs } = lifeAt(container.workload, 0);
    return [container.startMs + (container.role === 'init' ? untilMs : 0)];
  });
  return Math.max(startMs, ...moments);
}

/** The next moment at which the status will be an other one; Infinity when it never will. */
export function nextChangeMs(pod: RunPod, nowMs: number): number {
  const moments = pod.containers.flatMap((container) => {
    const { workload, startMs, readyMs } = container;
    if (nowMs < startMs) return [startMs];
    const life = lifeAt(workload, nowMs - startMs);
    const restartMs = workload.lives
      ? startMs + nextLifeMs(workload, nowMs - startMs)
      : Number.POSITIVE_INFINITY;
    return [readyMs, startMs + life.untilMs, restartMs];
  });
  return Math.min(Number.POSITIVE_INFINITY, ...moments.filter((moment) => moment > nowMs));
}

/** The age at which the next life begins. */
function nextLifeMs(workload: Workload, ageMs: number): number {
  const { restarts, untilMs } = lifeAt(workload, ageMs);
  // Back-off doubles with every restart, up to its maximum.
  const { backOffMs = 0, maxBackOffMs = 0 } = workload.lives ?? {};
  return untilMs + Math.min(backOffMs * 2 ** restarts, maxBackOffMs);
}

function phaseOf(seen: readonly SeenContainer[]): string {
  const main = seen.filter(({ container }) => container.role === 'main');
  if (seen.every(({ state }) => state === 'ended')) {
    return main.every(({ container }) => container.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  return main.every(({ state }) => state === 'creating') ? 'Pending' : 'Running';
}

function isContainerReady(
  { role, readyMs }: RunContainer,
  state: ContainerState,
  nowMs: number,
): boolean {
  // An init container is ready when it is done.
  if (role === 'init') return state === 'ended';
  return state === 'running' && nowMs >= readyMs;
}

/** When the pod became what it is now, ready or not. */
function lastReadinessChange({ containers, startMs }: RunPod, nowMs: number): number {
  const moments = containers.flatMap((container) => {
    const { workload, readyMs } = container;
    if (nowMs < container.startMs) return [];
    const life = lifeAt(workload, nowMs - container.startMs);
    return [
      container.startMs + life.fromMs,
      container.startMs + life.untilMs,
      Math.max(readyMs, container.startMs),
    ];
  });
  return Math.max(startMs, ...moments.filter((moment) => moment <= nowMs));
}

function containerStatus(
  pod: RunPod,
  { container, state }: SeenContainer,
  waitingReason: string,
  nowMs: number,
): object {
  const { name, image, workload, startMs } = container;
  const life = lifeAt(workload, Math.max(0, nowMs - startMs));
  const containerID = `containerd://${hexOf(life.restarts, pod.uid + name).repeat(2)}`;
  const started = state === 'running';
  return {
    name,
    image,
    imageID: `sha256:${hexOf(3, image).repeat(2)}`,
    ...(state !== 'creating' && { containerID }),
    ready: isContainerReady(container, state, nowMs),
    started,
    restartCount: state === 'creating' ? 0 : life.restarts,
    state: stateOf(container, state, { life, containerID, waitingReason }),
    lastState: {},
  };
}

function stateOf(
  { startMs, exitCode }: RunContainer,
  state: ContainerState,
  told: { life: Life; containerID: string; waitingReason: string },
): object {
  const { life, containerID, waitingReason } = told;
  const startedAt = formatTimestamp(startMs + life.fromMs);
  switch (state) {
    case 'creating':
      return { waiting: { reason: waitingReason } };
    case 'running':
      return { running: { startedAt } };
    case 'waiting':
      return {
        waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' },
      };
    case 'ended':
      return {
        terminated: {
          containerID,
          exitCode,
          reason: exitCode === 0 ? 'Completed' : 'Error',
          startedAt,
          finishedAt: formatTimestamp(startMs + life.untilMs),
        },
      };
  }
}
