import { type PodContainer, containersOf } from './joined-containers.ts';
import { type KubeObject, textAt } from './kube-object.ts';
import { type RunContainer, type RunPod, nextChangeMs, statusAt } from './joined-status.ts';
import { hashText } from './seed.ts';
import type { SharedLoad } from './shared-load.ts';
import type { World } from './world.ts';
import { type Workload, idle, restarting, steady } from './workloads.ts';

/** Longer than anybody watches. */
const FOREVER_MS = 2 ** 40;
const NODE_IP = '127.0.0.1';

export interface JoinedPodParts {
  readonly object: KubeObject;
  readonly world: World;
  /** The load of a name that several containers share. Throws for an unknown one. */
  readonly sharedLoad: (name: string) => SharedLoad;
  readonly nowMs: number;
}

/** A pod of a real API server that a simulated kubelet runs: its figures are in the world, its status here. */
export class JoinedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string;
  private readonly world: World;
  private readonly shared: readonly { readonly load: SharedLoad; readonly key: string }[];
  private readonly pod: RunPod;

  /** @throws SyntaxError for an annotation that cannot be read. */
  constructor({ object, world, sharedLoad, nowMs }: JoinedPodParts) {
    const { namespace = 'default', name, uid = '' } = object.metadata;
    this.namespace = namespace;
    this.name = name;
    this.uid = uid;
    this.nodeName = textAt(object, 'spec', 'nodeName');
    this.world = world;
    // Who was started before this program was: it goes on with the same ages.
    const startMs = Date.parse(textAt(object, 'status', 'startTime')) || nowMs;
    const plans = containersOf(object).map((container) => {
      const { load } = container;
      const key = `${uid}/${container.name}`;
      const shared = load.shared === undefined ? undefined : sharedLoad(load.shared);
      const workload = shared ? shared.join(key, nowMs) : ownWorkload(container);
      return { ...container, key, shared, workload };
    });
    const reported = plans.filter(({ load }) => load.hasFigures);
    this.shared = plans.flatMap(({ shared, key }) => (shared ? [{ load: shared, key }] : []));
    const { containers } = world.addPod({
      namespace,
      name,
      uid,
      nodeName: this.nodeName,
      phase: 'Running',
      startMs,
      labels: object.metadata.labels ?? {},
      owner: undefined,
      configHash: undefined,
      containers: reported,
    });
    this.pod = {
      uid,
      startMs,
      scheduledMs: Date.parse(object.metadata.creationTimestamp ?? '') || startMs,
      podIp: `10.244.${hashText(1, uid) % 256}.${1 + (hashText(2, uid) % 254)}`,
      hostIp: NODE_IP,
      containers: plans.map((plan): RunContainer => {
        const inWorld = containers.find(({ name: known }) => known === plan.name);
        const containerStartMs = inWorld?.startMs ?? startMs + plan.startsAfterMs;
        plan.shared?.startsAt(plan.key, containerStartMs);
        return {
          ...plan,
          startMs: containerStartMs,
          readyMs: containerStartMs + plan.load.readyAfterMs,
          exitCode: plan.load.exitCode,
        };
      }),
    };
  }

  /** The `status` to be written at a moment. */
  status(nowMs: number): object {
    return statusAt(this.pod, nowMs);
  }

  /** When the status has to be written next; Infinity: not by itself. */
  nextChangeMs(nowMs: number): number {
    return nextChangeMs(this.pod, nowMs);
  }

  /** Takes it off its node. */
  end(nowMs: number): void {
    for (const { load, key } of this.shared) load.leave(key, nowMs);
    this.world.removePod(this.namespace, this.name);
  }
}

function ownWorkload({ load, runMs, restarts }: PodContainer): Workload {
  if (runMs === Number.POSITIVE_INFINITY) return load.milliCores === 0 ? idle(load) : steady(load);
  const workload = restarting({ ...load, runMs });
  if (restarts) return workload;
  return { ...workload, lives: { runMs, backOffMs: FOREVER_MS, maxBackOffMs: FOREVER_MS } };
}
