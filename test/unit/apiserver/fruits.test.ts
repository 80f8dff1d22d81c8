import { describe, expect, test } from '@jest/globals';
import type { AnyResource } from '../../../src/apiserver/api-group.ts';
import type { Clock } from '../../../src/clock.ts';
import { fruitsGroup } from '../../support/fruits.ts';
import type { Fruit } from '../../support/fruits.ts';
import { serveApp } from '../../support/serve-app.ts';

const clock: Clock = {
  nowMs: () => Date.UTC(2026, 0, 1, 0, 1),
  monotonicMs: () => performance.now(),
};

const FRUITS: readonly Fruit[] = [
  { namespace: 'a', name: 'green', grams: 90 },
  { namespace: 'b', name: 'red', grams: 120 },
];

const root = '/apis/fruits.example.com/v1';

/** The four promises of style.md 2.8, which a group of custom metrics will rely on. */
describe('an API group that the server has never heard of', () => {
  test('has its resources asked for at each discovery request', async () => {
    const resources: AnyResource[] = [];
    await using app = await serveApp({ groups: [fruitsGroup(FRUITS, () => resources)], clock });
    const before = await app.ask(root);
    const [tree] = fruitsGroup(FRUITS).versions[0]?.resources() ?? [];
    resources.push({ ...tree, name: 'pears', kind: 'Pear' } as AnyResource);

    const after = await app.ask(root);

    expect(before.body).not.toContain('pears');
    expect(after.body).toContain(
      '{"name":"pears","singularName":"tree","namespaced":false,"kind":"Pear","verbs":["get","list"]}',
    );
    expect((await app.ask(`${root}/pears`)).status).toBe(200);
  });

  test('is dispatched to by RequestInfo, subresources included, and may answer a get with a list kind', async () => {
    await using app = await serveApp({ groups: [fruitsGroup(FRUITS)], clock });

    const all = await app.ask(`${root}/namespaces/a/apples/*/weight`);
    const one = await app.ask(`${root}/namespaces/a/apples/red/weight`);

    expect(all.body).toBe(
      '{"kind":"WeightList","apiVersion":"fruits.example.com/v1","metadata":{},"items":[{"grams":90},{"grams":120}]}\n',
    );
    expect(one.body).toBe(
      '{"kind":"WeightList","apiVersion":"fruits.example.com/v1","metadata":{},"items":[{"grams":120}]}\n',
    );
  });

  test('names group, version and kind of everything in discovery, preferred version first', async () => {
    await using app = await serveApp({ groups: [fruitsGroup(FRUITS)], clock });

    const groups = JSON.parse((await app.ask('/apis')).body) as object;
    const version = JSON.parse((await app.ask(root)).body) as { resources: { kind: string }[] };

    expect(groups).toEqual({
      kind: 'APIGroupList',
      groups: [
        {
          name: 'fruits.example.com',
          versions: [
            { groupVersion: 'fruits.example.com/v1', version: 'v1' },
            { groupVersion: 'fruits.example.com/v1beta1', version: 'v1beta1' },
          ],
          preferredVersion: { groupVersion: 'fruits.example.com/v1', version: 'v1' },
          serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: ':443' }],
        },
      ],
    });
    expect(version).toMatchObject({ groupVersion: 'fruits.example.com/v1' });
    expect(version.resources.map(({ kind }) => kind)).toEqual(['Tree', 'Apple', 'Weight']);
  });

  test('gets lists, single objects and tables without code of its own', async () => {
    await using app = await serveApp({ groups: [fruitsGroup(FRUITS)], clock });
    const headers = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };

    const list = await app.ask(`${root}/namespaces/b/apples`);
    const item = await app.ask(`${root}/namespaces/b/apples/red`);
    const table = await app.ask({ path: `${root}/namespaces/b/apples`, headers });

    const metadata =
      '"metadata":{"name":"red","namespace":"b","creationTimestamp":"2026-01-01T00:01:00Z"}';
    expect(list.body).toBe(
      `{"kind":"AppleList","apiVersion":"fruits.example.com/v1","metadata":{},"items":[{${metadata},"grams":120}]}\n`,
    );
    expect(item.body).toBe(
      `{"kind":"Apple","apiVersion":"fruits.example.com/v1",${metadata},"grams":120}\n`,
    );
    expect(JSON.parse(table.body)).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'Grams', description: 'Weight' }],
      rows: [{ cells: ['red', '120'] }],
    });
  });

  test('refuses a list or a get that a resource does not have', async () => {
    const seeds: AnyResource = {
      name: 'seeds',
      singularName: '',
      kind: 'Seed',
      listKind: 'SeedList',
      namespaced: false,
      verbs: [],
      encoding: {
        metadata: () => undefined,
        json: () => '',
        protobuf: () => '',
        columns: () => [],
        cells: () => [],
      },
    };
    await using app = await serveApp({ groups: [fruitsGroup(FRUITS, () => [seeds])], clock });

    expect((await app.ask(`${root}/seeds`)).status).toBe(405);
    expect((await app.ask(`${root}/seeds/one`)).status).toBe(405);
  });
});
