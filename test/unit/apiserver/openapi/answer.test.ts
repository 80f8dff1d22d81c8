import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WholeAnswer } from '../../../../src/apiserver/answer.ts';
import { SERVED } from '../../../../src/apiserver/encoding/negotiate.ts';
import { openApiAnswer } from '../../../../src/apiserver/openapi/answer.ts';
import type { OpenApiRoute } from '../../../../src/apiserver/openapi/answer.ts';
import { hashOf, openApiDocuments } from '../../../../src/apiserver/openapi/documents.ts';
import { Query } from '../../../../src/apiserver/query.ts';
import { systemClock } from '../../../../src/clock.ts';
import { fruitsGroup } from '../../../support/fruits.ts';
import { type ServedApp, serveApp } from '../../../support/serve-app.ts';

const NOW_MS = Date.UTC(2026, 1, 21, 2, 12, 45);
const clock = { ...systemClock, nowMs: () => NOW_MS };
const groups = [fruitsGroup([])];
const documents = openApiDocuments({ groups, served: SERVED, version: '0.1.0', clock })();
const { v2 } = documents;
const VERSION = documents.v3.get('version') ?? v2;

interface Asked {
  readonly method?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(
  route: OpenApiRoute,
  { method = 'GET', query = '', headers = {} }: Asked = {},
): WholeAnswer {
  const lines = new Map(Object.entries(headers));
  const header = (name: string): string => lines.get(name) ?? '';
  return openApiAnswer(route, { method, header, query: Query.parse(query) }, documents, NOW_MS);
}

/** All lines of one name. */
function linesOf({ headers = [] }: WholeAnswer, name: string): string[] {
  return headers.filter(([candidate]) => candidate === name).map(([, value]) => value);
}

const V2: OpenApiRoute = { kind: 'openapi-v2' };
const INDEX: OpenApiRoute = { kind: 'openapi-v3-index' };
const V3: OpenApiRoute = { kind: 'openapi-v3', document: 'version' };
const NOPE: OpenApiRoute = { kind: 'openapi-v3', document: 'nope' };

const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const PROTOBUF_V3 = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';

// As the Go server answers, protobuf left out.
describe('openApiAnswer', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])(
    'gives a %s the document of v2',
    (method) => {
      const answer = ask(V2, { method });

      expect(answer).toMatchObject({ code: 200, contentType: 'application/json', body: v2.bytes });
      expect(linesOf(answer, 'Vary')).toEqual(['Accept-Encoding', 'Accept']);
      expect(linesOf(answer, 'ETag')).toEqual([v2.etag]);
      expect(linesOf(answer, 'Last-Modified')).toEqual(['Sat, 21 Feb 2026 02:12:45 GMT']);
    },
  );

  test.each([
    ['', 200, 200],
    ['application/json', 200, 200],
    ['application/*', 200, 200],
    ['*', 200, 200],
    ['*/json', 200, 200],
    ['application/json;as=Table', 200, 200],
    ['application/json;q=0', 200, 200],
    ['text/html, application/json;q=0.1', 200, 200],
    [`${PROTOBUF_V2}, ${PROTOBUF_V3}, application/json;q=0.5`, 200, 200],
    ['text/html', 406, 406],
    ['application/yaml', 406, 406],
    ['APPLICATION/JSON', 406, 406],
    ['/json', 406, 406],
    [PROTOBUF_V2, 406, 406],
    [PROTOBUF_V3, 406, 406],
  ])('for Accept: %j answers v2 with %d and v3 with %d', (accept, ofV2, ofV3) => {
    const headers = { accept };

    expect(ask(V2, { headers }).code).toBe(ofV2);
    expect(ask(V3, { headers }).code).toBe(ofV3);
    expect(ask(INDEX, { headers }).code).toBe(200);
  });

  test('refuses without a word', () => {
    const headers = { accept: 'text/html' };

    expect(ask(V2, { headers })).toEqual({
      code: 406,
      contentType: undefined,
      headers: [
        ['Vary', 'Accept-Encoding'],
        ['Vary', 'Accept'],
      ],
      body: '',
    });
    expect(ask(NOPE, { headers })).toMatchObject({ code: 406, headers: [['Vary', 'Accept']] });
  });

  test.each([
    ['a document that is not there', NOPE, ''],
    ['a document that is not there, in protobuf', NOPE, PROTOBUF_V3],
    [
      'a document that is not there, in older protobuf',
      NOPE,
      PROTOBUF_V3.replace('.v1.0', '@v1.0'),
    ],
    ['a document without a name', { kind: 'openapi-v3', document: '' }, ''],
    ['an Accept that says nothing', V3, ';;;'],
  ] as const)('has nothing to say of %s', (_what, route, accept) => {
    expect(ask(route, { headers: { accept } })).toEqual({
      code: 200,
      contentType: undefined,
      headers: [],
      body: '',
    });
  });

  test.each([
    ['gzip', true],
    ['GZIP', true],
    ['br, gzip', true],
    ['gzip;q=0.1', true],
    ['gzip;q=0', false],
    ['gzip; q=0', false],
    ['gzip;q=-1', false],
    ['gzip;q=x', false],
    ['*', false],
    ['deflate', false],
    ['', false],
  ])('for Accept-Encoding: %j compresses v2: %j', (encoding, isCompressed) => {
    const answer = ask(V2, { headers: { 'accept-encoding': encoding } });

    expect(linesOf(answer, 'Content-Encoding')).toEqual(isCompressed ? ['gzip'] : []);
    const bytes = Buffer.from(answer.body);
    expect(isCompressed ? gunzipSync(bytes) : bytes).toEqual(v2.bytes);
    expect(linesOf(answer, 'ETag')).toEqual([v2.etag]);
  });

  test('compresses no HEAD, no short range, no v3, but a long range', () => {
    const gzip = { 'accept-encoding': 'gzip' };
    const encoding = (answer: WholeAnswer): string[] => linesOf(answer, 'Content-Encoding');
    const long = ask(V2, { headers: { ...gzip, range: 'bytes=0-1399' } });

    expect(encoding(ask(V2, { method: 'HEAD', headers: gzip }))).toEqual([]);
    expect(encoding(ask(V2, { headers: { ...gzip, range: 'bytes=0-1398' } }))).toEqual([]);
    expect(encoding(ask(INDEX, { headers: gzip }))).toEqual([]);
    expect(encoding(ask(V3, { headers: gzip }))).toEqual([]);
    expect(encoding(long)).toEqual(['gzip']);
    expect(gunzipSync(Buffer.from(long.body))).toEqual(v2.bytes.subarray(0, 1400));
  });

  test('keeps a document of v3 for no one without its hash', () => {
    const answer = ask(V3);

    expect(answer).toMatchObject({ code: 200, body: VERSION.bytes });
    expect(linesOf(answer, 'Vary')).toEqual(['Accept']);
    expect(linesOf(answer, 'Cache-Control')).toEqual([]);
    expect(ask(V3, { query: 'hash=' })).toEqual(answer);
  });

  test('lets a document of v3 be kept for ever under its hash', () => {
    const answer = ask(V3, { query: `hash=${hashOf(VERSION)}&timeout=32s` });

    expect(answer).toMatchObject({ code: 200, body: VERSION.bytes });
    expect(linesOf(answer, 'Cache-Control')).toEqual(['public, immutable']);
    expect(linesOf(answer, 'Expires')).toEqual(['Sun, 21 Feb 2027 02:12:45 UTC']);
    expect(linesOf(answer, 'Vary')).toEqual(['Accept']);
  });

  test('lets nobody keep a refusal under the hash', () => {
    const query = `hash=${hashOf(VERSION)}`;
    const known = { 'if-none-match': VERSION.etag };

    expect(linesOf(ask(V3, { query, headers: { range: 'x' } }), 'Cache-Control')).toEqual([]);
    expect(ask(V3, { query, headers: known }).code).toBe(304);
    expect(linesOf(ask(V3, { query, headers: known }), 'Cache-Control')).toEqual([
      'public, immutable',
    ]);
  });

  test.each(['hash=x', `hash=x&hash=${hashOf(VERSION)}`, 'hash=x&timeout=32s'])(
    'sends who asks with %j to the right hash',
    (query) => {
      expect(ask(V3, { query })).toEqual({
        code: 301,
        contentType: 'application/json',
        headers: [
          ['Location', `/openapi/v3/version?hash=${hashOf(VERSION)}`],
          ['ETag', VERSION.etag],
          ['Vary', 'Accept'],
        ],
        body: '',
      });
    },
  );

  test('answers the index to anybody, with neither Vary nor hash', () => {
    const answer = ask(INDEX, { query: 'hash=x' });

    expect(answer).toMatchObject({ code: 200, body: documents.v3Index.bytes });
    expect(linesOf(answer, 'Vary')).toEqual([]);
    expect(ask(INDEX, { headers: { 'if-none-match': documents.v3Index.etag } }).code).toBe(304);
  });
});

