import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { kubeletInstruments } from '../../../src/kubelet/instruments.ts';

describe('kubeletInstruments', () => {
  test('counts, times and dates scrapes as upstream does', async () => {
    const registry = new Registry();
    const instruments = kubeletInstruments(registry);

    instruments.scraped('node-a', true, 0.02, 1_700_000_000_999);
    instruments.scraped('node-a', false, 10, 1_700_000_015_000);

    expect(await registry.metrics()).toBe(
      [
        '# HELP metrics_server_kubelet_request_duration_seconds [ALPHA] How long a scrape of the node took in seconds, failed ones included.',
        '# TYPE metrics_server_kubelet_request_duration_seconds histogram',
        ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, '+Inf'].map((le) => {
          const counted = le === 0.005 || le === 0.01 ? 0 : le === 10 || le === '+Inf' ? 2 : 1;
          return `metrics_server_kubelet_request_duration_seconds_bucket{node="node-a",le="${le}"} ${counted}`;
        }),
        'metrics_server_kubelet_request_duration_seconds_sum{node="node-a"} 10.02',
        'metrics_server_kubelet_request_duration_seconds_count{node="node-a"} 2',
        '',
        '# HELP metrics_server_kubelet_request_total [ALPHA] Scrapes of kubelets, by whether they brought figures.',
        '# TYPE metrics_server_kubelet_request_total counter',
        'metrics_server_kubelet_request_total{success="true"} 1',
        'metrics_server_kubelet_request_total{success="false"} 1',
        '',
        '# HELP metrics_server_kubelet_last_request_time_seconds [ALPHA] When the last scrape of the node ended, in seconds since 1970.',
        '# TYPE metrics_server_kubelet_last_request_time_seconds gauge',
        'metrics_server_kubelet_last_request_time_seconds{node="node-a"} 1700000015',
        '',
      ].join('\n'),
    );
  });

  test('has no series of a result or a node that has not been', async () => {
    const registry = new Registry();
    kubeletInstruments(registry);

    expect(await registry.metrics()).not.toMatch(/^metrics_server/m);
  });

  test('ends the series of a node that is gone, and keeps the counts', async () => {
    const registry = new Registry();
    const instruments = kubeletInstruments(registry);
    instruments.scraped('node-a', true, 1, 0);
    instruments.scraped('node-b', true, 1, 0);

    instruments.forget('node-a');

    const text = await registry.metrics();
    expect(text).not.toContain('node-a');
    expect(text).toContain(
      'metrics_server_kubelet_request_duration_seconds_count{node="node-b"} 1',
    );
    expect(text).toContain('metrics_server_kubelet_request_total{success="true"} 2');
  });
});
