import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import type { Clock } from '../../../src/clock.ts';
import { decodeDocument } from '../../support/kubernetes-protobuf.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../../support/recorded-world.ts';
import { serveApp } from '../../support/serve-app.ts';
import type { Reply, ServedApp } from '../../support/serve-app.ts';

const CREATED_AT = '2026-11-21T02:12:50Z';
const clock: Clock = { nowMs: () => Date.parse(CREATED_AT), monotonicMs: () => performance.now() };

const ROOT = '/apis/metrics.k8s.io/v1beta1';
const NODES = `${ROOT}/nodes`;
const POD = `${ROOT}/namespaces/default/pods/db-0`;

const JSON_TYPE = 'application/json';
const YAML = 'application/yaml';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

const ONLY =
  'only the following media types are accepted: ' +
  'application/json, application/yaml, application/vnd.kubernetes.protobuf';
const AVAILABLE =
  '406: Not Acceptable\n\nAvailable representations: ' +
  'application/json, application/yaml, application/vnd.kubernetes.protobuf';

let app: ServedApp;
beforeAll(async () => {
  const groups = [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, clock)];
  app = await serveApp({ groups, clock });
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
});

function ask(path: string, accept: string | undefined, userAgent?: string): Promise<Reply> {
  const headers = {
    ...(accept !== undefined && { accept }),
    ...(userAgent !== undefined && { 'user-agent': userAgent }),
  };
  return app.ask({ path, headers });
}

/** How a body is written, told by itself. */
function formOf({ headers, body, bytes }: Reply): string {
  switch (headers['content-type']) {
    case JSON_TYPE:
      if (body.startsWith('{\n  "') && body.endsWith('\n}')) return 'pretty JSON';
      return body.startsWith('{"') && body.endsWith('}\n') ? 'compact JSON' : 'strange JSON';
    case YAML:
      return /^[a-zA-Z]+:/.test(body) && body.endsWith('\n') ? 'YAML' : 'strange YAML';
    case PROTOBUF:
      return bytes.toString('latin1', 0, 4) === 'k8s\0' ? 'protobuf' : 'strange protobuf';
    default:
      return `something of type ${headers['content-type']}`;
  }
}

interface Member {
  readonly [name: string]: Member | undefined;
}

/** The document of a reply, read by libraries that are not ours. */
function documentOf(reply: Reply): Member {
  const { headers, body, bytes } = reply;
  if (headers['content-type'] === YAML) return load(body) as Member;
  if (headers['content-type'] !== PROTOBUF) return JSON.parse(body) as Member;
  const { apiVersion, kind, value } = decodeDocument(bytes);
  return { apiVersion, kind, ...(value as object) } as unknown as Member;
}

