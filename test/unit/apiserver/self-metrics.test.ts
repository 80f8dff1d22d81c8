import { describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { Gauge, Histogram, Registry } from 'prom-client';
import { requestInstruments } from '../../../src/apiserver/instruments.ts';
import { metricsAnswer, registerProcessMetrics } from '../../../src/apiserver/self-metrics.ts';
import { kubeletInstruments } from '../../../src/kubelet/instruments.ts';
import { serveApp } from '../../support/serve-app.ts';

async function pageOf(registry: Registry): Promise<string> {
  const { body } = await metricsAnswer(registry, undefined);
  return [...(body as Iterable<string>)].join('');
}

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

  test.each(['POST', 'PUT', 'OPTIONS', 'DELETE'])(
    'answers %s as it answers GET',
    async (method) => {
      await using app = await serveApp({});

      const { status, body } = await app.ask({ method, path: '/metrics' });

      expect(status).toBe(200);
      expect(body).toContain('# TYPE apiserver_request_total counter\n');
    },
  );

  test('makes the lines of many nodes as they are written', async () => {
    const registry = new Registry();
    const instruments = kubeletInstruments(registry);
    for (let n = 0; n < 2000; n++) instruments.scraped(`node-${n}`, true, 0.02, 0);
    let turns = 0;
    const counting = setInterval(() => turns++, 0);

    const page = await pageOf(registry);

    clearInterval(counting);
    expect(page.match(/^metrics_server_kubelet_request_duration_seconds_bucket/gm)).toHaveLength(
      24_000,
    );
    expect(turns).toBeGreaterThan(10);
  });

  test('lets others have their turn while a large family is written', async () => {
    const registry = new Registry();
    const gauge = new Gauge({ name: 'g', help: 'h', labelNames: ['n'], registers: [registry] });
    for (let n = 0; n < 5000; n++) gauge.set({ n }, n);
    let turns = 0;
    const counting = setInterval(() => turns++, 0);

    const page = await pageOf(registry);

    clearInterval(counting);
    expect(page.split('\n').length).toBe(5003);
    expect(turns).toBeGreaterThan(1);
  });

  test('spells bounds, labels and numbers as other exporters do', async () => {
    const registry = new Registry();
    const registers = [registry];
    const labelNames = ['b', 'a'];
    const help = 'A \\ and\na line break.';
    new Histogram({
      name: 'h',
      help,
      labelNames,
      buckets: [1e-9, 0.0001, 2.5, 604_800, 2_592_000],
      registers,
    }).observe({ b: '1', a: 'x"y\\z\n' }, 3);
    new Gauge({ name: 'n', help: 'n', registers }).set(Number.POSITIVE_INFINITY);
    new Gauge({ name: 'o', help: 'o', registers }).set(Number.NaN);

    expect((await pageOf(registry)).split('\n')).toEqual([
      '# HELP h A \\\\ and\\na line break.',
      '# TYPE h histogram',
      ...['1e-09', '0.0001', '2.5'].map((le) => `h_bucket{a="x\\"y\\\\z\\n",b="1",le="${le}"} 0`),
      ...['604800', '2.592e+06', '+Inf'].map(
        (le) => `h_bucket{a="x\\"y\\\\z\\n",b="1",le="${le}"} 1`,
      ),
      'h_sum{a="x\\"y\\\\z\\n",b="1"} 3',
      'h_count{a="x\\"y\\\\z\\n",b="1"} 1',
      '# HELP n n',
      '# TYPE n gauge',
      'n +Inf',
      '# HELP o o',
      '# TYPE o gauge',
      'o NaN',
      '',
    ]);
  });

  test.each([
    { accept: 'gzip', zipped: true },
    { accept: 'br, gzip;q=0.5', zipped: true },
    { accept: 'identity;q=0, gzip', zipped: true },
    { accept: 'deflate, gzip;q=1.0', zipped: true },
    { accept: 'br', zipped: false },
    { accept: 'gzip;q=0', zipped: false },
    { accept: 'gzip;q=0, *', zipped: false },
    { accept: '*', zipped: false },
    { accept: '*;q=0', zipped: false },
    { accept: 'identity, gzip;q=0.2', zipped: false },
    { accept: 'GZIP', zipped: false },
    { accept: 'x-gzip', zipped: false },
    { accept: '', zipped: false },
    { accept: undefined, zipped: false },
  ])('Accept-Encoding $accept is zipped as upstream does: $zipped', async ({ accept, zipped }) => {
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

describe('registerProcessMetrics', () => {
  test('shows the process under the names that dashboards know', async () => {
    const registry = new Registry();
    registerProcessMetrics(registry);

    const page = await pageOf(registry);

    for (const name of [
      'process_cpu_seconds_total',
      'process_max_fds',
      'process_network_receive_bytes_total',
      'process_network_transmit_bytes_total',
      'process_open_fds',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'process_virtual_memory_bytes',
      'process_virtual_memory_max_bytes',
    ]) {
      expect(page).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
  });

  test('knows the CPU time of now, and not that of the scrape before', async () => {
    const registry = new Registry();
    registerProcessMetrics(registry);
    await pageOf(registry);
    const { user, system } = process.cpuUsage();
    while (process.cpuUsage({ user, system }).user < 60_000);

    const [, shown] = /^process_cpu_seconds_total (\S+)$/m.exec(await pageOf(registry)) ?? [];

    expect(Number(shown)).toBeGreaterThan((user + system) / 1e6 + 0.03);
  });

  test('knows the memory of the runtime at the first scrape', async () => {
    const registry = new Registry();
    registerProcessMetrics(registry);

    const page = await pageOf(registry);

    expect(page).toMatch(/^nodejs_external_memory_bytes [1-9]/m);
    expect(page).toMatch(/^nodejs_heap_space_size_available_bytes\{space="new"\} [1-9]/m);
  });

  test('agrees with the header about the start of the process', async () => {
    const registry = new Registry();
    registerProcessMetrics(registry);

    const { headers = [], body } = await metricsAnswer(registry, undefined);

    const [, shown] =
      /^process_start_time_seconds (\d+)$/m.exec([...(body as string[])].join('')) ?? [];
    expect(headers).toEqual([['Process-Start-Time-Unix', shown]]);
  });

  test('has no two names for one figure', () => {
    const registry = new Registry();
    registerProcessMetrics(registry);

    const names = registry.getMetricsAsArray().map(({ name }) => name);

    expect(names.filter((name) => /^nodejs_.*_total$/.test(name))).toEqual([]);
    expect(names).toContain('nodejs_eventloop_lag_p99_seconds');
  });
});
