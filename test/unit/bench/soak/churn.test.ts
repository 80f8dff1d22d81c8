import { describe, expect, test } from '@jest/globals';
import { createCluster } from '../../../../src/simulator/cluster.ts';
import { createWorld } from '../../../../src/simulator/world.ts';
import { Churn, PACE } from '../../../bench/soak/churn.ts';
import { aHeldClock, NOON_MS } from '../../../support/a-world.ts';

describe('Churn', () => {
  test('changes everything there is, and leaves as many nodes and pods', async () => {
    const clock = aHeldClock(NOON_MS);
    const spec = { nodes: 8, podsPerNode: 7, withoutFigures: false, clock };
    const world = createWorld(spec);
    await using cluster = await createCluster({ world, clock });
    const churn = new Churn(cluster, { ...PACE, nodeEvery: 2, faulty: 0.5 }, 6);
    const before = { nodes: world.nodes(), pods: world.pods() };
    const labels = new Set(before.pods.map(({ object }) => JSON.stringify(object.metadata.labels)));

    for (let step = 1; step <= 100; step++) {
      clock.set(NOON_MS + step * 500);
      churn.step();
    }
    await cluster.kubelets.settled();

    const names = new Set(before.nodes.map(({ name }) => name));
    const uids = new Set(before.pods.map(({ kubeletUid }) => kubeletUid));
    expect(world.nodes()).toHaveLength(8);
    expect(world.pods()).toHaveLength(56);
    expect(world.nodes().some(({ name }) => !names.has(name))).toBe(true);
    expect(world.pods().filter(({ kubeletUid }) => uids.has(kubeletUid)).length).toBeLessThan(30);
    expect(
      world.pods().some(({ object }) => !labels.has(JSON.stringify(object.metadata.labels))),
    ).toBe(true);
    expect(churn.changes).toMatchObject({ nodes: 50, resets: 2 });
    expect(churn.changes.moves).toBeGreaterThan(50);
    expect(churn.changes.faults).toBeGreaterThan(4);
  });

  test('does the same again for the same seed', async () => {
    const namesAfter = async (seed: number): Promise<string[]> => {
      const clock = aHeldClock(NOON_MS);
      const world = createWorld({ nodes: 3, podsPerNode: 5, withoutFigures: false, clock });
      await using cluster = await createCluster({ world, clock });
      const churn = new Churn(cluster, PACE, seed);
      for (let step = 0; step < 20; step++) churn.step();
      return world.pods().map(({ name }) => name);
    };

    expect(await namesAfter(1)).toEqual(await namesAfter(1));
    expect(await namesAfter(1)).not.toEqual(await namesAfter(2));
  });
});
