import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { requestInstruments } from '../../../src/apiserver/instruments.ts';
import type { RequestKind } from '../../../src/apiserver/instruments.ts';
import { systemClock } from '../../../src/clock.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../../support/recorded-world.ts';
import { SERVING, aUser, serveApp } from '../../support/serve-app.ts';

const LIST: RequestKind = {
  verb: 'LIST',
  dryRun: '',
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
    await app.ask({ method: 'POST', path: '/livez' });
    await app.ask({ method: 'MERGE', path: '/livez' });
    await app.ask({ method: 'HEAD', path: '/livez' });
    await app.ask({ path: `${root}/nodes`, headers: { accept: 'text/html' } });
    await app.ask({
      path: '/apis',
      headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
    });
    await app.ask(`${root}/nodes/nope?watch=true`);
    await app.ask(`${root}/nodes/nope?watch=false&dryRun=All`);
    await app.ask(`${root}/nodes/nope?dryRun=maybe`);

    const lines = await linesOf(app.registry, 'apiserver_request_total');

    expect(
      lines
        .map((line) =>
          /verb="(.*?)".*,resource="(.*?)",subresource="(.*?)",scope="(.*?)".*dry_run="(.*?)",code="(\d+)"/
            .exec(line)
            ?.slice(1)
            .join(' '),
        )
        .sort(),
    ).toEqual([
      'GET  /livez   200',
      'GET  /readyz   200',
      'GET  apis   200',
      'GET nodes  resource  404',
      'GET nodes  resource All 404',
      'GET nodes  resource invalid 404',
      'GET pods  resource  200',
      'LIST pods  cluster  200',
      'LIST pods  namespace  200',
      'POST  /livez   200',
      'WATCH nodes  resource  404',
      'WATCH pods  cluster  405',
      'other  /livez   200',
    ]);
  });

  test('are not counted when they do not get as far as a handler', async () => {
    const groups = [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, systemClock)];
    await using refusing = await serveApp({
      groups,
      authorizer: { authorize: () => Promise.resolve({ allowed: false, reason: 'no' }) },
    });
    await using unknown = await serveApp({
      groups,
      authenticator: { authenticate: () => Promise.resolve(undefined) },
    });

    for (const app of [refusing, unknown]) {
      await app.ask('/apis/metrics.k8s.io/v1beta1/nodes');
      expect(await linesOf(app.registry, 'apiserver_request_total')).toEqual([]);
    }

    const timedFilters = await linesOf(
      unknown.registry,
      'apiserver_request_filter_duration_seconds',
    );
    expect(timedFilters.at(-1)).toBe(
      'apiserver_request_filter_duration_seconds_count{filter="authentication"} 1',
    );
  });

  test('have their stages timed one by one', async () => {
    await using app = await serveApp({});
    await app.ask('/version');

    const lines = await linesOf(app.registry, 'apiserver_request_filter_duration_seconds');

    expect(lines.filter((line) => line.includes('_count'))).toEqual(
      ['authentication', 'constrainedimpersonation', 'authorization'].map(
        (filter) => `apiserver_request_filter_duration_seconds_count{filter="${filter}"} 1`,
      ),
    );
  });

  test('neither watches nor dry runs are measured against a service level', async () => {
    const groups = [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, systemClock)];
    await using app = await serveApp({ groups });
    const nodes = '/apis/metrics.k8s.io/v1beta1/nodes';
    for (const query of ['', '?watch=1', '?dryRun=All']) await app.ask(`${nodes}${query}`);

    for (const [name, count] of [
      ['apiserver_request_duration_seconds', 3],
      ['apiserver_response_sizes', 2],
      ['apiserver_request_sli_duration_seconds', 1],
      ['apiserver_request_slo_duration_seconds', 1],
    ] as const) {
      const lines = await linesOf(app.registry, name);
      expect([name, lines.filter((line) => line.includes('_count')).length]).toEqual([name, count]);
    }
  });
});

describe('requests that are ended before their time', () => {
  const nodes = '/apis/metrics.k8s.io/v1beta1/nodes';
  const groups = [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, systemClock)];
  const labels =
    'verb="LIST",group="metrics.k8s.io",version="v1beta1",resource="nodes",subresource="",scope="cluster",component="apiserver"';

  test('because they are too many are counted and terminated', async () => {
    const held = Promise.withResolvers<{ allowed: true }>();
    const arrived = Promise.withResolvers<undefined>();
    await using app = await serveApp({
      groups,
      serving: { ...SERVING, maxRequestsInFlight: 1 },
      authenticator: { authenticate: () => Promise.resolve(aUser('jane')) },
      authorizer: {
        authorize() {
          arrived.resolve(undefined);
          return held.promise;
        },
      },
    });
    const first = app.ask(nodes);
    await arrived.promise;

    const { status } = await app.ask(nodes);
    await app.ask('/nothing/here');
    held.resolve({ allowed: true });
    await first;

    expect(status).toBe(429);
    expect(await linesOf(app.registry, 'apiserver_request_terminations_total')).toEqual([
      `apiserver_request_terminations_total{${labels},code="429"} 1`,
      'apiserver_request_terminations_total{verb="GET",group="",version="",resource="",subresource="",scope="",component="apiserver",code="429"} 1',
    ]);
    expect(await linesOf(app.registry, 'apiserver_request_total')).toContain(
      `apiserver_request_total{${labels},dry_run="",code="429"} 1`,
    );
  });

  test('because they are too late are terminated, and the end of their handler is counted', async () => {
    const held = Promise.withResolvers<{ allowed: true }>();
    await using app = await serveApp({
      groups,
      authorizer: { authorize: () => held.promise },
    });

    await app.ask(`${nodes}?timeout=1ms`);
    const before = await linesOf(app.registry, 'apiserver_request_post_timeout_total');
    held.resolve({ allowed: true });
    await new Promise(setImmediate);

    expect(before).toEqual([]);
    expect(await linesOf(app.registry, 'apiserver_request_post_timeout_total')).toEqual([
      'apiserver_request_post_timeout_total{source="timeout-handler",status="ok"} 1',
    ]);
    expect(await linesOf(app.registry, 'apiserver_request_terminations_total')).toEqual([
      `apiserver_request_terminations_total{${labels},code="504"} 1`,
    ]);
    expect(await linesOf(app.registry, 'apiserver_request_total')).toEqual([]);
  });

  test('because they are too late, and fail after that, count as an error', async () => {
    const held = Promise.withResolvers<undefined>();
    await using app = await serveApp({
      groups,
      authenticator: { authenticate: () => held.promise },
    });
    await app.ask(`${nodes}?timeout=1ms`);

    held.reject(new Error('the token review broke'));
    await new Promise(setImmediate);

    expect(await linesOf(app.registry, 'apiserver_request_post_timeout_total')).toEqual([
      'apiserver_request_post_timeout_total{source="timeout-handler",status="error"} 1',
    ]);
  });
});