describe('the paths of OpenAPI', () => {
  let app: ServedApp;
  beforeAll(async () => {
    app = await serveApp({ groups, clock });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  test('have the headers of upstream on the wire', async () => {
    const { status, headers, body } = await app.ask('/openapi/v2');

    expect({ status, body }).toEqual({ status: 200, body: v2.bytes.toString() });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      'accept-ranges': 'bytes',
      vary: 'Accept-Encoding, Accept',
      etag: v2.etag,
    });
  });

  test('refuse on the wire without a content type, and without taking back what was said', async () => {
    const refused = await app.ask({ path: '/openapi/v2', headers: { accept: 'text/html' } });
    const beyond = await app.ask({ path: '/openapi/v2', headers: { range: 'bytes=999999-' } });

    expect(refused).toMatchObject({ status: 406, body: '' });
    expect(refused.headers).not.toHaveProperty('content-type');
    expect(beyond).toMatchObject({ status: 416, body: 'invalid range: failed to overlap\n' });
    expect(beyond.headers).toMatchObject({ 'cache-control': 'no-cache, private' });
    expect(beyond.headers).not.toHaveProperty('etag');
  });

  test.each([
    ['/openapi/v2/', 404],
    ['/openapi', 404],
    ['/openapi/v4', 404],
    ['/openapi/v3', 200],
    ['/openapi/v3/', 200],
    ['/openapi/v3/nope', 200],
    ['/openapi/v3/version/', 200],
  ])('%s answers %d', async (path, status) => {
    expect((await app.ask(path)).status).toBe(status);
  });

  test('may be written with escapes', async () => {
    const { body } = await app.ask('/openapi/v3/apis%2Ffruits.example.com');

    expect(body).toBe(documents.v3.get('apis/fruits.example.com')?.bytes.toString());
  });

  test('lead where the index says', async () => {
    const index = JSON.parse((await app.ask('/openapi/v3')).body) as {
      readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
    };

    expect(Object.keys(index.paths)).toEqual([
      'apis',
      'apis/fruits.example.com',
      'apis/fruits.example.com/v1',
      'apis/fruits.example.com/v1beta1',
      'version',
    ]);
    for (const { serverRelativeURL } of Object.values(index.paths)) {
      const { status, headers } = await app.ask(serverRelativeURL);
      expect({ status, caching: headers['cache-control'] }).toEqual({
        status: 200,
        caching: 'public, immutable',
      });
    }
  });
});
