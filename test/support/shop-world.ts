import type { Clock } from '../../src/clock.ts';
import { burst, idle, steady, wave } from '../../src/simulator/workloads.ts';
import { World } from '../../src/simulator/world.ts';
import type { PodPlan } from '../../src/simulator/world-objects.ts';
import { aContainerPlan, aNodePlan, aPodPlan } from './a-world.ts';

const HOUR_MS = 3_600_000;

/** What this world uses of a pod's plan. */
export interface ShopPod extends Partial<PodPlan> {
  readonly name: string;
}

/**
 * A world small enough to say by heart what it uses: three nodes; pods with steady, rising, bursting and no
 * load, with one container and with two; a static pod; one that is not running.
 */
export function shopWorld(clock: Clock, podsBesides: readonly ShopPod[] = []): World {
  const nowMs = Math.floor(clock.nowMs());
  const world = new World({ seed: 11, clock });
  for (const [at, zone] of ['a', 'b', 'b'].entries()) {
    const name = `node-${at + 1}`;
    world.addNode(
      aNodePlan({
        name,
        uid: `uid-of-${name}`,
        bootMs: nowMs - 24 * HOUR_MS,
        zone: `zone-${zone}`,
      }),
    );
  }
  for (const pod of [...PODS, ...podsBesides]) {
    world.addPod(aPodPlan({ startMs: nowMs - HOUR_MS, ...pod }));
  }
  return world;
}

const PODS: readonly ShopPod[] = [
  { name: 'cart-0', labels: { app: 'cart', tier: 'api' } },
  {
    name: 'web-0',
    labels: { app: 'web', tier: 'front' },
    containers: [
      aContainerPlan(steady({ milliCores: 100, memoryMib: 128 }), { name: 'web' }),
      aContainerPlan(steady({ milliCores: 12, memoryMib: 24 }), { name: 'proxy' }),
    ],
  },
  {
    name: 'web-1',
    nodeName: 'node-2',
    labels: { app: 'web', tier: 'front', canary: '' },
    containers: [
      aContainerPlan(steady({ milliCores: 90, memoryMib: 120 }), { name: 'web' }),
      aContainerPlan(steady({ milliCores: 11, memoryMib: 25 }), { name: 'proxy' }),
    ],
  },
  {
    namespace: 'data',
    name: 'orders-0',
    nodeName: 'node-2',
    labels: { app: 'orders', tier: 'database' },
    containers: [
      aContainerPlan(
        wave({ lowMilliCores: 40, highMilliCores: 300, memoryMib: 512, periodMs: 120_000 }),
      ),
    ],
  },
  {
    namespace: 'data',
    name: 'queue-0',
    nodeName: 'node-3',
    labels: { app: 'queue', tier: 'queue' },
    containers: [
      aContainerPlan(
        burst({
          lowMilliCores: 15,
          highMilliCores: 900,
          memoryMib: 200,
          periodMs: 60_000,
          busyMs: 20_000,
        }),
      ),
    ],
  },
  {
    namespace: 'data',
    name: 'sleeper',
    nodeName: 'node-3',
    labels: {},
    containers: [aContainerPlan(idle({ memoryMib: 8 }))],
  },
  {
    namespace: 'kube-system',
    name: 'etcd-node-1',
    labels: { app: 'etcd' },
    configHash: '0123456789abcdef0123456789abcdef',
    containers: [aContainerPlan(steady({ milliCores: 55, memoryMib: 140 }), { name: 'etcd' })],
  },
  { name: 'waiting', nodeName: '', phase: 'Pending', labels: { app: 'waiting' } },
];
