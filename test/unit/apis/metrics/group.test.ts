import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { parseFieldSelector } from '../../../../src/apimachinery/field-selector.ts';
import { parseLabelSelector } from '../../../../src/apimachinery/label-selector.ts';
import { StatusError } from '../../../../src/apimachinery/status-error.ts';
import { resourceMetricsInstruments } from '../../../../src/apis/metrics/instruments.ts';
import type { ResourceMetricsParts } from '../../../../src/apis/metrics/group.ts';
import type { PodMetrics } from '../../../../src/apis/metrics/objects.ts';
import type {
  AnyResource,
  ItemKey,
  ItemRun,
  ListRequest,
} from '../../../../src/apiserver/api-group.ts';
import type { Clock } from '../../../../src/clock.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../../../support/recorded-world.ts';

const clock: Clock = { nowMs: () => Date.UTC(2026, 10, 20, 10, 0, 20, 400), monotonicMs: () => 0 };
const FIELDS = ['metadata.name', 'metadata.namespace'];

function resources(parts: Partial<ResourceMetricsParts> = {}): [AnyResource, AnyResource] {
  const [version] = metricsGroupOf(RECORDED_NODES, RECORDED_PODS, clock, parts).versions;
  const [nodes, pods] = version?.resources() ?? [];
  if (!nodes || !pods) throw new Error('expected two resources');
  return [nodes, pods];
}

function asked({
  namespace,
  labels = '',
  fields = '',
  after,
}: {
  namespace?: string;
  labels?: string;
  fields?: string;
  after?: ItemKey;
}): ListRequest {
  return {
    namespace,
    after,
    labelSelector: parseLabelSelector(labels),
    fieldSelector: parseFieldSelector(fields, FIELDS),
  };
}

function namesOf(resource: AnyResource, request: ListRequest): string[] {
  return [...(resource.list?.(request) ?? [])].flatMap((item: unknown) => {
    if (item === undefined) return [];
    const metadata = resource.encoding.metadata(item);
    return metadata?.namespace === undefined
      ? (metadata?.name ?? '')
      : `${metadata.namespace}/${metadata.name}`;
  });
}

/** The keys of the pods of which there are figures. */
function keysIn(run: ItemRun<PodMetrics>): string[] {
  return [...run.revise()].flatMap((revision, place) => {
    const pod = revision === 0 ? undefined : run.itemAt(place)?.pod;
    return pod ? [`${pod.namespace}/${pod.name}`] : [];
  });
}

function refusal(run: () => unknown): object {
  try {
    run();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const { code, message, details } = error;
    return { code, message, details };
  }
  throw new Error('expected a refusal');
}

describe('nodes of metrics.k8s.io', () => {
  test('are listed by name, those without figures left out', () => {
    const [nodes] = resources();
    expect(namesOf(nodes, asked({}))).toEqual(['alpha', 'beta', 'gamma']);
  });

  test.each([
    { labels: 'zone=a', fields: '', nodeSelector: '', names: ['alpha', 'gamma'] },
    { labels: 'zone=a', fields: '', nodeSelector: 'kubernetes.io/os=linux', names: ['alpha'] },
    { labels: '', fields: 'metadata.name!=alpha', nodeSelector: '', names: ['beta', 'gamma'] },
    {
      labels: '',
      fields: 'metadata.namespace=',
      nodeSelector: '',
      names: ['alpha', 'beta', 'gamma'],
    },
    { labels: '', fields: 'metadata.namespace=x', nodeSelector: '', names: [] },
  ])(
    'with labels "$labels", fields "$fields", --node-selector "$nodeSelector" are $names',
    ({ labels, fields, nodeSelector, names }) => {
      const [nodes] = resources({ nodeSelector: parseLabelSelector(nodeSelector) });
      expect(namesOf(nodes, asked({ labels, fields }))).toEqual(names);
    },
  );

  test('go on after a name, whether or not there is such a node', () => {
    const [nodes] = resources();
    expect(namesOf(nodes, asked({ after: { namespace: '', name: 'alpha' } }))).toEqual([
      'beta',
      'gamma',
    ]);
    expect(namesOf(nodes, asked({ after: { namespace: '', name: 'bet' } }))).toEqual([
      'beta',
      'gamma',
    ]);
    expect(namesOf(nodes, asked({ after: { namespace: '', name: 'gamma' } }))).toEqual([]);
  });

  test('are walked over for a count as they are listed', () => {
    const [nodes] = resources({ nodeSelector: parseLabelSelector('kubernetes.io/os=linux') });
    const request = asked({ fields: 'metadata.name!=beta', after: { namespace: '', name: 'a' } });
    expect([...(nodes.paging?.walk(request) ?? [])]).toEqual([true, false, false, false]);
    expect(namesOf(nodes, request)).toEqual(['alpha']);
  });

  test('are got by name whatever --node-selector says', () => {
    const [nodes] = resources({ nodeSelector: parseLabelSelector('zone=nowhere') });
    const item: unknown = nodes.get?.({
      namespace: undefined,
      name: 'beta',
      subresource: undefined,
    });
    expect(nodes.encoding.json(item)).toContain('"cpu":"200m"');
  });

  test.each([
    {
      name: 'nope',
      error: {
        code: 404,
        message: 'node "nope" not found',
        details: { name: 'nope', group: '', kind: 'node' },
      },
    },
    {
      name: 'delta',
      error: {
        code: 404,
        message: 'nodemetrics.metrics.k8s.io "delta" not found',
        details: { name: 'delta', group: 'metrics.k8s.io', kind: 'nodemetrics' },
      },
    },
  ])('$name is not found', ({ name, error }) => {
    const [nodes] = resources();
    expect(
      refusal(() => nodes.get?.({ namespace: undefined, name, subresource: undefined }) as unknown),
    ).toEqual(error);
  });
});

