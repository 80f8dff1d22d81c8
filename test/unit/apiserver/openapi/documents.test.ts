import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { AnyResource, ApiGroup } from '../../../../src/apiserver/api-group.ts';
import { SERVED } from '../../../../src/apiserver/encoding/negotiate.ts';
import { openApiDocuments } from '../../../../src/apiserver/openapi/documents.ts';
import type { OpenApiDocuments } from '../../../../src/apiserver/openapi/documents.ts';
import type { StaticContent } from '../../../../src/apiserver/static-content.ts';
import { systemClock } from '../../../../src/clock.ts';
import { fruitsGroup } from '../../../support/fruits.ts';
import { metricsGroupOf } from '../../../support/recorded-world.ts';

const METRICS = metricsGroupOf([], [], systemClock);

/** The recorded server said v0.0.0. */
function documentsOf(groups: readonly ApiGroup[] = [METRICS], nowMs = 0): OpenApiDocuments {
  const clock = { ...systemClock, nowMs: () => nowMs };
  return openApiDocuments({ groups, served: SERVED, version: 'v0.0.0-dev', clock })();
}

function recorded(name: string): string {
  const file = new URL(`../../../fixtures/apiserver/openapi/${name}.json`, import.meta.url);
  return inLines(JSON.parse(readFileSync(file, 'utf8')));
}

/** Keys stay in their order: lines differ where bytes differ. */
function inLines(document: unknown): string {
  return JSON.stringify(document, undefined, 1);
}

function parse(content: StaticContent | undefined): unknown {
  return JSON.parse(content?.bytes.toString() ?? 'null');
}

function undescribed(content: StaticContent | undefined): string {
  return inLines(
    JSON.parse(content?.bytes.toString() ?? 'null', (key, value: unknown) =>
      key === 'description' && typeof value === 'string' ? '*' : value,
    ),
  );
}

const V3 = ['apis', 'apis/metrics.k8s.io', 'apis/metrics.k8s.io/v1beta1', 'version'];

describe('openApiDocuments', () => {
  test('makes the document of v2 that the real server has, but for descriptions', () => {
    expect(undescribed(documentsOf().v2)).toBe(recorded('v2'));
  });

  test.each(V3)('makes the document of v3 for %s that the real server has', (document) => {
    expect(undescribed(documentsOf().v3.get(document))).toBe(
      recorded(`v3.${document.replaceAll('/', '.')}`),
    );
  });

  test('lists the documents of v3 under the hashes of their bytes', () => {
    const { v3, v3Index } = documentsOf();
    const hashOf = ({ bytes }: StaticContent): string =>
      createHash('sha512').update(bytes).digest('hex').toUpperCase();

    expect([...v3.keys()].sort()).toEqual(V3);
    expect(parse(v3Index)).toEqual({
      paths: Object.fromEntries(
        [...v3].map(([document, content]) => [
          document,
          { serverRelativeURL: `/openapi/v3/${document}?hash=${hashOf(content)}` },
        ]),
      ),
    });
    for (const content of v3.values()) expect(content.etag).toBe(`"${hashOf(content)}"`);
  });

  test('makes the same bytes at any time, so that replicas agree about hashes', () => {
    const [one, other] = [documentsOf([METRICS], 0), documentsOf([METRICS], 1e12)];

    expect(other.v2).toEqual({ ...one.v2, modifiedMs: 1e12 });
    expect(other.v3Index.bytes).toEqual(one.v3Index.bytes);
  });

  test('describes everything that is described there in words of some length', () => {
    const texts: string[] = [];
    JSON.parse(documentsOf().v2.bytes.toString(), (key, value: unknown) => {
      if (key === 'description') texts.push(String(value));
      return value;
    });

    expect(texts.length).toBeGreaterThan(100);
    expect(texts.filter((text) => text.length < 12 && text !== 'OK')).toEqual([]);
  });

  test.each([
    ['0.9.0', 'v0.9.0'],
    ['v0.9.0', 'v0.9.0'],
    ['v0.9.0-rc.1-3-gabc', 'v0.9.0'],
  ])('calls version %s %s', (version, shown) => {
    const { v2 } = openApiDocuments({ groups: [], served: SERVED, version, clock: systemClock })();

    expect(parse(v2)).toMatchObject({
      info: { title: 'Kubernetes metrics-server', version: shown },
    });
  });

  test('are made once as long as the resources stay', () => {
    const documents = openApiDocuments({
      groups: [fruitsGroup([])],
      served: SERVED,
      version: '1',
      clock: systemClock,
    });

    expect(documents()).toBe(documents());
  });

  test('are made anew when a resource has come', () => {
    const more: AnyResource[] = [];
    const groups = [fruitsGroup([], () => more)];
    const documents = openApiDocuments({
      groups,
      served: SERVED,
      version: '1',
      clock: systemClock,
    });
    const before = documents();
    const [tree] = fruitsGroup([]).versions[0]?.resources() ?? [];
    more.push({ ...tree, name: 'pears', kind: 'Pear', listKind: 'PearList' } as AnyResource);

    const after = documents();

    expect(after.v2.etag).not.toBe(before.v2.etag);
    expect(parse(after.v2)).toHaveProperty(['paths', '/apis/fruits.example.com/v1/pears']);
  });
});

