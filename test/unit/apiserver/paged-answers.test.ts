import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeContinueToken } from '../../../src/apiserver/continue-token.ts';
import type { Clock } from '../../../src/clock.ts';
import { fruitsGroup } from '../../support/fruits.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../../support/recorded-world.ts';
import { serveApp } from '../../support/serve-app.ts';
import type { ServedApp } from '../../support/serve-app.ts';

const ROOT = '/apis/metrics.k8s.io/v1beta1';
const clock: Clock = {
  nowMs: () => Date.UTC(2026, 10, 20, 10, 0, 20),
  monotonicMs: () => performance.now(),
};
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PARTIAL = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

let app: ServedApp;
beforeAll(async () => {
  const groups = [
    metricsGroupOf(RECORDED_NODES, RECORDED_PODS, clock),
    fruitsGroup([
      { namespace: 'a', name: 'green', grams: 90 },
      { namespace: 'b', name: 'red', grams: 120 },
    ]),
  ];
  app = await serveApp({ groups, clock });
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
});

interface ListBody {
  readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number };
  readonly items?: readonly { readonly metadata: { readonly name: string } }[];
  readonly rows?: readonly { readonly cells: readonly [string] }[];
}

/** All pages from the first on: what each says about itself, and the names on it. */
async function pagesOf(
  path: string,
  accept = 'application/json',
): Promise<{ names: string[]; remaining: number | undefined }[]> {
  const pages = [];
  let token: string | undefined = '';
  while (token !== undefined && pages.length < 100) {
    const more: string = token === '' ? '' : `&continue=${token}`;
    const reply = await app.ask({ path: `${path}${more}`, headers: { accept } });
    const { metadata, items, rows } = JSON.parse(reply.body) as ListBody;
    const names = items?.map((item) => item.metadata.name) ?? rows?.map(({ cells }) => cells[0]);
    pages.push({ names: names ?? [], remaining: metadata.remainingItemCount });
    token = metadata.continue;
  }
  return pages;
}

describe('a list with a limit', () => {
  test('comes in pages, to the byte as kube-apiserver writes them', async () => {
    const first = await app.ask(`${ROOT}/nodes?limit=2`);
    const after = { namespace: '', name: 'beta' };
    const list = { resource: 'nodes.metrics.k8s.io', namespace: '' };
    const token = writeContinueToken(list, { after, remaining: 1 });
    const last = await app.ask(`${ROOT}/nodes?limit=2&continue=${token}`);

    expect(first.body).toMatch(
      `{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"continue":"${token}","remainingItemCount":1},"items":[{"metadata":{"name":"alpha",`,
    );
    expect(last.body).toMatch(
      '{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{"name":"gamma",',
    );
    expect(last.headers['content-length']).toBe(String(last.body.length));
  });

  test.each([
    { name: 'JSON', accept: 'application/json' },
    { name: 'a Table', accept: TABLE },
    { name: 'metadata', accept: PARTIAL },
  ])('has the same pages as $name', async ({ accept }) => {
    expect(await pagesOf(`${ROOT}/pods?limit=4`, accept)).toEqual([
      { names: ['db-0', 'no-labels', 'web-0', 'web-1'], remaining: 7 },
      { names: ['web-2', 'dns-5d4f8c7b9-x2x4x', 'proxy-alpha', 'proxy-beta'], remaining: 3 },
      { names: ['fresh', 'huge', 'restarted'], remaining: undefined },
    ]);
  });

  test.each([
    {
      accept: 'application/yaml',
      form: /\nmetadata:\n {2}continue: (\S+)\n {2}remainingItemCount: 7\n/,
    },
    { accept: 'application/vnd.kubernetes.protobuf', form: /(eyJ[\w-]+) / },
  ])('says so in $accept too', async ({ accept, form }) => {
    const reply = await app.ask({ path: `${ROOT}/pods?limit=4`, headers: { accept } });
    const token = form.exec(reply.body)?.[1] ?? '';

    const next = await app.ask(`${ROOT}/pods?limit=1&continue=${token}`);

    expect(next.body).toContain('"items":[{"metadata":{"name":"web-2"');
  });

  test('of one namespace, and of a selector, has pages of its own', async () => {
    expect(await pagesOf(`${ROOT}/namespaces/team-a/pods?limit=2`)).toEqual([
      { names: ['fresh', 'huge'], remaining: 1 },
      { names: ['restarted'], remaining: undefined },
    ]);
    expect(await pagesOf(`${ROOT}/pods?limit=2&labelSelector=app%3Dweb`)).toEqual([
      { names: ['web-0', 'web-1'], remaining: undefined },
      { names: ['web-2'], remaining: undefined },
    ]);
    expect(await pagesOf(`${ROOT}/pods?limit=1&fieldSelector=metadata.name%3Dweb-1`)).toEqual([
      { names: ['web-1'], remaining: undefined },
    ]);
  });

  test.each(['limit=0', 'limit=-1', 'limit=9223372036854775807', 'limit=3', 'continue='])(
    'that leaves nothing over is whole: %s',
    async (query) => {
      const [whole, limited] = [
        await app.ask(`${ROOT}/nodes`),
        await app.ask(`${ROOT}/nodes?${query}`),
      ];
      expect(limited.body).toBe(whole.body);
    },
  );

  test('that is continued without one gives all the rest', async () => {
    const first = JSON.parse((await app.ask(`${ROOT}/pods?limit=9`)).body) as ListBody;
    const rest = await app.ask(`${ROOT}/pods?continue=${first.metadata.continue ?? ''}`);

    expect(rest.body).toContain('"metadata":{},"items":[{"metadata":{"name":"huge"');
    expect(rest.body.match(/"containers"/g)).toHaveLength(2);
  });

  test('is whole when the resource has no pages', async () => {
    const root = '/apis/fruits.example.com/v1';
    const reply = await app.ask(`${root}/apples?limit=1&continue=abc`);
    expect(reply.body).toBe((await app.ask(`${root}/apples`)).body);
  });

  test('refuses what it cannot write before it looks for anything', async () => {
    const accept = PARTIAL.replace('List', '');
    const reply = await app.ask({ path: `${ROOT}/pods?limit=1`, headers: { accept } });
    const table = await app.ask({
      path: `${ROOT}/pods?limit=1&includeObject=x`,
      headers: { accept: TABLE },
    });

    expect(reply.status).toBe(406);
    expect(table.status).toBe(400);
  });
});

