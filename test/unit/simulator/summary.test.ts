import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { viewNode } from '../../../src/simulator/samples.ts';
import { summaryText } from '../../../src/simulator/summary.ts';
import { burst, idle, steady } from '../../../src/simulator/workloads.ts';
import {
  cpuNanosAt,
  createWorld,
  nodeCpuNanosAt,
  workingSetAt,
} from '../../../src/simulator/world.ts';
import type { World } from '../../../src/simulator/world.ts';
import {
  aContainerPlan,
  aHeldClock,
  aNodePlan,
  aPodPlan,
  aWorld,
  NOON_MS,
} from '../../support/a-world.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/simulator');

interface Stats {
  readonly time: string;
  readonly usageNanoCores: number;
  readonly usageCoreNanoSeconds: number;
  readonly workingSetBytes: number;
  readonly psi?: unknown;
}

interface NamedStats {
  readonly name: string;
  readonly startTime: string;
  readonly cpu: Stats;
  readonly memory: Stats;
}

interface Summary {
  readonly node: NamedStats & { readonly nodeName: string };
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
    readonly startTime: string;
    readonly containers: readonly NamedStats[];
  }[];
}

function textAt(
  world: World,
  nowMs: number,
  onlyCpuAndMemory: boolean,
  nodeName = 'node-1',
): string {
  const node = world.node(nodeName);
  if (!node) throw new Error('no node');
  return summaryText(viewNode(world, node, nowMs), onlyCpuAndMemory);
}

function realSummary(name: string): { text: string; value: unknown } {
  const text = readFileSync(join(FIXTURES, name), 'utf8');
  return { text, value: JSON.parse(text) };
}

/** Members in their order, with the kind of their values; of an array, the different shapes in it. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    return [...new Set(value.map((item) => JSON.stringify(shapeOf(item))))];
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([name, member]) => [name, shapeOf(member)]);
  }
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)
    ? 'time'
    : typeof value;
}

const LIMITED = { limits: { memory: '32Mi' } };

/** Pods like those of the real captures, in the same order. */
function likeTheReal(names: readonly string[]): World {
  const plans = new Map([
    [
      'static-node-a',
      {
        configHash: '2b1575358db1214a658550c9ef4f8707',
        containers: [aContainerPlan(steady({ milliCores: 50, memoryMib: 1 }), LIMITED)],
      },
    ],
    [
      'two',
      {
        containers: [
          aContainerPlan(steady({ milliCores: 50, memoryMib: 1 }), LIMITED),
          aContainerPlan(idle(), { name: 'idle' }),
        ],
      },
    ],
  ]);
  return aWorld(names.map((name) => aPodPlan({ namespace: 'lab', name, ...plans.get(name) })));
}