describe('pods of metrics.k8s.io', () => {
  test.each([
    {
      request: { namespace: 'kube-system' },
      names: [
        'kube-system/dns-5d4f8c7b9-x2x4x',
        'kube-system/proxy-alpha',
        'kube-system/proxy-beta',
      ],
    },
    { request: { namespace: 'no-such' }, names: [] },
    { request: { labels: 'app=web,!canary' }, names: ['default/web-0', 'default/web-1'] },
    {
      request: { namespace: 'default', labels: 'app', fields: 'metadata.name!=web-0' },
      names: ['default/db-0', 'default/web-1', 'default/web-2'],
    },
    {
      request: { fields: 'metadata.namespace=team-a' },
      names: ['team-a/fresh', 'team-a/huge', 'team-a/restarted'],
    },
    {
      request: { fields: 'metadata.namespace=default,metadata.name=db-0' },
      names: ['default/db-0'],
    },
    {
      request: { fields: 'metadata.namespace=default,metadata.name=db-0', labels: 'app=web' },
      names: [],
    },
    { request: { fields: 'metadata.namespace=default,metadata.name=nope' }, names: [] },
    { request: { fields: 'metadata.name=web-1,metadata.name=web-2' }, names: [] },
    { request: { namespace: 'default', fields: 'metadata.namespace=team-a' }, names: [] },
    { request: { namespace: 'default', fields: 'metadata.name=web-1' }, names: ['default/web-1'] },
    { request: { namespace: 'default', fields: 'metadata.namespace!=default' }, names: [] },
    { request: { namespace: 'default', fields: 'metadata.namespace=' }, names: [] },
    {
      request: {
        namespace: 'default',
        fields: 'metadata.namespace=default',
        labels: '!canary,app',
      },
      names: ['default/db-0', 'default/web-0', 'default/web-1'],
    },
  ])('asked for $request are $names', ({ request, names }) => {
    const [, pods] = resources();
    expect(namesOf(pods, asked(request))).toEqual(names);
  });

  test.each([
    { request: { after: { namespace: 'team-a', name: 'fresh' } }, first: 'team-a/huge' },
    {
      request: { after: { namespace: 'default', name: 'web-2' } },
      first: 'kube-system/dns-5d4f8c7b9-x2x4x',
    },
    { request: { after: { namespace: 'e', name: 'x' } }, first: 'kube-system/dns-5d4f8c7b9-x2x4x' },
    { request: { after: { namespace: 'team-b', name: 'dropped' } }, first: undefined },
    {
      request: { namespace: 'default', after: { namespace: 'default', name: 'no-labels' } },
      first: 'default/web-0',
    },
    {
      request: {
        fields: 'metadata.namespace=default,metadata.name=db-0',
        after: { namespace: 'default', name: 'a' },
      },
      first: 'default/db-0',
    },
    {
      request: {
        fields: 'metadata.namespace=default,metadata.name=db-0',
        after: { namespace: 'default', name: 'db-0' },
      },
      first: undefined,
    },
  ])('asked for $request begin with $first', ({ request, first }) => {
    const [, pods] = resources();
    expect(namesOf(pods, asked(request))[0]).toBe(first);
  });

  test('are walked over for a count as they are listed', () => {
    const [, pods] = resources();
    const request = asked({ namespace: 'team-a', fields: 'metadata.name!=huge' });
    const walked = [...(pods.paging?.walk(request) ?? [])];
    expect(walked).toHaveLength(10);
    expect(walked.filter(Boolean)).toHaveLength(namesOf(pods, request).length);
  });

  test('of one namespace are not looked for when the selector names another', () => {
    const [, pods] = resources({
      pods: {
        list: () => {
          throw new Error('walked over a namespace for nothing');
        },
        get: () => undefined,
      },
    });
    expect(namesOf(pods, asked({ namespace: 'a', fields: 'metadata.namespace=b' }))).toEqual([]);
  });

  test('are listed by namespace, then name', () => {
    const [, pods] = resources();
    const names = namesOf(pods, asked({}));
    expect(names).toEqual([...names].sort());
    expect(names).toHaveLength(11);
  });

  test('are looked up without a walk when the selector names one', () => {
    const [, pods] = resources({
      pods: {
        list: () => {
          throw new Error('walked over all pods');
        },
        get: () => undefined,
      },
    });
    expect(namesOf(pods, asked({ fields: 'metadata.namespace=a,metadata.name=b' }))).toEqual([]);
  });

  test.each([
    {
      name: 'nope',
      error: {
        code: 404,
        message: 'pods "nope" not found',
        details: { name: 'nope', group: '', kind: 'pods' },
      },
    },
    {
      name: 'idle',
      error: {
        code: 404,
        message: 'podmetrics.metrics.k8s.io "team-a/idle" not found',
        details: { name: 'team-a/idle', group: 'metrics.k8s.io', kind: 'podmetrics' },
      },
    },
  ])('$name is not found', ({ name, error }) => {
    const [, pods] = resources();
    expect(
      refusal(() => pods.get?.({ namespace: 'team-a', name, subresource: undefined }) as unknown),
    ).toEqual(error);
  });

  test.each([
    { what: 'all pods', fields: '', after: undefined, inRuns: true },
    { what: 'pods with a field', fields: 'metadata.name!=x', after: undefined, inRuns: false },
    {
      what: 'pods of a later page',
      fields: '',
      after: { namespace: 'a', name: 'b' },
      inRuns: false,
    },
  ])('of $what come in runs: $inRuns', ({ fields, after, inRuns }) => {
    const [, pods] = resources();
    const request = asked({ fields, ...(after && { after }) });
    const runs = pods.runs?.(request);

    expect(runs !== undefined).toBe(inRuns);
    if (!runs) return;
    const keys = [...runs].flatMap((run) => (run ? keysIn(run as ItemRun<PodMetrics>) : []));
    expect(keys).toEqual(namesOf(pods, request));
  });

  test('have the verbs of upstream and no other, or controllers would try to watch', () => {
    for (const { verbs } of resources()) expect(verbs).toEqual(['get', 'list']);
  });
});

