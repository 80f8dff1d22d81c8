import { describe, expect, test } from '@jest/globals';
import { DEVIATIONS, meantSide } from '../../conformance/deviations.ts';
import { legibleBody, writeBody } from '../../conformance/document.ts';
import { itemsOf, nameOf, withItems } from '../../conformance/edits.ts';
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

describe('a list of one', () => {
  const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const path = (name: string) => `${API}/pods?fieldSelector=metadata.name%3D${name}`;
  const none = recordedSide(exchangeOf(220));
  const textOf = ({ body }: Side) => (body ? writeBody(body) : '');

  test('pod that is served here has the columns that an empty Table lacks', () => {
    const side = meant(exchangeOf(220, { path: path('idle') }), none);

    expect(textOf(side)).toContain('"columnDefinitions":[{"name":"Name"');
    expect(namesIn(side)).toEqual(['idle']);
  });

  test.each([
    [TABLE, 212, '"columnDefinitions":null,"rows":null'],
    ['application/json', 13, '"items":[]'],
  ])('pod that is hidden here is empty to who accepts %s', (accept, id, text) => {
    const side = recordedSide(exchangeOf(id));
    if (side.body === undefined || side.body.format === 'text') throw new Error('no document');
    const only = itemsOf(side.body).filter((item) => nameOf(item).name === 'reset');
    const body = withItems(side.body, only);

    const edited = meant(exchangeOf(id, { path: path('reset'), headers: { accept } }), {
      ...side,
      body,
    });

    expect(textOf(edited)).toContain(text);
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

describe('one pod in other forms', () => {
  const asked = (accept: string, query = '', headers: Record<string, string> = {}) =>
    exchangeOf(31, {
      path: `${API}/namespaces/team-a/pods/idle${query}`,
      headers: { accept, ...headers },
    });
  const table = 'as=Table;v=v1;g=meta.k8s.io';

  test.each([
    ['application/yaml', 'yaml', 'application/yaml'],
    ['application/vnd.kubernetes.protobuf', 'protobuf', 'application/vnd.kubernetes.protobuf'],
    [`application/yaml;${table}`, 'yaml', 'application/yaml'],
    [`*/*;${table}`, 'compact', 'application/json'],
    [
      `application/vnd.kubernetes.protobuf;${table},application/json`,
      'compact',
      'application/json',
    ],
    ['application/json;q=0.1,application/yaml;q=0.2', 'yaml', 'application/yaml'],
    ['application/xml,*/*;q=0.8', 'compact', 'application/json'],
    ['application/json;pretty=1', 'indented', 'application/json'],
    ['', 'compact', 'application/json'],
  ])('is served to who accepts %j as %s', (accept, format, contentType) => {
    const { status, body, headers } = meant(asked(accept));

    expect({ status, format: body?.format, contentType: headers.get('content-type') }).toEqual({
      status: 200,
      format,
      contentType,
    });
  });

  test.each([
    ['?pretty=1', {}, 'indented'],
    ['?pretty=0', { 'user-agent': 'curl/8' }, 'compact'],
    ['', { 'User-Agent': 'curl/8' }, 'indented'],
  ])('is served with %j and %j as %s', (query, headers, format) => {
    expect(meant(asked('application/json', query, headers)).body?.format).toBe(format);
  });

  test('whose counter fell is missing in the form of errors, which is no Table', () => {
    const path = `${API}/namespaces/team-a/pods/reset`;
    const exchange = exchangeOf(161, { path, headers: { accept: `application/yaml;${table}` } });

    const { status, body, headers } = meant(exchange);

    expect({ status, format: body?.format }).toEqual({ status: 404, format: 'indented' });
    expect(headers.get('content-type')).toBe('application/json');
  });
});

describe('a token of somebody else', () => {
  const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test.each([
    ['a b', 400, 'illegal base64 data at input byte 1'],
    ['x', 400, 'illegal base64 data at input byte 0'],
    ['YWJj', 400, 'it is not JSON'],
    [token([1]), 400, 'it is not a JSON object'],
    [token({ rv: 1 }), 400, 'it has no version'],
    [token({ v: 'meta.k8s.io/v1', rv: 1, start: 'x' }), 410, 'too old'],
  ])('%j is refused with %i: %s', (value, code, text) => {
    const path = `${API}/nodes?continue=${encodeURIComponent(value)}`;

    const { status, body } = meant(exchangeOf(123, { path }));

    expect(status).toBe(code);
    expect(body && writeBody(body)).toContain(text);
  });

  test('is refused in YAML as Go breaks its lines', () => {
    const exchange = exchangeOf(123, {
      path: `${API}/nodes?continue=x`,
      headers: { accept: 'application/yaml' },
    });
    const { body } = meant(exchange);

    expect(body && writeBody(body)).toContain(
      "message: 'invalid continue token: continue key is not valid: illegal base64 data at\n  input byte 0'\n",
    );
  });

  test('is refused in the form of errors', () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { body } = meant(exchangeOf(123, { headers: { accept } }));

    expect(body?.format).toBe('indented');
  });
});

describe('OpenAPI in protobuf', () => {
  const PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

  test.each([
    [PROTOBUF, 406],
    [`${PROTOBUF},application/json`, 200],
    [`${PROTOBUF}, */*;q=0.1`, 200],
    [`${PROTOBUF},application/json-seq`, 406],
  ])('is answered to who accepts %s with %i', (accept, code) => {
    const { status, headers, applied } = meant(exchangeOf(276, { headers: { accept } }));

    expect({ status, applied }).toEqual({ status: code, applied: ['openapi-protobuf'] });
    expect(headers.get('content-type')).toBe(code === 200 ? 'application/json' : undefined);
  });
});

describe('a page of the profiler', () => {
  const page = exchangeOf(247, { path: '/debug/pprof/cmdline' });
  const missing = (contentType: string): Side => ({
    status: 404,
    headers: new Map([['content-type', contentType]]),
    body: { format: 'text', text: 'Unknown profile\n' },
  });

  test('that upstream does not know is missing in our words', () => {
    const { status, body, applied } = meant(page, missing('text/plain; charset=utf-8'));

    expect({ status, applied }).toEqual({ status: 404, applied: ['debugging-pages'] });
    expect(body?.format).toBe('indented');
  });

  test('has no body for HEAD', () => {
    const { body } = meant({ ...page, method: 'HEAD' }, missing('text/plain; charset=utf-8'));

    expect(body).toEqual({ format: 'text', text: '' });
  });

  test('that refuses what it is told is missing', () => {
    const refused = { ...missing('text/plain'), status: 400 };

    expect(meant(page, refused)).toMatchObject({ status: 404, applied: ['debugging-pages'] });
  });

  test.each([
    [404, 'application/json'],
    [400, 'application/yaml'],
    [403, 'application/json'],
  ])('that is answered with %i in %s as every other is equal', (status, contentType) => {
    expect(meant(page, { ...missing(contentType), status }).applied).toEqual([]);
  });
});

describe('metrics', () => {
  const page = exchangeOf(520);
  const PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily';

  test('are text to who asks for protobuf', () => {
    const recorded = recordedSide(page);
    const headers = new Map(recorded.headers).set('content-type', PROTOBUF);

    const side = meant(page, { ...recorded, headers, body: { format: 'text', text: '\n' } });

    expect(side.applied).toEqual(['metrics-protobuf']);
    expect(side.headers).toEqual(recorded.headers);
    expect(side.body).toBeUndefined();
  });

  test('are equal as text', () => {
    expect(meant(page).applied).toEqual([]);
  });
});