describe('summaryText', () => {
  test.each([
    { name: 'real-summary-cpumem.json', only: true },
    { name: 'real-summary-full.json', only: false },
  ])('has the members of $name in their order, at every depth', ({ name, only }) => {
    const real = realSummary(name).value as Summary & { pods: { podRef: { name: string } }[] };
    const ours = JSON.parse(
      textAt(likeTheReal(['static-node-a', 'two']), NOON_MS, only),
    ) as Summary;
    const realPods = real.pods.filter(({ podRef }) => podRef.name !== 'volume');
    const find = (pods: Summary['pods'], pod: string) =>
      pods.find(({ podRef }) => podRef.name === pod);

    expect(shapeOf(ours.node)).toEqual(shapeOf(real.node));
    for (const pod of ['static-node-a', 'two']) {
      const [mine, theirs] = [find(ours.pods, pod), find(realPods, pod)];
      const byName = (containers: readonly NamedStats[] = []) =>
        [...containers].sort((a, b) => (a.name < b.name ? -1 : 1)).map(shapeOf);

      expect(shapeOf({ ...mine, containers: 0 })).toEqual(shapeOf({ ...theirs, containers: 0 }));
      // `burn` there is `main` here; both come after `idle` or stand alone.
      expect(byName(mine?.containers)).toEqual(
        pod === 'two' ? byName(theirs?.containers).reverse() : byName(theirs?.containers),
      );
    }
  });

  test.each([
    { name: 'real-summary-cpumem-young.json', only: true },
    { name: 'real-summary-full-young.json', only: false },
  ])('has the members of $name for a container of a second', ({ name, only }) => {
    const real = realSummary(name).value as Summary;
    const world = aWorld([
      aPodPlan({
        startMs: NOON_MS,
        containers: [aContainerPlan(steady({ milliCores: 1, memoryMib: 1 }), LIMITED)],
      }),
    ]);
    const startMs = world.pod('shop', 'cart-0')?.containers[0]?.startMs ?? 0;
    const ours = JSON.parse(textAt(world, startMs + 100, only)) as Summary;

    expect(shapeOf(ours.pods[0]?.containers)).toEqual(shapeOf(real.pods[0]?.containers));
    expect(ours.pods[0]?.containers[0]?.cpu).not.toHaveProperty('psi');
  });

  test('has volumes with their claims where a StatefulSet owns the pod, as the real one orders them', () => {
    const real = realSummary('real-summary-full.json').value as {
      pods: { podRef: { name: string } }[];
    };
    const world = createWorld({ nodes: 1, podsPerNode: 30, clock: aHeldClock() });
    const ours = JSON.parse(textAt(world, NOON_MS, false)) as typeof real;
    const keysOf = (pods: typeof real.pods, name: string) =>
      Object.keys(pods.find(({ podRef }) => podRef.name === name) ?? {});

    expect(keysOf(ours.pods, 'redis-0')).toEqual(keysOf(real.pods, 'volume'));
    expect(ours.pods.find(({ podRef }) => podRef.name === 'redis-0')).toMatchObject({
      volume: [{ name: 'data', pvcRef: { name: 'data-redis-0', namespace: 'data' } }],
    });
  });

  test.each(['real-summary-cpumem.json', 'real-summary-full.json', 'real-summary-full-young.json'])(
    'is laid out as %s',
    (name) => {
      const { text, value } = realSummary(name);
      // The real layout is JSON.stringify's with one blank of indent and no final newline ...
      expect(text).toBe(JSON.stringify(value, null, 1));
      // ... and so is ours (the numbers of this world are small enough to come through).
      const ours = textAt(likeTheReal(['static-node-a', 'two']), NOON_MS, name.includes('cpumem'));
      expect(ours).toBe(JSON.stringify(JSON.parse(ours), null, 1));
    },
  );

  test('says of every container what the world says of the second of its sample', () => {
    const world = createWorld({ nodes: 2, podsPerNode: 20, clock: aHeldClock() });
    const summary = JSON.parse(textAt(world, NOON_MS, true)) as Summary;
    const node = world.node('node-1');
    const view = node && viewNode(world, node, NOON_MS);

    const expected = view?.pods.flatMap(({ pod, containers }) =>
      containers.map(({ container, startMs, sample }) => ({
        pod: pod.name,
        uid: pod.kubeletUid,
        name: container.name,
        startTime: `${new Date(startMs).toISOString().slice(0, 19)}Z`,
        time: `${new Date(sample.atMs).toISOString().slice(0, 19)}Z`,
        cpu: Number(cpuNanosAt(container, sample.atMs)),
        memory: workingSetAt(container, sample.atMs),
      })),
    );
    const said = summary.pods.flatMap(({ podRef, containers }) =>
      containers.map(({ name, startTime, cpu, memory }) => ({
        pod: podRef.name,
        uid: podRef.uid,
        name,
        startTime,
        time: cpu.time,
        cpu: cpu.usageCoreNanoSeconds,
        memory: memory.workingSetBytes,
      })),
    );
    expect(said.length).toBeGreaterThan(20);
    expect(said).toEqual(expected);
  });

  test('says of the node what the world says', () => {
    const world = aWorld();
    const node = world.node('node-1');
    const view = node && viewNode(world, node, NOON_MS);
    const summary = JSON.parse(textAt(world, NOON_MS, true)) as Summary;

    expect(summary.node.nodeName).toBe('node-1');
    expect(summary.node.cpu.usageCoreNanoSeconds).toBe(
      Number(node && nodeCpuNanosAt(world, node, view?.sample.atMs ?? 0)),
    );
    expect(summary.node.startTime).toBe('2026-11-20T12:00:00Z');
  });

  test('writes counters beyond 2^53 in full', () => {
    const world = aWorld([]);
    world.addNode(aNodePlan({ name: 'old', bootMs: 0, cores: 256 }));
    const node = world.node('old');
    const view = node && viewNode(world, node, NOON_MS);

    expect(view?.sample.cpuNanos).toBeGreaterThan(2n ** 53n);
    expect(textAt(world, NOON_MS, true, 'old')).toContain(
      `"usageCoreNanoSeconds": ${String(view?.sample.cpuNanos)}`,
    );
  });

  test('has pressure with fractions where somebody waits for the CPU', () => {
    const busy = burst({
      lowMilliCores: 900,
      highMilliCores: 900,
      memoryMib: 8,
      periodMs: 60_000,
      busyMs: 1,
    });
    const summary = JSON.parse(
      textAt(aWorld([aPodPlan({ containers: [aContainerPlan(busy)] })]), NOON_MS, true),
    ) as Summary;

    expect(summary.pods[0]?.containers[0]?.cpu.psi).toMatchObject({
      full: { total: 0, avg10: 0, avg60: 0, avg300: 0 },
      some: { avg10: 1.6, avg60: 0.8, avg300: 0.4 },
    });
  });

  test('has an empty array of pods on a node without any', () => {
    expect(JSON.parse(textAt(aWorld([]), NOON_MS, true))).toMatchObject({ pods: [] });
  });
});