/** contract.md 4.2, row by row, and each asked of a list and of one object. */
describe('what an Accept header gets', () => {
  test.each([
    { accept: undefined, form: 'compact JSON' },
    { accept: '', form: 'compact JSON' },
    { accept: '*/*', form: 'compact JSON' },
    { accept: 'application/json', form: 'compact JSON' },
    { accept: 'application/json; charset=utf-8', form: 'compact JSON' },
    { accept: 'application/json;stream=watch', form: 'compact JSON' },
    { accept: 'application/json;sv=v1', form: 'compact JSON' },
    { accept: 'application/json;pretty=1', form: 'pretty JSON' },
    { accept: 'application/yaml', form: 'YAML' },
    { accept: 'application/yaml;pretty=1', form: 'YAML' },
    { accept: 'application/json;q=0.1, application/yaml;q=0.9', form: 'YAML' },
    { accept: 'application/yaml;stream=watch, application/json;q=0.1', form: 'compact JSON' },
    { accept: BROWSER, form: 'compact JSON' },
    { accept: PROTOBUF, form: 'protobuf' },
    { accept: `${PROTOBUF};pretty=1`, form: 'protobuf' },
    { accept: `${PROTOBUF};stream=watch`, form: 'protobuf' },
    { accept: `${PROTOBUF}, */*`, form: 'protobuf' },
    { accept: `${PROTOBUF},application/json`, form: 'protobuf' },
    { accept: `application/json;q=0.1,${PROTOBUF}`, form: 'protobuf' },
    { accept: `${PROTOBUF};q=0,application/json;q=0`, form: 'protobuf' },
    { accept: `${PROTOBUF};as=Table;v=v1;g=meta.k8s.io,application/json`, form: 'compact JSON' },
    {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io;q=0.1, application/json;q=0.9',
      form: 'compact JSON',
    },
  ])('$accept: the object as $form', async ({ accept, form }) => {
    for (const [path, kind] of [
      [NODES, 'NodeMetricsList'],
      [POD, 'PodMetrics'],
    ] as const) {
      const reply = await ask(path, accept);

      expect({ status: reply.status, form: formOf(reply) }).toEqual({ status: 200, form });
      expect(documentOf(reply)).toMatchObject({ kind, apiVersion: 'metrics.k8s.io/v1beta1' });
    }
  });

  test.each([
    { accept: `${PROTOBUF};as=Table;v=v1;g=meta.k8s.io`, message: ONLY },
    { accept: 'application/json;v=v1', message: ONLY },
    { accept: 'application/json;as=Table', message: ONLY },
    { accept: 'application/json;as=Table;v=v2;g=meta.k8s.io', message: ONLY },
    { accept: 'application/json;as=Table;v=v1;g=foo', message: ONLY },
    { accept: 'application/json;as=Foo;v=v1;g=meta.k8s.io', message: ONLY },
    { accept: 'application/json;sv=v2', message: ONLY },
    { accept: 'application/yaml;stream=watch', message: ONLY },
    { accept: 'text/yaml', message: AVAILABLE },
    { accept: 'text/html', message: AVAILABLE },
    { accept: 'text/*', message: AVAILABLE },
    { accept: 'foo/bar', message: AVAILABLE },
    { accept: 'application/cbor', message: AVAILABLE },
  ])('$accept: refused in JSON, laid out', async ({ accept, message }) => {
    const reply = await ask(POD, accept);

    expect({ status: reply.status, form: formOf(reply) }).toEqual({
      status: 406,
      form: 'pretty JSON',
    });
    expect(documentOf(reply)).toMatchObject({ kind: 'Status', message, reason: 'NotAcceptable' });
    expect('details' in documentOf(reply)).toBe(message === AVAILABLE);
  });

  test('application/* passes the encoder and fails the router, which names the types of watches too', async () => {
    const reply = await ask(NODES, 'application/*');

    expect(formOf(reply)).toBe('compact JSON');
    expect(documentOf(reply)['message']).toBe(
      `${AVAILABLE}, application/json;stream=watch, ${PROTOBUF};stream=watch`,
    );
  });

  test('only the first of two Accept lines counts', async () => {
    const reply = await app.ask({ path: POD, headers: { accept: [JSON_TYPE, YAML] } });

    expect(formOf(reply)).toBe('compact JSON');
  });
});

describe('the three encodings', () => {
  test.each([
    NODES,
    `${NODES}/alpha`,
    `${NODES}/nope`,
    POD,
    `${ROOT}/pods`,
    `${ROOT}/namespaces/none/pods`,
    `${NODES}?limit=abc`,
    `${NODES}?resourceVersionMatch=foo&sendInitialEvents=true`,
    `${ROOT}/foos`,
    '/apis',
    '/apis/metrics.k8s.io',
    ROOT,
  ])('of %s say the same', async (path) => {
    const json = await ask(path, JSON_TYPE);
    const yaml = await ask(path, YAML);
    const protobuf = await ask(path, PROTOBUF);

    expect([yaml.status, protobuf.status]).toEqual([json.status, json.status]);
    expect([json, yaml, protobuf].map(formOf)).toEqual(['compact JSON', 'YAML', 'protobuf']);
    const expected = documentOf(json);
    expect(documentOf(yaml)).toEqual(expected);
    expect(asInJson(documentOf(protobuf))).toEqual(asInJson(expected));
  });
});

/** What protobuf says with other words, in those of JSON; what either leaves out is not compared. */
function asInJson(document: Member): unknown {
  return JSON.parse(JSON.stringify(document), (key, value: unknown) => {
    const member = key === 'verbs' && !Array.isArray(value) ? (value as Member)['items'] : value;
    return isEmpty(member) ? undefined : inWords(member);
  });
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false;
}

