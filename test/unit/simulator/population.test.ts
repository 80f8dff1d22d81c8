import { describe, expect, test } from '@jest/globals';
import { populate } from '../../../src/simulator/population.ts';

describe('populate', () => {
  test('gives every pod a name of its own, also when the random ones of a DaemonSet meet', () => {
    // With this seed, two of the 300 pods of kube-proxy would be called the same.
    const { pods } = populate({
      nodes: 300,
      pods: 1800,
      namespaces: 4,
      seed: 1099,
      startMs: 0,
      withoutFigures: false,
    });

    expect(new Set(pods.map(({ name }) => name)).size).toBe(1800);
  });
});
