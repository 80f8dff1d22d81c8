import { describe, expect, test } from '@jest/globals';
import { topLine, topTables } from '../../../src/simulator/top-tables.ts';

const MIB = 2 ** 20;

function aNode(name: string) {
  return {
    name,
    cpuCores: 0.1230001,
    memoryBytes: 1.9 * MIB,
    cpuShare: 0.031,
    memoryShare: Number.NaN,
    timestampMs: 0,
  };
}

function aPod(name: string, cpuCores: number) {
  return { namespace: 'shop', name, cpuCores, memoryBytes: 5 * MIB };
}

describe('topTables', () => {
  test('rounds as kubectl does and shows the busiest pods first', () => {
    const lines = topTables(
      { nodes: [aNode('n1')], pods: [aPod('idle', 0), aPod('busy', 1.5)] },
      40,
    );

    expect(lines).toEqual([
      'NODE   CPU(cores)   CPU(%)   MEMORY(bytes)   MEMORY(%)',
      'n1     124m         3%       1Mi             <unknown>',
      '',
      'NAMESPACE   BUSIEST PODS   CPU(cores)   MEMORY(bytes)',
      'shop        busy           1500m        5Mi',
      'shop        idle           0m           5Mi',
    ]);
  });

  test('fits a screen and says what is left out', () => {
    const nodes = Array.from({ length: 100 }, (_, index) => aNode(`n${index}`));
    const pods = Array.from({ length: 100 }, (_, index) => aPod(`p${index}`, index));

    const lines = topTables({ nodes, pods }, 24);

    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines).toEqual(
      expect.arrayContaining(['... and 93 more nodes', '... and 90 more pods']),
    );
  });

  test('counts a sum of fractions of a core without a milli too many', () => {
    expect(topTables({ nodes: [], pods: [aPod('p', 0.1 + 0.2)] }, 24).join()).toContain('300m');
  });
});

describe('topLine', () => {
  test('sums the nodes and names the busiest pod', () => {
    expect(topLine({ nodes: [aNode('a'), aNode('b')], pods: [aPod('x', 1), aPod('y', 2)] })).toBe(
      '2 nodes 247m 3Mi, 2 pods, busiest shop/y 2000m 5Mi',
    );
  });

  test('does without pods', () => {
    expect(topLine({ nodes: [], pods: [] })).toBe('0 nodes 0m 0Mi, 0 pods');
  });
});