/** Times, durations and quantities. */
function inWords(value: unknown): unknown {
  const { seconds, duration, string } = value as Record<string, unknown>;
  if (seconds !== undefined)
    return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`;
  return duration === undefined ? (string ?? value) : `${Number(duration) / 1e9}s`;
}

describe('a part of the object', () => {
  const partial = (media: string, kind: string, version: string): string =>
    `${media};as=${kind};v=${version};g=meta.k8s.io`;

  describe.each([JSON_TYPE, YAML, PROTOBUF])('as %s', (media) => {
    test.each(['v1', 'v1beta1'])('PartialObjectMetadata of %s is its metadata', async (version) => {
      const reply = await ask(POD, partial(media, 'PartialObjectMetadata', version));

      expect(reply.headers['content-type']).toBe(media);
      expect(documentOf(reply)).toMatchObject({
        kind: 'PartialObjectMetadata',
        apiVersion: `meta.k8s.io/${version}`,
        metadata: { name: 'db-0', namespace: 'default', labels: { app: 'db' } },
      });
      expect(documentOf(reply)).not.toHaveProperty('containers');
    });

    test.each(['v1', 'v1beta1'])(
      'PartialObjectMetadataList of %s is all of it',
      async (version) => {
        const reply = await ask(NODES, partial(media, 'PartialObjectMetadataList', version));

        const document = documentOf(reply);
        expect(document).toMatchObject({
          kind: 'PartialObjectMetadataList',
          apiVersion: `meta.k8s.io/${version}`,
        });
        const items = document['items'] as unknown as Member[];
        expect(items.map(({ metadata }) => metadata?.['name'])).toEqual(['alpha', 'beta', 'gamma']);
        expect(items.every((item) => !('usage' in item))).toBe(true);
      },
    );

    test.each([
      {
        path: NODES,
        kind: 'PartialObjectMetadata',
        found: 'a list (*metrics.NodeMetricsList)',
      },
      {
        path: `${ROOT}/pods`,
        kind: 'PartialObjectMetadata',
        found: 'a list (*metrics.PodMetricsList)',
      },
      {
        path: `${NODES}/alpha`,
        kind: 'PartialObjectMetadataList',
        found: 'not a list (*metrics.NodeMetrics)',
      },
      {
        path: POD,
        kind: 'PartialObjectMetadataList',
        found: 'not a list (*metrics.PodMetrics)',
      },
    ])('$kind of $path is refused', async ({ path, kind, found }) => {
      const alone = await ask(path, partial(media, kind, 'v1'));
      const withFallback = await ask(path, `${partial(media, kind, 'v1')},${media}`);

      expect([alone.status, withFallback.status]).toEqual([406, 406]);
      expect(formOf(alone)).toBe('pretty JSON');
      expect(withFallback.headers['content-type']).toBe(media);
      const message = `you requested ${kind}, but the requested object is ${found}`;
      for (const reply of [alone, withFallback]) {
        expect(documentOf(reply)).toMatchObject({ message, reason: 'NotAcceptable' });
        expect(documentOf(reply)).not.toHaveProperty('details');
      }
    });
  });

  test('the items of a partial list name their kind', async () => {
    const reply = await ask(NODES, partial(JSON_TYPE, 'PartialObjectMetadataList', 'v1beta1'));

    expect(reply.body).toMatch(
      /"items":\[\{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io\/v1beta1","metadata":\{"name":"alpha",/,
    );
  });

  test.each([
    { media: JSON_TYPE, body: '"metadata":{},"items":null}\n' },
    { media: YAML, body: 'items: null\nkind: PartialObjectMetadataList\nmetadata: {}\n' },
  ])('an empty one has no items as $media', async ({ media, body }) => {
    const accept = partial(media, 'PartialObjectMetadataList', 'v1');
    const reply = await ask(`${ROOT}/namespaces/none/pods`, accept);

    expect(reply.body.endsWith(body)).toBe(true);
  });

  test('an object that is not there is missing before it is of the wrong kind', async () => {
    const reply = await ask(`${NODES}/nope`, partial(JSON_TYPE, 'PartialObjectMetadataList', 'v1'));

    expect(reply.status).toBe(404);
  });
});

describe('a Table', () => {
  test.each([
    { media: JSON_TYPE, version: 'v1' },
    { media: JSON_TYPE, version: 'v1beta1' },
    { media: YAML, version: 'v1' },
    { media: YAML, version: 'v1beta1' },
  ])('of $version as $media has columns, rows and objects of its version', async (of) => {
    const reply = await ask(POD, `${of.media};as=Table;v=${of.version};g=meta.k8s.io`);

    expect(reply.headers['content-type']).toBe(of.media);
    expect(documentOf(reply)).toMatchObject({
      kind: 'Table',
      apiVersion: `meta.k8s.io/${of.version}`,
      columnDefinitions: ['Name', 'cpu', 'memory', 'Window'].map((name) => ({ name, priority: 0 })),
      rows: [
        {
          cells: ['db-0', '2001m', '8610906113', '15s'],
          object: { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${of.version}` },
        },
      ],
    });
  });

  test.each([
    { media: JSON_TYPE, end: '"columnDefinitions":null,"rows":null}\n' },
    { media: YAML, end: 'kind: Table\nmetadata: {}\nrows: null\n' },
  ])('of nothing has neither as $media', async ({ media, end }) => {
    const accept = `${media};as=Table;v=v1;g=meta.k8s.io`;
    const reply = await ask(`${ROOT}/namespaces/none/pods`, accept);

    expect(reply.body.endsWith(end)).toBe(true);
    expect(documentOf(reply)['columnDefinitions']).toBeNull();
  });

  test.each([
    { include: 'Metadata', object: { kind: 'PartialObjectMetadata' } },
    { include: '', object: { kind: 'PartialObjectMetadata' } },
    { include: 'None', object: null },
    {
      include: 'Object',
      object: { kind: 'NodeMetrics', apiVersion: 'metrics.k8s.io/v1beta1', window: '15s' },
    },
  ])('includes what is asked for: "$include"', async ({ include, object }) => {
    for (const media of [JSON_TYPE, YAML]) {
      const accept = `${media};as=Table;v=v1;g=meta.k8s.io`;
      const reply = await ask(`${NODES}/alpha?includeObject=${include}`, accept);

      expect(documentOf(reply)).toMatchObject({ rows: [{ object }] });
    }
  });
});