describe('openApiDocuments of a group that the server has never heard of', () => {
  const { v3 } = documentsOf([fruitsGroup([])]);
  const { paths, components } = parse(v3.get('apis/fruits.example.com/v1')) as {
    readonly paths: Readonly<Record<string, { readonly get: { readonly operationId: string } }>>;
    readonly components: { readonly schemas: Readonly<Record<string, object>> };
  };

  test('name its operations after it', () => {
    const root = '/apis/fruits.example.com/v1';

    expect(
      Object.entries(paths).map(([path, { get }]) => [path.replace(root, ''), get.operationId]),
    ).toEqual([
      ['/', 'getFruitsExampleComV1APIResources'],
      ['/apples', 'listFruitsExampleComV1AppleForAllNamespaces'],
      ['/namespaces/{namespace}/apples', 'listFruitsExampleComV1NamespacedApple'],
      ['/namespaces/{namespace}/apples/{name}', 'readFruitsExampleComV1NamespacedApple'],
      [
        '/namespaces/{namespace}/apples/{name}/weight',
        'readFruitsExampleComV1NamespacedAppleWeight',
      ],
      ['/trees', 'listFruitsExampleComV1Tree'],
      ['/trees/{name}', 'readFruitsExampleComV1Tree'],
    ]);
  });

  test('hold its types, with what every object has', () => {
    expect(components.schemas['com.example.fruits.v1.Apple']).toEqual({
      description: 'One Apple.',
      type: 'object',
      required: ['grams'],
      properties: {
        apiVersion: { type: 'string', description: expect.any(String) },
        grams: { type: 'integer', format: 'int64', description: 'Its weight.' },
        kind: { type: 'string', description: expect.any(String) },
        metadata: {
          description: expect.any(String),
          default: {},
          allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
        },
      },
      'x-kubernetes-group-version-kind': [
        { group: 'fruits.example.com', kind: 'Apple', version: 'v1' },
      ],
    });
  });

  test('give no metadata to items that have none, and no place to resources without a schema', () => {
    const schema = components.schemas['com.example.fruits.v1.Weight'] as { properties: object };
    const bare = fruitsGroup([])
      .versions[0]?.resources()
      .map((resource) => {
        return { ...resource, schema: undefined } as unknown as AnyResource;
      });
    const group: ApiGroup = { name: 'x', versions: [{ name: 'v1', resources: () => bare ?? [] }] };

    expect(Object.keys(schema.properties)).toEqual(['apiVersion', 'grams', 'kind']);
    expect(parse(documentsOf([group]).v3.get('apis/x/v1'))).toMatchObject({
      paths: { '/apis/x/v1/': { get: {} } },
    });
  });
});