describe('metrics_server_api_metric_freshness_seconds', () => {
  test("observes the age of each item that is served, in upstream's buckets", async () => {
    const registry = new Registry();
    const [nodes, pods] = resources({ instruments: resourceMetricsInstruments(registry) });

    namesOf(nodes, asked({}));
    namesOf(pods, asked({ namespace: 'default' }));
    pods.get?.({ namespace: 'default', name: 'web-0', subresource: undefined });

    const text = await registry.metrics();
    const name = 'metrics_server_api_metric_freshness_seconds';
    expect(text).toContain(`# HELP ${name} [ALPHA] `);
    expect(text).toContain(`# TYPE ${name} histogram`);
    expect([...text.matchAll(/le="([^"]+)"/g)].map(([, bound]) => bound)).toEqual([
      '1',
      '1.364',
      '1.8604960000000004',
      '2.5377165440000007',
      '3.4614453660160014',
      '4.721411479245826',
      '6.440005257691307',
      '8.784167171490942',
      '11.981604021913647',
      '16.342907885890217',
      '22.291726356354257',
      '30.405914750067208',
      '41.47366771909167',
      '56.57008276884105',
      '77.16159289669919',
      '105.2484127110977',
      '143.55883493793726',
      '195.81425085534644',
      '267.09063816669254',
      '364.31163045936864',
      '+Inf',
    ]);
    expect(text).toContain(`${name}_bucket{le="4.721411479245826"} 0`);
    expect(text).toContain(`${name}_bucket{le="6.440005257691307"} 9`);
    expect(text).toContain(`${name}_sum 45`);
    expect(text).toContain(`${name}_count 9`);
  });
});
