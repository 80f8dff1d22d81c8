import { describe, expect, test } from '@jest/globals';
import type { ActiveFault, FaultKind } from '../../../src/simulator/faults.ts';
import { lastTwoPoints, viewNode } from '../../../src/simulator/samples.ts';
import type { NodeView, Sample } from '../../../src/simulator/samples.ts';
import { idle, restarting, steady } from '../../../src/simulator/workloads.ts';
import { cpuNanosAt, nodeCpuNanosAt, nodeWorkingSetAt } from '../../../src/simulator/world.ts';
import type { World } from '../../../src/simulator/world.ts';
import { aContainerPlan, aPodPlan, aWorld, NOON_MS } from '../../support/a-world.ts';

function view(world: World, nowMs: number, fault?: ActiveFault): NodeView {
  const node = world.node('node-1');
  if (!node) throw new Error('no node');
  return viewNode(world, node, nowMs, fault);
}

function onlyContainer(world: World, nowMs: number, fault?: ActiveFault) {
  const [pod] = view(world, nowMs, fault).pods;
  const [container] = pod?.containers ?? [];
  if (!container) throw new Error('no container');
  return container;
}

/** The times of the samples seen by asking once a second, without repetitions. */
function sampleTimes(count: number, ask: (nowMs: number) => Sample): number[] {
  return [
    ...new Set(Array.from({ length: count }, (_, second) => ask(NOON_MS + second * 1000).atMs)),
  ];
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, at) => time - (times[at] ?? 0));
}

const aged = (milliCores = 250) =>
  aWorld([aPodPlan({ containers: [aContainerPlan(steady({ milliCores, memoryMib: 64 }))] })]);

describe('lastTwoPoints', () => {
  test('gives the last point not after the moment and the one before', () => {
    const grid = { spacingMs: 10_000, jitterMs: 0 };

    expect(lastTwoPoints(grid, 3, 20_003)).toEqual([20_003, 10_003]);
    expect(lastTwoPoints(grid, 3, 20_002)).toEqual([10_003, 3]);
  });
});

