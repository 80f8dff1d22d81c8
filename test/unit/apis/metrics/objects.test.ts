import { describe, expect, test } from '@jest/globals';
import { UsageWriter } from '../../../../src/apis/metrics/objects.ts';
import { nodeCells, podCells } from '../../../../src/apis/metrics/table.ts';

const writer = new UsageWriter();
const TIMESTAMP_MS = Date.UTC(2026, 0, 1, 0, 0, 50, 999);

describe('UsageWriter', () => {
  test('writes a node as the vector V1 of the real encoder', () => {
    const usage = {
      timestampMs: TIMESTAMP_MS,
      windowMs: 15_500,
      cpuNanoCores: 250_000_000,
      memoryBytes: 64 * 2 ** 20,
    };

    expect(writer.nodeJson(usage)).toBe(
      '"timestamp":"2026-01-01T00:00:50Z","window":"15.5s","usage":{"cpu":"250m","memory":"64Mi"}',
    );
  });
  test('writes a pod as the vector V2 of the real encoder', () => {
    const containers = [{ name: 'c', cpuNanoCores: 1_234_567, memoryBytes: 1000 }];

    expect(writer.podJson({ timestampMs: TIMESTAMP_MS, windowMs: 60_000, containers })).toBe(
      '"timestamp":"2026-01-01T00:00:50Z","window":"1m0s","containers":[{"name":"c","usage":{"cpu":"1234567n","memory":"1k"}}]',
    );
  });

  test('escapes a container name that a careless kubelet made up', () => {
    const containers = [{ name: '<a"b>', cpuNanoCores: 0, memoryBytes: 0 }];

    expect(writer.podJson({ timestampMs: 0, windowMs: 0, containers })).toContain(
      '"name":"\\u003ca\\"b\\u003e"',
    );
  });
});

describe('UsageWriter over many figures', () => {
  test('writes each timestamp and window as it is, however many it has seen', () => {
    const seen = new UsageWriter();
    for (let at = 0; at < 2000; at++) {
      const usage = { timestampMs: at * 1000 + 999, windowMs: at, cpuNanoCores: 0, memoryBytes: 0 };
      expect(seen.nodeJson(usage)).toBe(writer.nodeJson({ ...usage, timestampMs: at * 1000 }));
      expect(seen.nodeJson(usage)).toContain(
        `"timestamp":"${new Date(at * 1000).toISOString().slice(0, 19)}Z"`,
      );
    }
  });
});

describe('cells of a table', () => {
  test('of a pod are the sums of its containers', () => {
    const containers = [
      { name: 'a', cpuNanoCores: 1_500_000_000, memoryBytes: 2 ** 31 },
      { name: 'b', cpuNanoCores: 1_000_001, memoryBytes: 2 ** 30 - 2 },
    ];

    expect(podCells({ timestampMs: 0, windowMs: 15_013, containers })).toEqual([
      '1501000001n',
      '3221225470',
      '15.013s',
    ]);
  });

  test('of a node are its figures', () => {
    const usage = { timestampMs: 0, windowMs: 60_000, cpuNanoCores: 2e9, memoryBytes: 4096 };
    expect(nodeCells(usage)).toEqual(['2', '4Ki', '1m0s']);
  });
});