describe('a continue token', () => {
  const tokenOf = (namespace: string): string =>
    writeContinueToken(
      { resource: 'pods.metrics.k8s.io', namespace },
      { after: { namespace: 'team-a', name: 'huge' }, remaining: 1 },
    );

  test.each([
    {
      path: '/pods?continue=!',
      code: 400,
      message:
        'invalid continue token: continue key is not valid: illegal base64 data at input byte 0',
    },
    {
      path: `/nodes?limit=1&continue=${tokenOf('')}`,
      code: 400,
      message: 'invalid continue token: continue key is not valid: it is of another resource',
    },
    {
      path: `/namespaces/team-a/pods?continue=${tokenOf('')}`,
      code: 400,
      message: 'invalid continue token: continue key is not valid: it is of another namespace',
    },
    {
      path: `/pods?continue=${tokenOf('')}&resourceVersion=5`,
      code: 400,
      message: 'specifying resource version is not allowed when using continue',
    },
    {
      path: '/pods?continue=!&resourceVersion=5&resourceVersionMatch=Exact',
      code: 422,
      message:
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
    },
    {
      path: '/pods?continue=eyJ2IjoyfQ',
      code: 410,
      message:
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    },
    {
      path: '/pods?continue=!&watch=true&resourceVersion=1',
      code: 405,
      message: 'watch is not supported on resources of kind "pods.metrics.k8s.io"',
    },
  ])('is refused with $code: $path', async ({ path, code, message }) => {
    const reply = await app.ask(`${ROOT}${path}`);

    expect(JSON.parse(reply.body)).toMatchObject({ kind: 'Status', code, message });
    expect(reply.status).toBe(code);
  });

  test('goes with resource version 0, which means any', async () => {
    const reply = await app.ask(`${ROOT}/pods?continue=${tokenOf('')}&resourceVersion=0`);
    expect(reply.body).toContain('"items":[{"metadata":{"name":"restarted"');
  });

  test('that has expired says so to programs', async () => {
    const { body } = await app.ask(`${ROOT}/pods?continue=eyJ2IjoyfQ`);
    expect(JSON.parse(body)).toMatchObject({ reason: 'Expired', metadata: {} });
  });
});
