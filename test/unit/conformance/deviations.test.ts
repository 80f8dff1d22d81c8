import { describe, expect, test } from '@jest/globals';
import { DEVIATIONS, meantSide } from '../../conformance/deviations.ts';
import { legibleBody, writeBody } from '../../conformance/document.ts';
import { itemsOf, nameOf } from '../../conformance/edits.ts';
import { type Exchange, OWN_EXCHANGES, readExchanges } from '../../conformance/exchanges.ts';
import { type Side, recordedSide } from '../../conformance/side.ts';
import { type Value, sorted, treeOf } from '../../conformance/tree.ts';

const API = '/apis/metrics.k8s.io/v1beta1';
const exchanges = readExchanges(OWN_EXCHANGES);

function exchangeOf(id: number, change: Partial<Exchange> = {}): Exchange {
  const found = exchanges.find((exchange) => exchange.id === id);
  if (!found) throw new Error(`There is no exchange ${id}`);
  return { ...found, ...change };
}

function meant(exchange: Exchange, side: Side = recordedSide(exchange)) {
  const { side: edited, applied } = meantSide(exchange, side, DEVIATIONS);
  return { ...edited, applied: applied.map(({ name }) => name) };
}

function namesIn({ body }: Pick<Side, 'body'>): string[] {
  if (body === undefined || body.format === 'text') return [];
  return itemsOf(body).map((item) => nameOf(item).name);
}

const SERVED = [
  'db-0',
  'no-labels',
  'web-0',
  'web-1',
  'web-2',
  'dns-5d4f8c7b9-x2x4x',
  'proxy-alpha',
  'proxy-beta',
  'finished-init',
  'fresh',
  'huge',
  'idle',
  'restarted',
];

describe('a list of all pods', () => {
  test.each([
    ['JSON', 13],
    ['protobuf', 214],
    ['a Table', 212],
  ])('as %s holds the pods that are meant, in order', (_, id) => {
    const side = meant(exchangeOf(id));

    expect(side.applied).toEqual(['reset', 'idle', 'finished-init']);
    expect(namesIn(side)).toEqual(SERVED);
  });

  test('as YAML has its members in the order of YAML', () => {
    const exchange = exchangeOf(13);
    const { body, ...rest } = recordedSide(exchange);
    if (body === undefined || body.format === 'text') throw new Error('There is no document');
    const yaml = { format: 'yaml', tail: '', tree: sorted(body.tree) } as const;

    const side = meant(exchange, { ...rest, body: yaml });

    expect(legibleBody(side.body ?? yaml)).toContain(
      [
        '- containers:',
        '  - name: main',
        '    usage:',
        '      cpu: "0"',
        '      memory: 1Mi',
        '  metadata:',
        "    creationTimestamp: '*'",
        '    labels:',
        '      app: idle',
        '    name: idle',
        '    namespace: team-a',
        '  timestamp: "2026-11-20T10:00:15Z"',
        '  window: 15s',
      ].join('\n'),
    );
  });

  test('as a Table without objects has them in order, too', () => {
    const exchange = exchangeOf(212, { path: `${API}/pods?includeObject=None` });
    const { body, ...rest } = recordedSide(exchange);
    const text = body ? writeBody(body) : '';
    const table = JSON.parse(text, (name, value: unknown) =>
      name === 'object' ? null : value,
    ) as Value;
    const without = { format: 'compact', tail: '\n', tree: treeOf(table) } as const;

    expect(namesIn(meant(exchange, { ...rest, body: without }))).toEqual(SERVED);
  });

  test.each([
    ['of another namespace', `${API}/namespaces/default/pods`, ['reset']],
    ['that selects others', `${API}/pods?labelSelector=app%3Dweb`, ['reset']],
    [
      'that selects one of them',
      `${API}/pods?labelSelector=app%3Dinit`,
      ['reset', 'finished-init'],
    ],
  ])('%s gains only what belongs there', (_, path, applied) => {
    expect(meant(exchangeOf(13, { path })).applied).toEqual(applied);
  });

  test('is cut into pages after it holds the right pods', () => {
    const side = meant(exchangeOf(13, { path: `${API}/pods?limit=9` }));
    const { metadata } = JSON.parse(side.body ? writeBody(side.body) : '') as {
      metadata: { continue: string; remainingItemCount: number };
    };

    expect(namesIn(side)).toEqual(SERVED.slice(0, 9));
    expect(metadata.remainingItemCount).toBe(4);
    expect(JSON.parse(String(Buffer.from(metadata.continue, 'base64url')))).toEqual({
      v: 1,
      of: 'pods.metrics.k8s.io',
      in: '',
      after: ['team-a', 'finished-init'],
      left: 4,
    });
  });
});

describe('one pod', () => {
  const one = (name: string, accept = 'application/json') =>
    exchangeOf(31, { path: `${API}/namespaces/team-a/pods/${name}`, headers: { accept } });

  test.each([
    ['application/json', /^\{"kind":"PodMetrics"/],
    ['application/json;as=Table;v=v1;g=meta.k8s.io', /"cells":\["idle","0","1Mi","15s"\]/],
    [
      'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      /"PartialObjectMetadata".*"idle"/,
    ],
    ['application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io', /meta.k8s.io\/v1beta1/],
    ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', /is not a list/],
  ])('that is idle is served to who accepts %s', (accept, text) => {
    const { body, applied } = meant(one('idle', accept));

    expect(applied).toEqual(['idle']);
    expect(body && writeBody(body)).toMatch(text);
  });

  test('whose counter fell is missing, in the encoding that it was served in', () => {
    const served = recordedSide(exchangeOf(157));

    const { status, body, headers } = meant(
      one('reset', 'application/vnd.kubernetes.protobuf'),
      served,
    );

    expect({ status, format: body?.format }).toEqual({ status: 404, format: 'protobuf' });
    expect(headers.get('content-type')).toBe('application/vnd.kubernetes.protobuf');
  });

  test('without memory stays hidden', () => {
    expect(meant(one('no-memory')).applied).toEqual([]);
  });
});
