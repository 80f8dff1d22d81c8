import { describe, expect, test } from '@jest/globals';
import { NODE, samplesOfResource, samplesOfSummary } from '../../e2e/kubelet/kubelet-answers.ts';

describe('samplesOfSummary', () => {
  test('has the node and every container, and NaN for what is not said', () => {
    const summary = {
      node: {
        startTime: '2026-11-21T09:00:00Z',
        cpu: { time: '2026-11-21T10:00:00Z', usageNanoCores: 5, usageCoreNanoSeconds: 6 },
        memory: { workingSetBytes: 7 },
      },
      pods: [
        { podRef: { name: 'none', namespace: 'a' } },
        {
          podRef: { name: 'p', namespace: 'a' },
          containers: [
            { name: 'c', cpu: { time: '2026-11-21T10:00:01Z', usageCoreNanoSeconds: 0 } },
          ],
        },
      ],
    };

    expect([...samplesOfSummary(summary)]).toEqual([
      [
        NODE,
        {
          startMs: Date.UTC(2026, 10, 21, 9),
          timeMs: Date.UTC(2026, 10, 21, 10),
          cpuNanos: 6,
          nanoCores: 5,
          workingSetBytes: 7,
        },
      ],
      [
        'a/p/c',
        {
          startMs: Number.NaN,
          timeMs: Date.UTC(2026, 10, 21, 10, 0, 1),
          cpuNanos: 0,
          nanoCores: Number.NaN,
          workingSetBytes: Number.NaN,
        },
      ],
    ]);
  });
});

describe('samplesOfResource', () => {
  test('reads counters, gauges and starts, whatever else the page says', () => {
    const labels = '{container="c",namespace="a",pod="p"}';
    const page = [
      '# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time',
      `container_cpu_usage_seconds_total${labels} 22.222075225 1795227863749`,
      `container_memory_working_set_bytes${labels} 6.7776512e+07 1795227863749`,
      `container_start_time_seconds${labels} 1.7952276412475e+09`,
      'node_cpu_usage_seconds_total 100.5 1795227860000',
      'node_memory_working_set_bytes 4096 1795227860000',
      'pod_cpu_usage_seconds_total{namespace="a",pod="p"} 1 1795227860000',
      'resource_scrape_error 0',
      '',
    ].join('\n');

    expect([...samplesOfResource(page)]).toEqual([
      [
        'a/p/c',
        {
          startMs: 1795227641247.5,
          timeMs: 1795227863749,
          cpuNanos: 22222075225,
          nanoCores: Number.NaN,
          workingSetBytes: 67776512,
        },
      ],
      [
        NODE,
        {
          startMs: Number.NaN,
          timeMs: 1795227860000,
          cpuNanos: 100500000000,
          nanoCores: Number.NaN,
          workingSetBytes: 4096,
        },
      ],
    ]);
  });
});
