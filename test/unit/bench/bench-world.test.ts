import { describe, expect, test } from '@jest/globals';
import { createBenchWorld, selectedOf } from '../../bench/bench-world.ts';
import { sampleOf } from '../../bench/first-figures.ts';

const CLOCK = { nowMs: () => Date.UTC(2026, 10, 21), monotonicMs: () => 0 };

describe('createBenchWorld', () => {
  test('lets one pod in thirty match, all of them in one namespace', () => {
    const { world, selected } = createBenchWorld({ nodes: 20, podsPerNode: 30 }, CLOCK);
    const matching = world
      .pods()
      .filter(({ object }) => object.metadata.labels?.['bench'] === 'selected');

    expect(selected).toEqual({ namespace: 'shop', selector: 'bench=selected', pods: 20 });
    expect(matching).toHaveLength(20);
    expect(new Set(matching.map(({ namespace }) => namespace))).toEqual(new Set(['shop']));
  });

  test('names the pods whose containers always do something', () => {
    const { world, steadyPods } = createBenchWorld({ nodes: 3, podsPerNode: 10 }, CLOCK);
    const restless = world
      .pods()
      .filter(({ containers }) =>
        containers.some(({ workload }) => workload.kind === 'idle' || workload.lives !== undefined),
      );

    expect(restless.length).toBeGreaterThan(0);
    expect(steadyPods).toHaveLength(world.pods().length - restless.length);
    expect(steadyPods).not.toContain(`${restless[0]?.namespace}/${restless[0]?.name}`);
  });
});

describe('selectedOf', () => {
  test.each([
    { pods: 30, selected: 1 },
    { pods: 7_000, selected: 234 },
    { pods: 30_000, selected: 1_000 },
    { pods: 150_000, selected: 1_000 },
  ])('lets $selected of $pods pods match', ({ pods, selected }) => {
    expect(selectedOf(pods)).toBe(selected);
  });
});

describe('sampleOf', () => {
  test.each([
    { items: [1, 2, 3, 4, 5, 6], size: 3, expected: [1, 3, 5] },
    { items: [1, 2], size: 20, expected: [1, 2] },
    { items: [], size: 20, expected: [] },
  ])('chooses evenly among $items', ({ items, size, expected }) => {
    expect(sampleOf(items, size)).toEqual(expected);
  });
});
