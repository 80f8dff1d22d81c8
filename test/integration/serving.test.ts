import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';
import { createCertificateAuthority } from '../../src/pki/certificate.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import {
  type NodeMetrics,
  type PodMetrics,
  expectedContainer,
  expectedNode,
  figuresOf,
} from '../support/expected-usage.ts';
import { hastyClock, RunningServer } from '../support/running-server.ts';
import { type Identity, ServerClient } from '../support/server-client.ts';
import { shopWorld } from '../support/shop-world.ts';
import { until } from '../support/wait-for.ts';

const API = '/apis/metrics.k8s.io/v1beta1';

interface List<Item> {
  readonly items: readonly Item[];
}

const namesOf = ({ items }: List<NodeMetrics | PodMetrics>): string[] =>
  items.map(({ metadata: { namespace, name } }) =>
    namespace === undefined ? name : `${namespace}/${name}`,
  );

describe('the first figures', () => {
  test('are there within 3 s of the start, but for pods that may be idle', async () => {
    await using cluster = await createCluster({ nodes: 5, pods: 60 });
    await using server = await RunningServer.start(cluster);
    using client = new ServerClient(server.port, adminOf(cluster));
    const busy = cluster.world
      .pods()
      .filter(({ containers }) => containers.length > 0 && containers.every(isBusy))
      .map(({ namespace, name }) => `${namespace}/${name}`);

    const served = await until(
      async () => {
        const { status, body } = await client.get(`${API}/pods`);
        return status === 200 ? namesOf(JSON.parse(body) as List<PodMetrics>) : [];
      },
      (names) => names.length >= busy.length,
    );
    const afterMs = performance.now() - server.startedMs;

    expect(served).toEqual(expect.arrayContaining(busy));
    expect(busy.length).toBeGreaterThan(40);
    expect(namesOf(await client.json(`${API}/nodes`))).toHaveLength(5);
    expect(afterMs).toBeLessThan(3_000);
    await expect(client.get('/readyz')).resolves.toMatchObject({ status: 200, body: 'ok' });
  });
});

function isBusy({ workload }: { workload: { kind: string; lives: unknown } }): boolean {
  return workload.kind !== 'idle' && workload.lives === undefined;
}

function adminOf(cluster: Cluster): Identity {
  return { certificate: cluster.identities.clientCertificate('admin', ['system:masters']) };
}