describe('pretty printing', () => {
  test.each([
    { query: 'pretty=1', pretty: true },
    { query: 'pretty=t', pretty: true },
    { query: 'pretty=T', pretty: true },
    { query: 'pretty=true', pretty: true },
    { query: 'pretty=True', pretty: true },
    { query: 'pretty=TRUE', pretty: true },
    { query: 'pretty=0', pretty: false },
    { query: 'pretty=false', pretty: false },
    { query: 'pretty=abc', pretty: false },
    { query: 'pretty=yes', pretty: false },
    { query: 'pretty=', pretty: false },
    { query: 'pretty=', userAgent: 'curl/8.1', pretty: true },
    { query: 'pretty=false', userAgent: 'curl/8.1', pretty: false },
    { query: '', userAgent: 'curl/8.1', pretty: true },
    { query: '', userAgent: 'Wget/1.21', pretty: true },
    { query: '', userAgent: 'Mozilla/5.0 (X11)', pretty: true },
    { query: '', userAgent: 'Mozilla/4.0', pretty: false },
    { query: '', userAgent: 'kubectl/v1.36.4', pretty: false },
    { query: '', userAgent: 'Curl/8', pretty: false },
    { query: 'pretty=false', accept: 'application/json;pretty=1', pretty: true },
    { query: '', accept: 'application/json;pretty=0', pretty: false },
    { query: '', accept: 'application/json;pretty=true', pretty: false },
  ])('?$query, $userAgent, $accept: $pretty', async ({ query, userAgent, accept, pretty }) => {
    for (const path of [NODES, POD, '/apis', `${NODES}/nope`]) {
      const reply = await ask(`${path}?${query}`, accept ?? JSON_TYPE, userAgent);

      expect(formOf(reply)).toBe(pretty ? 'pretty JSON' : 'compact JSON');
    }
  });

  test('changes nothing in YAML and protobuf', async () => {
    for (const media of [YAML, PROTOBUF]) {
      const plain = await ask(NODES, media);
      const pretty = await ask(`${NODES}?pretty=true`, media, 'curl/8.1');

      expect(pretty.bytes).toEqual(plain.bytes);
    }
  });

  test('says the same as the compact form, laid out as JSON.stringify does', async () => {
    for (const path of [NODES, POD, `${ROOT}/pods`, `${ROOT}/namespaces/none/pods`]) {
      const accepts = ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io'];
      for (const accept of accepts) {
        const compact = await ask(path, accept);
        const pretty = await ask(`${path}?pretty=1`, accept);

        expect(pretty.body).toBe(JSON.stringify(JSON.parse(compact.body), null, 2));
      }
    }
  });
});

describe('an error', () => {
  test.each([
    { accept: JSON_TYPE, form: 'compact JSON' },
    { accept: YAML, form: 'YAML' },
    { accept: PROTOBUF, form: 'protobuf' },
    { accept: `${PROTOBUF}, */*`, form: 'protobuf' },
    { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io', form: 'pretty JSON' },
    { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/yaml', form: 'YAML' },
    { accept: 'application/json;sv=v1', form: 'pretty JSON' },
  ])('is told to $accept as $form', async ({ accept, form }) => {
    const missing = await ask(`${NODES}/nope`, accept);
    const wrong = await app.ask({ method: 'DELETE', path: NODES, headers: { accept } });

    expect([missing.status, wrong.status]).toEqual([404, 405]);
    expect([formOf(missing), formOf(wrong)]).toEqual([form, form]);
    expect(documentOf(missing)).toMatchObject({
      kind: 'Status',
      apiVersion: 'v1',
      message: 'node "nope" not found',
      code: 404,
    });
  });

  test('of the version, which is JSON alone, is told in the type that was asked for', async () => {
    const yaml = await ask('/version', YAML);
    const protobuf = await ask('/version', PROTOBUF);

    expect([yaml.status, protobuf.status]).toEqual([406, 406]);
    expect(yaml.body).toBe(
      'apiVersion: v1\ncode: 406\ndetails: {}\nkind: Status\nmessage: |-\n  406: Not Acceptable\n\n' +
        '  Available representations: application/json\nmetadata: {}\nreason: NotAcceptable\nstatus: Failure\n',
    );
    expect(formOf(protobuf)).toBe('protobuf');
  });
});
