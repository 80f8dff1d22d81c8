import type { Clock } from '../../src/clock.ts';
import { steady } from '../../src/simulator/workloads.ts';
import type { Workload } from '../../src/simulator/workloads.ts';
import { World } from '../../src/simulator/world.ts';
import type { ContainerPlan, NodePlan, PodPlan } from '../../src/simulator/world-objects.ts';

/** A clock that stands still until it is set. */
export interface HeldClock extends Clock {
  set(nowMs: number): void;
}

export const NOON_MS = Date.UTC(2026, 10, 21, 12);
const DAY_MS = 86_400_000;

export function aHeldClock(nowMs = NOON_MS): HeldClock {
  let held = nowMs;
  return {
    nowMs: () => held,
    monotonicMs: () => held,
    set: (next) => {
      held = next;
    },
  };
}

export function aNodePlan(plan: Partial<NodePlan> = {}): NodePlan {
  return {
    name: 'node-1',
    uid: 'node-uid',
    bootMs: NOON_MS - DAY_MS,
    cores: 4,
    memoryBytes: 16 * 1024 ** 3,
    zone: 'zone-a',
    labels: {},
    annotations: {},
    ...plan,
  };
}

export function aContainerPlan(
  workload: Workload = steady({ milliCores: 250, memoryMib: 64 }),
  plan: Partial<ContainerPlan> = {},
): ContainerPlan {
  return { name: 'main', image: 'shop/main:1.0', workload, ...plan };
}

export function aPodPlan(plan: Partial<PodPlan> = {}): PodPlan {
  const { namespace = 'shop', name = 'cart-0' } = plan;
  return {
    namespace,
    name,
    uid: `uid-of-${name}`,
    nodeName: 'node-1',
    phase: 'Running',
    startMs: NOON_MS - 3_600_000,
    labels: { app: 'cart' },
    owner: undefined,
    configHash: undefined,
    containers: [aContainerPlan()],
    ...plan,
  };
}

/** A world of one node with these pods. */
export function aWorld(
  pods: readonly PodPlan[] = [aPodPlan()],
  clock: Clock = aHeldClock(),
): World {
  const world = new World({ seed: 7, clock });
  world.addNode(aNodePlan());
  for (const plan of pods) world.addPod(plan);
  return world;
}
