import { describe, expect, test } from '@jest/globals';
import { populate } from '../../../src/simulator/population.ts';

describe('populate', () => {
  test('gives every pod a name of its own, also among thousands of one DaemonSet', () => {
    const { pods } = populate({
      nodes: 5000,
      pods: 30_000,
      namespaces: 4,
      seed: 1,
      startMs: 0,
      withoutFigures: false,
    });

    expect(new Set(pods.map(({ name }) => name)).size).toBe(30_000);
  });
});