describe('viewNode', () => {
  test('samples the node every 10 s', () => {
    const world = aged();

    const times = sampleTimes(300, (nowMs) => view(world, nowMs).sample);

    expect(new Set(gaps(times))).toEqual(new Set([10_000]));
  });

  test.each([
    { workload: steady({ milliCores: 100, memoryMib: 8 }), shortest: 10_000, longest: 20_000 },
    { workload: idle(), shortest: 15_000, longest: 29_000 },
  ])(
    'samples a container that is $workload.kind every $shortest to $longest ms, unevenly',
    ({ workload, shortest, longest }) => {
      const world = aWorld([aPodPlan({ containers: [aContainerPlan(workload)] })]);

      const between = gaps(sampleTimes(3600, (nowMs) => onlyContainer(world, nowMs).sample));

      expect(Math.min(...between)).toBeGreaterThanOrEqual(shortest);
      expect(Math.max(...between)).toBeLessThanOrEqual(longest);
      expect(new Set(between).size).toBeGreaterThan(20);
    },
  );

  test('tells of a sample what the world says of its time, and the rate since the sample before', () => {
    const world = aged(250);
    const { container, sample } = onlyContainer(world, NOON_MS);

    expect(sample.atMs).toBeLessThanOrEqual(NOON_MS);
    expect(sample.cpuNanos).toBe(250_000n * BigInt(sample.atMs - container.startMs));
    expect(sample.cpuNanos).toBe(cpuNanosAt(container, sample.atMs));
    expect(sample.rateNanoCores).toBe(250_000_000n);
    expect(sample.workingSetBytes).toBe(64n * 1024n * 1024n);
    expect(sample.fromRuntime).toBe(false);
  });

  test('tells the same to everybody who asks in one moment, and pods in another order a moment later', () => {
    const pods = Array.from({ length: 12 }, (_, index) => aPodPlan({ name: `cart-${index}` }));
    const world = aWorld(pods);
    const order = (nowMs: number) => view(world, nowMs).pods.map(({ pod }) => pod.name);

    expect(view(world, NOON_MS)).toEqual(view(world, NOON_MS));
    expect(order(NOON_MS)).not.toEqual(order(NOON_MS + 1));
    expect(order(NOON_MS).sort()).toEqual(order(NOON_MS + 1).sort());
  });

  test('tells the containers of a pod in changing order too', () => {
    const containers = ['a', 'b', 'c'].map((name) => aContainerPlan(undefined, { name }));
    const world = aWorld([aPodPlan({ containers })]);
    const orders = Array.from({ length: 50 }, (_, at) =>
      view(world, NOON_MS + at).pods.map((pod) =>
        pod.containers.map((each) => each.container.name).join(''),
      ),
    );

    expect(new Set(orders.flat())).toEqual(new Set(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']));
  });

  test('asks the runtime about a young container, then cAdvisor, whose sample is older', () => {
    const world = aWorld([aPodPlan({ startMs: NOON_MS })]);
    const startMs = world.pod('shop', 'cart-0')?.containers[0]?.startMs ?? 0;
    const at = (ageMs: number) => onlyContainer(world, startMs + ageMs).sample;

    expect(at(5_000)).toMatchObject({
      atMs: startMs + 5_000,
      fromRuntime: true,
      rateNanoCores: 0n,
    });
    expect(at(14_999)).toMatchObject({ atMs: startMs + 14_999, fromRuntime: true });
    expect(at(15_000).fromRuntime).toBe(false);
    expect(at(15_000).atMs).toBeLessThan(startMs + 14_999);
  });

  test('gives 0 as the rate of the first sample of cAdvisor and a true one from the second', () => {
    const world = aWorld([aPodPlan({ startMs: NOON_MS })]);
    const startMs = world.pod('shop', 'cart-0')?.containers[0]?.startMs ?? 0;
    const seen = new Map<number, bigint>();
    for (let ageMs = 15_000; ageMs < 120_000; ageMs += 500) {
      const { sample } = onlyContainer(world, startMs + ageMs);
      seen.set(sample.atMs, sample.rateNanoCores);
    }
    const first = [...seen].filter(([atMs]) => atMs === startMs + 900);
    const later = [...seen].filter(([atMs]) => atMs > startMs + 900);

    expect(first.map(([, rate]) => rate).filter((rate) => rate !== 0n)).toEqual([]);
    expect(new Set(later.map(([, rate]) => rate))).toEqual(new Set([250_000_000n]));
  });

  test('leaves out what does not live: containers in back-off, and pods without any other', () => {
    const loop = restarting({ milliCores: 100, memoryMib: 8, runMs: 60_000 });
    const world = aWorld([
      aPodPlan({ name: 'crash', startMs: NOON_MS, containers: [aContainerPlan(loop)] }),
      aPodPlan({
        name: 'half-crash',
        startMs: NOON_MS,
        containers: [aContainerPlan(), aContainerPlan(loop, { name: 'crash' })],
      }),
    ]);
    const said = (nowMs: number) =>
      view(world, nowMs)
        .pods.map(
          ({ pod, containers }) =>
            `${pod.name}: ${containers
              .map((each) => each.container.name)
              .sort()
              .join()}`,
        )
        .sort();

    expect(said(NOON_MS)).toEqual([]);
    expect(said(NOON_MS + 30_000)).toEqual(['crash: main', 'half-crash: crash,main']);
    expect(said(NOON_MS + 65_000)).toEqual(['half-crash: main']);
    expect(said(NOON_MS + 80_000)).toEqual(['crash: main', 'half-crash: crash,main']);
  });

  test('gives a container that came back a new start time and a counter from zero', () => {
    const loop = restarting({ milliCores: 100, memoryMib: 8, runMs: 60_000 });
    const world = aWorld([aPodPlan({ startMs: NOON_MS, containers: [aContainerPlan(loop)] })]);
    const { container } = onlyContainer(world, NOON_MS + 30_000);

    const again = onlyContainer(world, container.startMs + 70_000 + 8_000);

    expect(again.startMs).toBe(container.startMs + 70_000);
    expect(again.sample.cpuNanos).toBe(100_000n * 8_000n);
  });

  test('agrees with the world about the node', () => {
    const world = aged();
    const { node, sample } = view(world, NOON_MS);

    expect(sample.cpuNanos).toBe(nodeCpuNanosAt(world, node, sample.atMs));
    expect(sample.workingSetBytes).toBe(BigInt(nodeWorkingSetAt(world, node, sample.atMs)));
    expect(sample.rateNanoCores).toBe(BigInt(node.systemMicroCores) * 1000n + 250_000_000n);
  });
});

describe('a lying kubelet', () => {
  const world = aged();
  const truth = onlyContainer(world, NOON_MS).sample;
  const lie = (kind: FaultKind, value = 0) =>
    onlyContainer(world, NOON_MS, { kind, value, sinceMs: NOON_MS - 60_000 }).sample;

  test('says negative figures', () => {
    expect(lie('lying-negative')).toEqual({
      ...truth,
      cpuNanos: -truth.cpuNanos,
      rateNanoCores: -250_000_000n,
      workingSetBytes: -truth.workingSetBytes,
    });
  });

  test('says 2^64-1', () => {
    expect(lie('lying-huge').cpuNanos).toBe(18_446_744_073_709_551_615n);
  });

  test('has set its clock back', () => {
    expect(lie('clock-back', 90)).toEqual({ ...truth, atMs: truth.atMs - 90_000 });
  });

  test('counts from zero since the fault began, with the start time it always said', () => {
    const { sample, startMs } = onlyContainer(world, NOON_MS, {
      kind: 'counter-reset',
      value: 0,
      sinceMs: NOON_MS - 60_000,
    });

    expect(sample.cpuNanos).toBe(250_000n * BigInt(truth.atMs - (NOON_MS - 60_000)));
    expect(startMs).toBe(onlyContainer(world, NOON_MS).startMs);
  });

  test('has not counted anew in a sample that was taken before', () => {
    const { sample } = onlyContainer(world, NOON_MS, {
      kind: 'counter-reset',
      value: 0,
      sinceMs: truth.atMs + 1,
    });

    expect(sample).toEqual(truth);
  });

  test('tells the truth under a fault that is not about figures', () => {
    expect(lie('slow', 5)).toEqual(truth);
  });
});
