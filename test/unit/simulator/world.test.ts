import { describe, expect, test } from '@jest/globals';
import { idle, restarting, steady } from '../../../src/simulator/workloads.ts';
import {
  containerLifeAt,
  cpuNanosAt,
  createWorld,
  nodeCpuNanosAt,
  nodeWorkingSetAt,
  podCpuNanosAt,
} from '../../../src/simulator/world.ts';
import type { SimulatedNode, World, WorldChange } from '../../../src/simulator/world.ts';
import type { WorldObject } from '../../../src/simulator/world-objects.ts';
import { aContainerPlan, aHeldClock, aPodPlan, aWorld, NOON_MS } from '../../support/a-world.ts';

const MIB = 1024 * 1024;

function changesOf(world: World, act: () => void): string[] {
  const seen: WorldChange[] = [];
  const stop = world.subscribe((change) => seen.push(change));
  act();
  stop();
  return seen.map(({ type, object }) => `${type} ${object.kind} ${object.metadata.name}`);
}

function nodeOf(world: World, name = 'node-1'): SimulatedNode {
  const node = world.node(name);
  if (!node) throw new Error(`no node ${name}`);
  return node;
}

describe('createWorld', () => {
  const world = createWorld({ nodes: 5, pods: 60, clock: aHeldClock() });
  const running = world.pods().filter(({ object }) => object.status.phase === 'Running');

  test('makes the demo: 5 nodes, 60 running pods in 4 namespaces, 12 a node', () => {
    expect(world.nodes().map(({ name }) => name)).toEqual([
      'node-1',
      'node-2',
      'node-3',
      'node-4',
      'node-5',
    ]);
    expect(world.namespaces().map(({ metadata }) => metadata.name)).toEqual([
      'shop',
      'data',
      'monitoring',
      'kube-system',
    ]);
    expect(running).toHaveLength(60);
    const perNode = world
      .nodes()
      .map(
        ({ name }) =>
          [...world.podsOn(name)].filter(({ containers }) => containers.length > 0).length,
      );
    expect(perNode).toEqual([12, 12, 12, 12, 12]);
  });

  test('has every kind of workload, pods of several containers, and every owner', () => {
    const kinds = running.flatMap(({ containers }) =>
      containers.map(({ workload }) => workload.kind),
    );
    const owners = running.map(({ object }) => object.metadata.ownerReferences?.[0]?.kind);

    expect([...new Set(kinds)].sort()).toEqual([
      'burst',
      'idle',
      'leak',
      'restarting',
      'steady',
      'wave',
    ]);
    expect(Math.max(...running.map(({ containers }) => containers.length))).toBe(2);
    expect([...new Set(owners)].sort()).toEqual(['DaemonSet', 'Node', 'ReplicaSet', 'StatefulSet']);
  });

  test('also has pods without figures: one Pending without a node, two Succeeded', () => {
    const others = world.pods().filter(({ object }) => object.status.phase !== 'Running');

    expect(others.map(({ object }) => object.status.phase).sort()).toEqual([
      'Pending',
      'Succeeded',
      'Succeeded',
    ]);
    expect(others.map(({ containers }) => containers.length)).toEqual([0, 0, 0]);
    expect(
      others.find(({ object }) => object.status.phase === 'Pending')?.object.spec.nodeName,
    ).toBe(undefined);
  });

  test('gives static pods the hash of their file as uid of the kubelet and as annotation', () => {
    const statics = running.filter(({ kubeletUid, object }) => kubeletUid !== object.metadata.uid);

    expect(statics.map(({ name }) => name)).toEqual([
      'kube-apiserver-node-1',
      'etcd-node-1',
      'kube-controller-manager-node-1',
      'kube-scheduler-node-1',
    ]);
    for (const { object, kubeletUid } of statics) {
      expect(kubeletUid).toMatch(/^[0-9a-f]{32}$/);
      expect(object.metadata.annotations?.['kubernetes.io/config.mirror']).toBe(kubeletUid);
    }
  });

  test('is the same world for the same seed, and another for another', () => {
    const objects = (seed: number) =>
      createWorld({ nodes: 3, podsPerNode: 10, seed, clock: aHeldClock() })
        .pods()
        .map(({ object }) => object);

    expect(objects(1)).toEqual(objects(1));
    expect(objects(1)).not.toEqual(objects(2));
  });

  test.each([
    { nodes: 1, podsPerNode: 1, namespaces: 1 },
    { nodes: 3, podsPerNode: 10, namespaces: 2 },
    { nodes: 20, podsPerNode: 110, namespaces: 9 },
  ])('fills $nodes nodes with $podsPerNode pods each', ({ nodes, podsPerNode, namespaces }) => {
    const filled = createWorld({
      nodes,
      podsPerNode,
      namespaces,
      withoutFigures: false,
      clock: aHeldClock(),
    });
    const keys = new Set(filled.pods().map(({ namespace, name }) => `${namespace}/${name}`));

    expect(filled.nodes().map(({ name }) => [...filled.podsOn(name)].length)).toEqual(
      Array<number>(nodes).fill(podsPerNode),
    );
    expect(keys.size).toBe(nodes * podsPerNode);
    expect(filled.namespaces()).toHaveLength(namespaces);
  });

  test('uses less than its nodes have', () => {
    for (const node of world.nodes()) {
      const cores =
        Number(
          nodeCpuNanosAt(world, node, NOON_MS) - nodeCpuNanosAt(world, node, NOON_MS - 60_000),
        ) / 60e9;

      expect(cores).toBeLessThan(node.plan?.cores ?? 0);
      expect(nodeWorkingSetAt(world, node, NOON_MS)).toBeLessThan(node.plan?.memoryBytes ?? 0);
    }
  });

  test('refuses pods without a node', () => {
    expect(() => createWorld({ nodes: 0, pods: 3, clock: aHeldClock() })).toThrow(RangeError);
  });
});

