import { describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { requestInstruments } from '../../../src/apiserver/instruments.ts';
import type { RequestKind } from '../../../src/apiserver/instruments.ts';
import { metricsAnswer, registerProcessMetrics } from '../../../src/apiserver/self-metrics.ts';
import { systemClock } from '../../../src/clock.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../../support/recorded-world.ts';
import { serveApp } from '../../support/serve-app.ts';

const LIST: RequestKind = {
  verb: 'LIST',
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  resource: 'pods',
  subresource: '',
  scope: 'cluster',
  component: 'apiserver',
};

async function linesOf(registry: Registry, name: string): Promise<string[]> {
  const text = await registry.getSingleMetricAsString(name);
  return text.split('\n').filter((line) => !line.startsWith('#'));
}

describe('requestInstruments', () => {
  test('counts by kind and code', async () => {
    const registry = new Registry();
    const instruments = requestInstruments(registry, () => ({ readOnly: 3, mutating: 1 }));

    instruments.finished(LIST, 200, 0.03, 2000);
    instruments.finished(LIST, 200, 0.07, 2000);
    instruments.finished(LIST, 400, 0.001, 100);

    const labels =
      'verb="LIST",group="metrics.k8s.io",version="v1beta1",resource="pods",subresource="",scope="cluster",component="apiserver"';
    expect(await linesOf(registry, 'apiserver_request_total')).toEqual([
      `apiserver_request_total{${labels},dry_run="",code="200"} 2`,
      `apiserver_request_total{${labels},dry_run="",code="400"} 1`,
    ]);
    expect(await linesOf(registry, 'apiserver_request_duration_seconds')).toEqual(
      expect.arrayContaining([
        `apiserver_request_duration_seconds_bucket{${labels},dry_run="",le="0.005"} 1`,
        `apiserver_request_duration_seconds_bucket{${labels},dry_run="",le="0.05"} 2`,
        `apiserver_request_duration_seconds_bucket{${labels},dry_run="",le="+Inf"} 3`,
        `apiserver_request_duration_seconds_count{${labels},dry_run=""} 3`,
      ]),
    );
    expect(await linesOf(registry, 'apiserver_response_sizes')).toEqual(
      expect.arrayContaining([
        `apiserver_response_sizes_bucket{${labels},le="1000"} 1`,
        `apiserver_response_sizes_bucket{${labels},le="10000"} 3`,
      ]),
    );
    expect(await linesOf(registry, 'apiserver_current_inflight_requests')).toEqual([
      'apiserver_current_inflight_requests{request_kind="readOnly"} 3',
      'apiserver_current_inflight_requests{request_kind="mutating"} 1',
    ]);
  });
});

describe('requests through the app', () => {
  test('are counted as upstream counts them: resources and health, by scope', async () => {
    const groups = [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, systemClock)];
    await using app = await serveApp({ groups });
    const root = '/apis/metrics.k8s.io/v1beta1';
    const paths = [
      `${root}/pods`,
      `${root}/pods?watch=1`,
      `${root}/namespaces/default/pods`,
      `${root}/namespaces/default/pods/web-0`,
      `${root}/nodes/nope`,
      '/readyz?verbose',
      '/readyz/ping',
      '/apis',
      '/nope',
      `${root}/nope`,
    ];
    for (const path of paths) await app.ask(path);
    await app.ask({ method: 'POST', path: `${root}/pods` });

    const lines = await linesOf(app.registry, 'apiserver_request_total');

    expect(
      lines
        .map((line) =>
          /verb="(.*?)".*resource="(.*?)",subresource="(.*?)",scope="(.*?)".*code="(\d+)"/
            .exec(line)
            ?.slice(1)
            .join(' '),
        )
        .sort(),
    ).toEqual([
      'GET  /readyz  200',
      'GET nodes  resource 404',
      'GET pods  resource 200',
      'LIST pods  cluster 200',
      'LIST pods  namespace 200',
      'WATCH pods  cluster 405',
    ]);
  });
});

describe('/metrics', () => {
  test('is one exposition, sorted by family, with the start of the process', async () => {
    await using app = await serveApp({});
    await app.ask('/readyz');

    const { status, headers, body } = await app.ask('/metrics');

    const families = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(
      'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
    );
    expect(Number(headers['process-start-time-unix'])).toBeGreaterThan(1_700_000_000);
    expect(Number(headers['process-start-time-unix'])).toBeLessThanOrEqual(Date.now() / 1000);
    expect(families).toEqual([...families].sort());
    expect(families).toContain('apiserver_request_total');
    expect(body.endsWith('\n')).toBe(true);
    expect(body).not.toContain('\n\n');
  });

  test('shows the process under the names that dashboards know', async () => {
    const registry = new Registry();
    registerProcessMetrics(registry);

    const { body } = await metricsAnswer(registry, undefined);

    const text = [...(body as Iterable<string>)].join('');
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'process_open_fds',
      'process_max_fds',
      'process_virtual_memory_bytes',
    ]) {
      expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
  });

  test.each([
    { accept: 'gzip', zipped: true },
    { accept: 'br, gzip;q=0.5', zipped: true },
    { accept: 'br', zipped: false },
    { accept: undefined, zipped: false },
  ])('Accept-Encoding $accept is zipped: $zipped', async ({ accept, zipped }) => {
    const registry = new Registry();
    requestInstruments(registry, () => ({ readOnly: 0, mutating: 0 }));

    const { headers, body } = await metricsAnswer(registry, accept);

    expect(headers?.some(([name]) => name === 'Content-Encoding')).toBe(zipped);
    const text = Buffer.isBuffer(body)
      ? gunzipSync(body).toString('utf8')
      : [...(body as string[])].join('');
    expect(text).toContain('# TYPE apiserver_request_total counter\n');
  });
});
