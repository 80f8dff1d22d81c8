import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { type Cluster, createCluster } from '../../../src/simulator/cluster.ts';
import { Identities } from '../../../src/simulator/identities.ts';
import { type ClusterAnswer, ClusterClient } from '../../support/cluster-client.ts';

interface Listed {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly {
    readonly kind?: string;
    readonly metadata: { readonly name: string };
  }[];
}

function listed({ status, body }: ClusterAnswer): Listed {
  expect(status).toBe(200);
  return JSON.parse(body) as Listed;
}

function refused({ status, body }: ClusterAnswer): object {
  const { kind, code, reason, message, details } = JSON.parse(body) as Record<string, unknown>;
  expect({ kind, code }).toEqual({ kind: 'Status', code: status });
  return { status, reason, message, ...(details === undefined ? {} : { details }) };
}

describe('the simulated kube-apiserver', () => {
  let cluster: Cluster;
  let admin: ClusterClient;

  beforeAll(async () => {
    cluster = await createCluster({ nodes: 3, pods: 30 });
    admin = ClusterClient.admin(cluster);
  });
  afterAll(async () => {
    admin[Symbol.dispose]();
    await cluster[Symbol.asyncDispose]();
  });

  function as(identity: ConstructorParameters<typeof ClusterClient>[1]): ClusterClient {
    return new ClusterClient(cluster, identity);
  }

  describe('asks who it is', () => {
    test('lets anybody see the version, and nothing else', async () => {
      using anonymous = as(undefined);

      expect((await anonymous.get('/version')).status).toBe(200);
      expect(refused(await anonymous.get('/api/v1/nodes'))).toEqual({
        status: 403,
        reason: 'Forbidden',
        message:
          'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope',
        details: { kind: 'nodes' },
      });
    });

    test('takes the name and groups of a client certificate', async () => {
      using jane = as(cluster.identities.clientCertificate('jane', ['dev', 'ops']));

      const { status, body } = await jane.post(
        '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        {},
      );

      expect(status).toBe(201);
      expect(JSON.parse(body)).toMatchObject({
        status: {
          userInfo: { username: 'jane', groups: ['dev', 'ops', 'system:authenticated'] },
        },
      });
    });

    test.each([
      ['a token that is none', () => 'not-a-token'],
      [
        'a certificate of another authority',
        () => new Identities(systemClock).clientCertificate('admin', ['system:masters']),
      ],
      [
        'a certificate whose time is over',
        () =>
          cluster.identities.clientCa.issue({
            commonName: 'admin',
            organizations: ['system:masters'],
            usages: ['clientAuth'],
            notBeforeMs: Date.now() - 7_200_000,
            notAfterMs: Date.now() - 3_600_000,
          }),
      ],
    ])('refuses %s', async (_, identity) => {
      using client = as(identity());

      expect(refused(await client.get('/version'))).toEqual({
        status: 401,
        reason: 'Unauthorized',
        message: 'Unauthorized',
      });
    });

    test('takes a service account by its token', async () => {
      using server = as(cluster.serviceAccountToken('kube-system', 'metrics-server'));

      expect((await server.get('/api/v1/nodes')).status).toBe(200);
      expect((await server.get('/api/v1/services')).status).toBe(403);
    });
  });

  describe('lets act as another', () => {
    test('whoever may', async () => {
      const answer = await admin.get('/api/v1/nodes', { 'impersonate-user': 'viewer' });

      expect(refused(answer)).toMatchObject({
        message: expect.stringContaining('User "viewer" cannot list resource "nodes"'),
      });
    });

    test('and nobody else', async () => {
      using nobody = as(cluster.identities.clientCertificate('nobody'));

      const answer = await nobody.get('/api/v1/nodes', {
        'impersonate-user': 'admin',
        'impersonate-group': 'system:masters',
      });

      expect(refused(answer)).toMatchObject({
        status: 403,
        message:
          'users "admin" is forbidden: User "nobody" cannot impersonate resource "users" in API group "" at the cluster scope',
      });
    });

    test('never a group without a user', async () => {
      const answer = await admin.get('/api/v1/nodes', { 'impersonate-group': 'g' });

      expect(refused(answer)).toMatchObject({ status: 400, reason: 'BadRequest' });
    });
  });

  describe('answers reviews', () => {
    const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
    const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

    async function ask(path: string, spec: object): Promise<unknown> {
      using server = as(cluster.serviceAccountToken('kube-system', 'metrics-server'));
      const { status, body } = await server.post(path, { spec });
      expect(status).toBe(201);
      return (JSON.parse(body) as { status: unknown }).status;
    }

    test('for which audience a token is, and whether it is for the ones that are asked for', async () => {
      const token = cluster.serviceAccountToken('default', 'default');
      const own = 'https://kubernetes.default.svc.cluster.local';

      expect(await ask(TOKEN_REVIEWS, { token })).toMatchObject({ audiences: [own] });
      expect(await ask(TOKEN_REVIEWS, { token, audiences: ['x', own] })).toMatchObject({
        authenticated: true,
        audiences: [own],
      });
      expect(await ask(TOKEN_REVIEWS, { token, audiences: ['x', 'y'] })).toEqual({
        user: {},
        error: expect.stringContaining('is invalid for the target audiences ["x" "y"]') as unknown,
      });
    });

    test('whose token it is', async () => {
      const token = cluster.serviceAccountToken('default', 'default');

      expect(await ask(TOKEN_REVIEWS, { token })).toMatchObject({
        authenticated: true,
        user: {
          username: 'system:serviceaccount:default:default',
          groups: [
            'system:serviceaccounts',
            'system:serviceaccounts:default',
            'system:authenticated',
          ],
        },
      });
      expect(await ask(TOKEN_REVIEWS, { token: 'nonsense' })).toEqual({ user: {} });
    });

    test('whether somebody may', async () => {
      const resourceAttributes = { verb: 'list', group: 'metrics.k8s.io', resource: 'pods' };

      expect(await ask(ACCESS_REVIEWS, { user: 'viewer', resourceAttributes })).toEqual({
        allowed: true,
        reason:
          'RBAC: allowed by ClusterRoleBinding "viewer" of ClusterRole "view" to User "viewer"',
      });
      expect(await ask(ACCESS_REVIEWS, { user: 'nobody', resourceAttributes })).toEqual({
        allowed: false,
      });
    });

    test('but no question without a subject', async () => {
      const answer = await admin.post(ACCESS_REVIEWS, {
        spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
      });

      expect(refused(answer)).toMatchObject({ status: 422, reason: 'Invalid' });
    });

    test('nor for those who may not ask', async () => {
      using nobody = as(cluster.identities.clientCertificate('nobody'));

      expect((await nobody.post(TOKEN_REVIEWS, { spec: { token: 'x' } })).status).toBe(403);
    });
  });

  describe('lists', () => {
    test('all objects of a type, as their kind says', async () => {
      const list = listed(await admin.get('/api/v1/nodes'));

      expect(list).toMatchObject({ kind: 'NodeList', apiVersion: 'v1' });
      expect(list.items.map(({ metadata }) => metadata.name)).toEqual([
        'node-1',
        'node-2',
        'node-3',
      ]);
      expect(list.items[0]?.kind).toBeUndefined();
    });

    test('their metadata only', async () => {
      const list = listed(
        await admin.get('/api/v1/pods?fieldSelector=status.phase%3DRunning', {
          accept:
            'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
        }),
      );

      expect(list).toMatchObject({
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
      });
      expect(list.items).toHaveLength(30);
      expect(Object.keys(list.items[0] ?? {})).toEqual(['kind', 'apiVersion', 'metadata']);
    });

    test('what the selectors say', async () => {
      const [pod] = cluster.world.podsOn('node-2');
      const path = `/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-2,metadata.name%3D${pod?.name ?? ''}`;

      expect(listed(await admin.get(path)).items).toHaveLength(1);
      expect(listed(await admin.get('/api/v1/namespaces/nowhere/pods')).items).toEqual([]);
      expect(refused(await admin.get('/api/v1/pods?fieldSelector=a%3Db'))).toMatchObject({
        status: 400,
      });
    });

    test('page by page, all of one moment', async () => {
      const first = listed(await admin.get('/api/v1/pods?limit=20'));
      cluster.world.addNamespace('meanwhile');
      const token = first.metadata.continue ?? '';
      const second = listed(await admin.get(`/api/v1/pods?limit=20&continue=${token}`));

      const all = listed(await admin.get('/api/v1/pods')).items;
      expect(first.metadata.remainingItemCount).toBe(all.length - 20);
      expect([...first.items, ...second.items].map(({ metadata }) => metadata.name)).toEqual(
        all.map(({ metadata }) => metadata.name),
      );
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      expect(second.metadata.continue).toBeUndefined();
    });

    test('no further page after a compaction, and none from a token of its own making', async () => {
      const { metadata } = listed(await admin.get('/api/v1/pods?limit=1'));

      cluster.objects.compact();

      const late = await admin.get(`/api/v1/pods?limit=1&continue=${metadata.continue ?? ''}`);
      expect(refused(late)).toMatchObject({ status: 410, reason: 'Expired' });
      expect(refused(await admin.get('/api/v1/pods?continue=nonsense'))).toMatchObject({
        status: 400,
      });
    });

    test('not the future', async () => {
      const answer = await admin.get('/api/v1/pods?resourceVersion=999999');

      expect(refused(answer)).toMatchObject({
        status: 504,
        message: expect.stringMatching(
          /^Timeout: Too large resource version: 999999, current: \d+$/,
        ),
      });
      expect(answer.headers['retry-after']).toBe('1');
    });
  });

  describe('refuses honestly', () => {
    test.each([
      [
        'DELETE',
        '/api/v1/namespaces/shop/pods/x',
        501,
        'the simulated kube-apiserver does not delete pods',
      ],
      [
        'POST',
        '/api/v1/namespaces',
        501,
        'the simulated kube-apiserver does not create namespaces: its world is changed through the simulator',
      ],
      [
        'GET',
        '/api/v1/namespaces/shop/pods/x/log',
        501,
        'the simulated kube-apiserver does not serve pods/log',
      ],
      ['GET', '/apis/apps/v1/deployments', 404, 'the server could not find the requested resource'],
      ['GET', '/api/v1/nodes/none', 404, 'nodes "none" not found'],
    ])('%s %s', async (method, path, status, message) => {
      const answer = await admin.send(method, path, method === 'POST' ? { body: '{}' } : {});

      expect(refused(answer)).toMatchObject({ status, message });
    });

    test('YAML and protobuf', async () => {
      const answer = await admin.get('/api/v1/nodes', { accept: 'application/yaml' });

      expect(refused(answer)).toMatchObject({ status: 406 });
    });
  });

  describe('fails when told to', () => {
    test('with a status, until told otherwise', async () => {
      const stop = cluster.apiServer.addFault(
        { kind: 'status', code: 503 },
        ({ resource }) => resource === 'nodes',
      );
      const during = await admin.get('/api/v1/nodes');
      stop();

      expect(during.status).toBe(503);
      expect((await admin.get('/api/v1/nodes')).status).toBe(200);
    });

    test('by breaking the connection', async () => {
      const stop = cluster.apiServer.addFault({ kind: 'reset' }, ({ path }) => path === '/version');

      await expect(admin.get('/version')).rejects.toThrow(/socket hang up|ECONNRESET/);
      stop();
      expect((await admin.get('/version')).status).toBe(200);
    });
  });

  test('echoes the audit id of a request and gives one to any other', async () => {
    const echoed = await admin.get('/version', { 'audit-id': 'a-1' });
    const given = await admin.get('/version');

    expect(echoed.headers['audit-id']).toBe('a-1');
    expect(given.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});