describe('World', () => {
  test('tells what was added and taken away', () => {
    const world = aWorld();
    const pod = aPodPlan({ namespace: 'fresh', name: 'cart-1' });

    expect(changesOf(world, () => world.addPod(pod))).toEqual([
      'added Namespace fresh',
      'added Pod cart-1',
    ]);
    expect(changesOf(world, () => world.removePod('fresh', 'cart-1'))).toEqual([
      'deleted Pod cart-1',
    ]);
    expect(
      changesOf(world, () => {
        world.removeNode('node-1');
      }),
    ).toEqual(['deleted Pod cart-0', 'deleted Node node-1']);
    expect(world.nodes()).toEqual([]);
    expect(world.pods()).toEqual([]);
  });

  test('moves a pod of a StatefulSet: the same name, another uid, started now', () => {
    const clock = aHeldClock();
    const world = createWorld({ nodes: 2, podsPerNode: 10, clock });
    const before = world.pod('data', 'orders-db-0');
    const to = before?.nodeName === 'node-1' ? 'node-2' : 'node-1';
    clock.set(NOON_MS + 5_000);

    const changes = changesOf(world, () => world.movePod('data', 'orders-db-0', to));

    const after = world.pod('data', 'orders-db-0');
    expect(changes).toEqual(['deleted Pod orders-db-0', 'added Pod orders-db-0']);
    expect(after?.object.spec.nodeName).toBe(to);
    expect(after?.object.metadata.uid).not.toBe(before?.object.metadata.uid);
    expect(after?.object.status.startTime).toBe('2026-11-21T12:00:05Z');
    expect([...world.podsOn(before?.nodeName ?? '')].map(({ name }) => name)).not.toContain(
      'orders-db-0',
    );
  });

  test('changes a node: readiness and the port of its kubelet', () => {
    const world = aWorld();

    const changes = changesOf(world, () => {
      world.setNodeReady('node-1', false);
      world.setKubeletPort('node-1', 4242);
      world.setKubeletPort('node-1', 4242);
    });

    const { status } = nodeOf(world).object;
    expect(changes).toEqual(['modified Node node-1', 'modified Node node-1']);
    expect(status.daemonEndpoints?.kubeletEndpoint.Port).toBe(4242);
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('Unknown');
    expect(status.addresses?.[0]).toEqual({ type: 'InternalIP', address: '127.0.0.1' });
  });

  test('refuses what cannot be', () => {
    const world = aWorld();

    expect(() => world.addPod(aPodPlan())).toThrow('Cannot add pod "shop/cart-0": it exists');
    expect(() => world.removePod('shop', 'none')).toThrow('Cannot remove pod "shop/none"');
    expect(() => {
      world.removeNode('none');
    }).toThrow('Cannot find node "none"');
  });

  test('shows restarts in the status once it is refreshed', () => {
    const clock = aHeldClock();
    const loop = restarting({ milliCores: 10, memoryMib: 8, runMs: 30_000 });
    const world = aWorld(
      [aPodPlan({ startMs: NOON_MS, containers: [aContainerPlan(loop)] })],
      clock,
    );
    const first = world.pod('shop', 'cart-0')?.containers[0]?.startMs ?? 0;
    const statusAt = (ageMs: number): WorldObject | undefined => {
      clock.set(first + ageMs);
      world.refreshStatuses();
      return world.pod('shop', 'cart-0')?.object;
    };

    expect(statusAt(31_000)).toMatchObject({
      status: {
        phase: 'Running',
        containerStatuses: [
          { restartCount: 0, ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        ],
      },
    });
    expect(statusAt(41_000)).toMatchObject({
      status: {
        containerStatuses: [
          {
            restartCount: 1,
            ready: true,
            lastState: { terminated: { exitCode: 1, reason: 'Error' } },
          },
        ],
      },
    });
    expect(
      changesOf(world, () => {
        world.refreshStatuses();
      }),
    ).toEqual([]);
  });
});

describe('usage', () => {
  test('of a container is the integral of its workload since it started', () => {
    const world = aWorld();
    const [container] = world.pod('shop', 'cart-0')?.containers ?? [];
    if (!container) throw new Error('no container');

    expect(cpuNanosAt(container, container.startMs + 100_000)).toBe(25_000_000_000n);
    expect(cpuNanosAt(container, container.startMs - 1)).toBe(0n);
    expect(containerLifeAt(container, container.startMs - 1)).toBeUndefined();
  });

  test('of a node is that of its pods and of its system since boot', () => {
    const pods = [
      aPodPlan({
        name: 'a',
        containers: [aContainerPlan(steady({ milliCores: 100, memoryMib: 10 }))],
      }),
      aPodPlan({ name: 'b', containers: [aContainerPlan(idle({ memoryMib: 20 }))] }),
    ];
    const world = aWorld(pods);
    const node = nodeOf(world);
    const [a] = world.pod('shop', 'a')?.containers ?? [];
    const bootMs = node.plan?.bootMs ?? 0;

    const expected =
      BigInt(node.systemMicroCores) * BigInt(NOON_MS - bootMs) +
      100_000n * BigInt(NOON_MS - (a?.startMs ?? 0)) +
      17_099_058n;
    expect(nodeCpuNanosAt(world, node, NOON_MS)).toBe(expected);
    expect(nodeWorkingSetAt(world, node, NOON_MS)).toBe(node.systemMemoryBytes + 30 * MIB);
  });

  test('of a node does not fall when a pod leaves, however many have left', () => {
    const clock = aHeldClock();
    const world = aWorld([aPodPlan({ name: 'a' }), aPodPlan({ name: 'b' })], clock);
    const node = nodeOf(world);
    const leaving = ['a', 'b'].flatMap((name) => world.pod('shop', name) ?? []);
    const counters: bigint[] = [nodeCpuNanosAt(world, node, NOON_MS)];

    for (const [turn, pod] of leaving.entries()) {
      const nowMs = NOON_MS + (turn + 1) * 300_000;
      clock.set(nowMs);
      world.removePod(pod.namespace, pod.name);
      counters.push(
        nodeCpuNanosAt(world, node, nowMs),
        nodeCpuNanosAt(world, node, nowMs + 10_000),
      );
    }

    const used = leaving.map((pod, turn) => podCpuNanosAt(pod, NOON_MS + (turn + 1) * 300_000));
    const system =
      BigInt(node.systemMicroCores) * BigInt(NOON_MS + 610_000 - (node.plan?.bootMs ?? 0));
    expect([...counters].sort((x, y) => (x < y ? -1 : 1))).toEqual(counters);
    expect(counters.at(-1)).toBe(system + used.reduce((sum, nanos) => sum + nanos, 0n));
  });
});