/** Kubelets whose time runs ten times as fast as the server's: samples come about every second. */
describe('a server on a small cluster', () => {
  let cluster: Cluster;
  let server: RunningServer;
  let admin: ServerClient;

  beforeAll(async () => {
    const clock = hastyClock(10);
    cluster = await createCluster({ world: shopWorld(clock), clock });
    server = await RunningServer.start(cluster, {
      flags: ['--bootstrap-from-kubelet-rate=false'],
      change: (config) => ({
        ...config,
        resolutionMs: 1_000,
        storage: { ...config.storage, resolutionMs: 1_000 },
      }),
    });
    admin = new ServerClient(server.port, adminOf(cluster));
    await until(
      async () => {
        const { status, body } = await admin.get(`${API}/pods`);
        return status === 200 ? namesOf(JSON.parse(body) as List<PodMetrics>) : [];
      },
      (names) => names.length === 7,
    );
  });
  afterAll(async () => {
    admin[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  describe('figures', () => {
    test('of nodes are what the world used between the two samples', async () => {
      const { items } = await admin.json<List<NodeMetrics>>(`${API}/nodes`);

      expect(items.map(({ metadata }) => metadata.name)).toEqual(['node-1', 'node-2', 'node-3']);
      for (const item of items) {
        expect(figuresOf(item.usage)).toEqual(expectedNode(cluster.world, item));
      }
    });

    test('of pods are what the world used between the two samples', async () => {
      const { items } = await admin.json<List<PodMetrics>>(`${API}/pods`);
      const single = items.filter(({ containers }) => containers.length === 1);

      expect(single).toHaveLength(5);
      for (const item of single) {
        const [container] = item.containers;
        expect(figuresOf(container?.usage ?? { cpu: '', memory: '' })).toEqual(
          expectedContainer(cluster.world, item, container?.name ?? ''),
        );
      }
    });

    test('of a load that never changes are the load, to the last digit', async () => {
      const { items } = await admin.json<List<PodMetrics>>(`${API}/pods`);
      const usageOf = Object.fromEntries(
        items.map(({ metadata, containers }) => [
          metadata.name,
          containers.map(({ name, usage }) => `${name} ${usage.cpu} ${usage.memory}`),
        ]),
      );

      expect(usageOf).toMatchObject({
        'cart-0': ['main 250m 64Mi'],
        'web-0': ['proxy 12m 24Mi', 'web 100m 128Mi'],
        'web-1': ['proxy 11m 25Mi', 'web 90m 120Mi'],
        sleeper: ['main 0 8Mi'],
        'etcd-node-1': ['etcd 55m 140Mi'],
      });
    });

    test('advance with the samples', async () => {
      const path = `${API}/namespaces/data/pods/orders-0`;
      const before = await admin.json<PodMetrics>(path);

      const after = await until(
        () => admin.json<PodMetrics>(path),
        ({ timestamp }) => timestamp > before.timestamp,
      );

      const [container] = after.containers;
      expect(figuresOf(container?.usage ?? { cpu: '', memory: '' })).toEqual(
        expectedContainer(cluster.world, after, 'main'),
      );
    });

    test('of one node and of one pod are those of the lists', async () => {
      const node = await admin.json<NodeMetrics & { kind: string }>(`${API}/nodes/node-2`);
      const pod = await admin.json<PodMetrics & { kind: string }>(
        `${API}/namespaces/shop/pods/cart-0`,
      );

      expect(figuresOf(node.usage)).toEqual(expectedNode(cluster.world, node));
      expect(node).toMatchObject({
        kind: 'NodeMetrics',
        apiVersion: 'metrics.k8s.io/v1beta1',
        metadata: { name: 'node-2', labels: { 'topology.kubernetes.io/zone': 'zone-b' } },
      });
      expect(pod).toMatchObject({
        kind: 'PodMetrics',
        metadata: { name: 'cart-0', namespace: 'shop', labels: { app: 'cart', tier: 'api' } },
        containers: [{ name: 'main', usage: { cpu: '250m', memory: '64Mi' } }],
      });
    });

    test('are served as tables, with the sum of the containers', async () => {
      const headers = [['accept', 'application/json;as=Table;v=v1;g=meta.k8s.io']] as const;
      const { body } = await admin.get(`${API}/namespaces/shop/pods`, { headers });
      const { kind, columnDefinitions, rows } = JSON.parse(body) as {
        kind: string;
        columnDefinitions: { name: string }[];
        rows: { cells: string[]; object: { metadata: { namespace: string } } }[];
      };

      expect({ kind, columns: columnDefinitions.map(({ name }) => name) }).toEqual({
        kind: 'Table',
        columns: ['Name', 'cpu', 'memory', 'Window'],
      });
      expect(rows.map(({ cells }) => cells.slice(0, 3))).toEqual([
        ['cart-0', '250m', '64Mi'],
        ['web-0', '112m', '152Mi'],
        ['web-1', '101m', '145Mi'],
      ]);
      for (const { cells, object } of rows) {
        expect(cells[3]).toMatch(/^(\d+m)?\d+s$/);
        expect(object.metadata.namespace).toBe('shop');
      }
    });
  });

  describe('selectors', () => {
    test.each([
      [
        `${API}/pods`,
        'data/orders-0 data/queue-0 data/sleeper kube-system/etcd-node-1 shop/cart-0 shop/web-0 shop/web-1',
      ],
      [`${API}/namespaces/data/pods`, 'data/orders-0 data/queue-0 data/sleeper'],
      [`${API}/namespaces/nowhere/pods`, ''],
      [`${API}/pods?labelSelector=app%3Dweb`, 'shop/web-0 shop/web-1'],
      [`${API}/namespaces/data/pods?labelSelector=app%3Dweb`, ''],
      [`${API}/pods?labelSelector=tier+in+(api,database)`, 'data/orders-0 shop/cart-0'],
      [`${API}/pods?labelSelector=tier%3Dfront,!canary`, 'shop/web-0'],
      [`${API}/pods?labelSelector=!app`, 'data/sleeper'],
      [
        `${API}/pods?fieldSelector=metadata.namespace%3Ddata`,
        'data/orders-0 data/queue-0 data/sleeper',
      ],
      [`${API}/pods?fieldSelector=metadata.name%3Dcart-0`, 'shop/cart-0'],
      [
        `${API}/pods?fieldSelector=metadata.namespace!%3Ddata&labelSelector=tier`,
        'shop/cart-0 shop/web-0 shop/web-1',
      ],
      [`${API}/nodes?labelSelector=topology.kubernetes.io/zone%3Dzone-b`, 'node-2 node-3'],
      [`${API}/nodes?fieldSelector=metadata.name!%3Dnode-2`, 'node-1 node-3'],
    ])('GET %s lists %j', async (path, names) => {
      expect(namesOf(await admin.json(path)).join(' ')).toBe(names);
    });
  });

  describe('who asks', () => {
    const forged = [
      ['x-remote-user', 'admin'],
      ['x-remote-group', 'system:masters'],
    ] as const;
    const proxied = (name: string, ...groups: string[]) =>
      [
        ['x-remote-user', name],
        ...groups.map((group) => ['x-remote-group', group] as const),
      ] as const;
    const bearer = (token: string) => [['authorization', `Bearer ${token}`]] as const;
    const strangers = createCertificateAuthority({ commonName: 'strangers', nowMs: Date.now() });
    const userOf = (name: string): CertificateAndKey => cluster.identities.clientCertificate(name);
    const proxyOf = (commonName: string, usage: 'clientAuth' | 'serverAuth' = 'clientAuth') =>
      cluster.identities.frontProxyCa.issue({ commonName, usages: [usage] });
    const strangerOf = (commonName: string) =>
      strangers.issue({ commonName, usages: ['clientAuth'] });
    const token = () => cluster.serviceAccountToken('kube-system', 'metrics-server');

    const cannotList = (user: string): string =>
      `nodes.metrics.k8s.io is forbidden: User "${user}" cannot list resource "nodes" in API group "metrics.k8s.io" at the cluster scope`;
    const ACCOUNT = 'system:serviceaccount:kube-system:metrics-server';

    test.each<[name: string, identity: () => Identity, status: number, message: string]>([
      ['nobody in particular', () => ({}), 403, cannotList('system:anonymous')],
      [
        'X-Remote headers without a certificate',
        () => ({ headers: forged }),
        403,
        cannotList('system:anonymous'),
      ],
      [
        "X-Remote headers with a user's certificate",
        () => ({ certificate: userOf('nobody'), headers: forged }),
        403,
        cannotList('nobody'),
      ],
      [
        "X-Remote headers with another authority's front proxy",
        () => ({ certificate: strangerOf('front-proxy-client'), headers: forged }),
        401,
        'Unauthorized',
      ],
      [
        'a certificate of the proxy CA that is not the front proxy',
        () => ({ certificate: proxyOf('somebody'), headers: forged }),
        401,
        'Unauthorized',
      ],
      [
        'the front proxy with a serving certificate',
        () => ({ certificate: proxyOf('front-proxy-client', 'serverAuth'), headers: forged }),
        401,
        'Unauthorized',
      ],
      [
        'the front proxy without headers',
        () => ({ certificate: proxyOf('front-proxy-client') }),
        401,
        'Unauthorized',
      ],
      [
        'the front proxy for a user who may',
        () => ({ certificate: proxyOf('front-proxy-client'), headers: proxied('viewer') }),
        200,
        '',
      ],
      [
        'the front proxy for a user who may not',
        () => ({
          certificate: proxyOf('front-proxy-client'),
          headers: proxied('nobody', 'a', 'b'),
        }),
        403,
        cannotList('nobody'),
      ],
      [
        'the front proxy for a member of system:masters',
        () => ({
          certificate: proxyOf('front-proxy-client'),
          headers: proxied('eve', 'staff', 'system:masters'),
        }),
        200,
        '',
      ],
      [
        'the front proxy for a group that only looks like two',
        () => ({
          certificate: proxyOf('front-proxy-client'),
          headers: proxied('eve', 'staff, system:masters'),
        }),
        403,
        cannotList('eve'),
      ],
      ['a user who may', () => ({ certificate: userOf('viewer') }), 200, ''],
      ['a user who may not', () => ({ certificate: userOf('nobody') }), 403, cannotList('nobody')],
      ['a certificate without a name', () => ({ certificate: userOf('') }), 401, 'Unauthorized'],
      [
        'a certificate of another authority',
        () => ({ certificate: strangerOf('viewer') }),
        401,
        'Unauthorized',
      ],
      ['a service account', () => ({ headers: bearer(token()) }), 403, cannotList(ACCOUNT)],
      ['a bad token', () => ({ headers: bearer('forged') }), 401, 'Unauthorized'],
      [
        'a token with a broken signature',
        () => ({ headers: bearer(`${token()}x`) }),
        401,
        'Unauthorized',
      ],
      [
        'a bad token after a good certificate',
        () => ({ certificate: userOf('viewer'), headers: bearer('forged') }),
        200,
        '',
      ],
      [
        'a good token after a bad certificate',
        () => ({ certificate: strangerOf('viewer'), headers: bearer(token()) }),
        403,
        cannotList(ACCOUNT),
      ],
      [
        'a password',
        () => ({ headers: [['authorization', 'Basic YWRtaW46YWRtaW4=']] }),
        403,
        cannotList('system:anonymous'),
      ],
    ])('%s', async (_name, identity, status, message) => {
      using client = new ServerClient(server.port, identity());

      const answer = await client.get(`${API}/nodes`);

      expect(answer.status).toBe(status);
      const body = JSON.parse(answer.body) as { kind: string; message?: string };
      expect(body.kind).toBe(status === 200 ? 'NodeMetricsList' : 'Status');
      expect(body.message ?? '').toBe(message);
    });

    test.each<[name: string, who: () => CertificateAndKey | undefined, status: number]>([
      ['a user who may', () => userOf('viewer'), 200],
      ['a user who may not', () => userOf('nobody'), 403],
      ['nobody in particular', () => undefined, 403],
    ])('through kube-apiserver: %s, whatever headers are forged', async (_name, who, status) => {
      await cluster.whenMetricsAvailable(AbortSignal.timeout(20_000));
      using client = new ClusterClient(cluster, who());

      const answer = await client.get(`${API}/nodes`, {
        'x-remote-user': 'admin',
        'x-remote-group': 'system:masters',
      });

      expect(answer.status).toBe(status);
    });

    beforeAll(() => {
      cluster.registerMetricsServer('127.0.0.1', server.port);
    });

    test('of a namespace is answered for that namespace', async () => {
      using client = new ServerClient(server.port, { certificate: userOf('nobody') });

      const { status, body } = await client.get(`${API}/namespaces/shop/pods/cart-0`);

      expect({ status, body: JSON.parse(body) as unknown }).toEqual({
        status: 403,
        body: {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message:
            'pods.metrics.k8s.io "cart-0" is forbidden: User "nobody" cannot get resource "pods" in API group "metrics.k8s.io" in the namespace "shop"',
          reason: 'Forbidden',
          details: { name: 'cart-0', group: 'metrics.k8s.io', kind: 'pods' },
          code: 403,
        },
      });
    });

    test.each(['/healthz', '/livez', '/readyz'])('%s is open to everybody', async (path) => {
      using client = new ServerClient(server.port);

      await expect(client.get(path)).resolves.toMatchObject({ status: 200, body: 'ok' });
      await expect(client.get(`${path}/ping`)).resolves.toMatchObject({ status: 403 });
    });
  });

  describe('bad requests', () => {
    test.each<[request: string, status: number, message: string]>([
      [
        `GET ${API}/pods?labelSelector=a+b`,
        400,
        "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
      ],
      [
        `GET ${API}/nodes?labelSelector=zone+in+(a`,
        400,
        "unable to parse requirement: found '', expected: ',' or ')'",
      ],
      [
        `GET ${API}/pods?fieldSelector=status.phase%3DRunning`,
        400,
        '"status.phase" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ],
      [`GET ${API}/pods?limit=abc`, 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
      [
        `GET ${API}/pods?timeout=5`,
        400,
        'invalid timeout specified in the request URL - time: missing unit in duration "5"',
      ],
      [
        `GET ${API}/pods?sendInitialEvents=true`,
        422,
        'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
      ],
      [
        `GET ${API}/pods?watch=true`,
        405,
        'watch is not supported on resources of kind "pods.metrics.k8s.io"',
      ],
      [`POST ${API}/nodes`, 405, 'the server does not allow this method on the requested resource'],
      [
        `DELETE ${API}/namespaces/shop/pods/cart-0`,
        405,
        'the server does not allow this method on the requested resource',
      ],
      [
        `OPTIONS ${API}/nodes`,
        405,
        'the server does not allow this method on the requested resource',
      ],
      [`GET ${API}/nodes/node-9`, 404, 'node "node-9" not found'],
      [`GET ${API}/namespaces/shop/pods/nope`, 404, 'pods "nope" not found'],
      [`GET ${API}/namespaces/shop/pods/waiting`, 404, 'pods "waiting" not found'],
      [`GET ${API}/foos`, 404, 'the server could not find the requested resource'],
      [`GET ${API}/namespaces/shop/nodes`, 404, 'the server could not find the requested resource'],
    ])('%s is answered %i', async (request, status, message) => {
      const [method = '', path = ''] = request.split(' ');

      const answer = await admin.send(path, { method });

      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', code: status, message });
    });

    test.each(['/api', '/foo', '/apis/foo', '/readyz/nope', '//apis', '/%00', '/%zz', '/..%2f..'])(
      'GET %s leads nowhere',
      async (path) => {
        const { status, body } = await admin.get(path);

        expect([400, 404]).toContain(status);
        expect(body).not.toMatch(STACK_TRACE);
      },
    );

    test('headers beyond 1 MiB are answered 431, and the next request is served', async () => {
      const headers = [['x-large', 'x'.repeat(1_100_000)]] as const;
      using client = new ServerClient(server.port, adminOf(cluster));

      const refused = await client.get(`${API}/nodes`, { headers });
      const served = await client.get(`${API}/nodes`);

      expect(refused).toMatchObject({ status: 431, body: '431 Request Header Fields Too Large' });
      expect(served.status).toBe(200);
    });

    test('headers below 1 MiB are read', async () => {
      const groups = Array.from({ length: 6_000 }, (_, at) => `group-${at}-${'x'.repeat(100)}`);
      const certificate = cluster.identities.frontProxy;
      const headers = [
        ['x-remote-user', 'viewer'],
        ...groups.map((group) => ['x-remote-group', group] as const),
      ] as const;
      using client = new ServerClient(server.port, { certificate, headers });

      await expect(client.get(`${API}/nodes`)).resolves.toMatchObject({ status: 200 });
    });

    test.each([
      ['what is no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n/],
      [
        'a method nobody knows',
        `BREW ${API}/nodes HTTP/1.1\r\nhost: x\r\n\r\n`,
        /^HTTP\/1\.1 403 Forbidden\r\n/,
      ],
      [
        'a request without a host',
        'GET /healthz HTTP/1.1\r\n\r\n',
        /^HTTP\/1\.1 400 Bad Request: missing required Host header\r\n/,
      ],
    ])('%s is answered', async (_name, request, expected) => {
      const answer = await sendRaw(server.port, request);

      expect(answer).toMatch(expected);
      expect(answer).not.toMatch(STACK_TRACE);
    });

    test('a body is not looked at', async () => {
      const answer = await admin.send(`${API}/nodes`, { method: 'POST', body: '{"kind":' });

      expect(answer.status).toBe(405);
    });
  });

  describe('its own metrics', () => {
    test('count scrapes and points, and time rounds, requests and freshness', async () => {
      await admin.json(`${API}/pods`);
      const { status, body, headers } = await admin.get('/metrics');
      const valueOf = (series: string): number =>
        Number(
          body
            .split('\n')
            .find((line) => line.startsWith(`${series} `))
            ?.split(' ')[1],
        );

      expect(status).toBe(200);
      expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
      expect(valueOf('metrics_server_storage_points{type="node"}')).toBe(3);
      expect(valueOf('metrics_server_storage_points{type="container"}')).toBe(9);
      expect(valueOf('metrics_server_kubelet_request_total{success="true"}')).toBeGreaterThan(5);
      expect(body).not.toContain('success="false"');
      for (const node of ['node-1', 'node-2', 'node-3']) {
        const label = `{node="${node}"}`;
        expect(
          valueOf(`metrics_server_kubelet_request_duration_seconds_count${label}`),
        ).toBeGreaterThan(1);
        expect(valueOf(`metrics_server_kubelet_last_request_time_seconds${label}`)).toBeCloseTo(
          Date.now() / 1000,
          -1,
        );
      }
      expect(valueOf('metrics_server_manager_tick_duration_seconds_count')).toBeGreaterThan(0);
      expect(valueOf('metrics_server_api_metric_freshness_seconds_count')).toBeGreaterThan(6);
      const lists = ['apiserver_request_total{', 'resource="pods"', 'verb="LIST"', 'code="200"'];
      const counts = body.split('\n').filter((line) => lists.every((part) => line.includes(part)));
      expect(counts.length).toBeGreaterThan(0);
      expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
    });

    test('are not for everybody', async () => {
      using viewer = new ServerClient(server.port, {
        certificate: cluster.identities.clientCertificate('viewer'),
      });

      const { status, body } = await viewer.get('/metrics');

      expect({ status, message: (JSON.parse(body) as { message: string }).message }).toEqual({
        status: 403,
        message: 'forbidden: User "viewer" cannot get path "/metrics"',
      });
    });
  });

  describe('its health', () => {
    test.each([
      [
        '/readyz',
        ['metric-storage-ready', 'metric-informer-sync', 'metadata-informer-sync', 'shutdown'],
      ],
      ['/livez', ['metric-collection-timely', 'metadata-informer-sync']],
      ['/healthz', ['metadata-informer-sync']],
    ])('%s tells its checks, and each of them by itself', async (path, checks) => {
      const { status, body } = await admin.get(`${path}?verbose`);

      expect(status).toBe(200);
      for (const check of ['ping', 'log', ...checks]) {
        expect(body).toContain(`[+]${check} ok\n`);
        await expect(admin.get(`${path}/${check}`)).resolves.toMatchObject({
          status: 200,
          body: 'ok',
        });
      }
      expect(body).toMatch(new RegExp(`\n${path.slice(1)} check passed\n$`));
    });
  });

  test('has not complained of anything', () => {
    expect(server.log.told.filter((line) => /^(error|warn)/.test(line))).toEqual([]);
  });
});

const STACK_TRACE = /\n\s+at |\.ts:\d|node:internal|node_modules/;

/** Sends bytes as they are over TLS, and reads until the server closes. */
function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      socket.write(text);
    });
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.once('error', reject);
    socket.once('close', () => {
      resolve(answer);
    });
  });
}
