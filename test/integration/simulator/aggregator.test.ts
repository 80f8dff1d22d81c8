import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../../src/simulator/cluster.ts';
import { ENDPOINT_SLICES, SERVICES } from '../../../src/simulator/resource-type.ts';
import { BackendServer, sendJson, valuesOf } from '../../support/backend-server.ts';
import { type ClusterAnswer, ClusterClient } from '../../support/cluster-client.ts';
import { until, waitFor } from '../../support/wait-for.ts';

const NODES = '/apis/metrics.k8s.io/v1beta1/nodes';
const AGGREGATED = {
  accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
};

describe('the aggregator', () => {
  let cluster: Cluster;
  let backend: BackendServer;
  let admin: ClusterClient;

  beforeEach(async () => {
    cluster = await createCluster({ nodes: 1, pods: 1 });
    backend = new BackendServer();
    admin = ClusterClient.admin(cluster);
  });
  afterEach(async () => {
    admin[Symbol.dispose]();
    await backend[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  async function register(): Promise<number> {
    const port = await backend.listen();
    cluster.registerMetricsServer('127.0.0.1', port);
    await cluster.whenMetricsAvailable(AbortSignal.timeout(20_000));
    return port;
  }

  async function discovered(): Promise<unknown> {
    const { body } = await admin.get('/apis', AGGREGATED);
    const { items } = JSON.parse(body) as {
      items: { metadata: { name: string }; versions: unknown[] }[];
    };
    return items.find(({ metadata }) => metadata.name === 'metrics.k8s.io')?.versions[0];
  }

  describe('watches whether a server is available', () => {
    async function availability(reason: string): Promise<unknown> {
      await waitFor(() => cluster.metricsAvailability()?.reason === reason);
      return cluster.metricsAvailability();
    }

    test('with five probes as system:masters, one success being enough', async () => {
      let probes = 0;
      const answerWell = backend.ownAnswer;
      backend.ownAnswer = (request, response) => {
        if (request.url === '/apis' || ++probes === 3) answerWell(request, response);
        else response.writeHead(500).end();
      };

      await register();

      const [probe] = backend.seen;
      expect(await availability('Passed')).toEqual({
        status: 'True',
        reason: 'Passed',
        message: 'all checks passed',
      });
      expect(probe).toMatchObject({ method: 'GET', url: '/apis/metrics.k8s.io/v1beta1' });
      expect(probe && valuesOf(probe, 'x-remote-user')).toEqual(['system:kube-aggregator']);
      expect(probe && valuesOf(probe, 'x-remote-group')).toEqual(['system:masters']);
      expect(probe && valuesOf(probe, 'accept')).toEqual([]);
    });

    test('and says what it answered instead', async () => {
      backend.ownAnswer = (_request, response) => response.writeHead(401).end();
      const port = await backend.listen();
      cluster.registerMetricsServer('127.0.0.1', port);

      const url = `https://127.0.0.1:${port}/apis/metrics.k8s.io/v1beta1`;
      expect(await availability('FailedDiscoveryCheck')).toEqual({
        status: 'False',
        reason: 'FailedDiscoveryCheck',
        message: `failing or missing response from ${url}: bad status from ${url}: 401`,
      });
    });

    test('and finds it soon after it begins to listen', async () => {
      const port = await backend.listen();
      await backend[Symbol.asyncDispose]();
      cluster.registerMetricsServer('127.0.0.1', port);
      const url = `https://127.0.0.1:${port}/apis/metrics.k8s.io/v1beta1`;
      expect(await availability('FailedDiscoveryCheck')).toMatchObject({
        message: `failing or missing response from ${url}: Get "${url}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
      });

      backend = new BackendServer();
      await backend.listen(port);

      expect(await availability('Passed')).toMatchObject({ status: 'True' });
    });

    test('without asking it when no endpoint is ready', async () => {
      const registration = cluster.registerMetricsServer('127.0.0.1', await backend.listen());
      await cluster.whenMetricsAvailable(AbortSignal.timeout(20_000));

      registration.setReady(false);

      expect(await availability('MissingEndpoints')).toEqual({
        status: 'False',
        reason: 'MissingEndpoints',
        message:
          'endpointslices for service/metrics-server in "kube-system" have no addresses with port name "https"',
      });
      expect(await admin.get(NODES)).toMatchObject({ status: 503, body: 'service unavailable\n' });
    });

    test('and goes on when another replica is announced', async () => {
      await register();
      await using replica = new BackendServer();

      cluster.registerMetricsServer('127.0.0.1', await replica.listen(), { probesReadiness: true });

      expect(cluster.metricsAvailability()).toMatchObject({ status: 'True' });
      expect(await admin.get(NODES)).toMatchObject({ status: 200 });
    });

    test('nor when the service or its endpoints are gone', async () => {
      const port = await register();

      cluster.objects.delete(ENDPOINT_SLICES, 'kube-system', `metrics-server-${port}`);
      expect(await availability('EndpointsNotFound')).toMatchObject({
        message: 'cannot find endpointslices for service/metrics-server in "kube-system"',
      });
      cluster.objects.delete(SERVICES, 'kube-system', 'metrics-server');
      expect(await availability('ServiceNotFound')).toMatchObject({
        message: 'service/metrics-server in "kube-system" is not present',
      });
    });

    test('and verifies its certificate for the name of the service, when there is a CA', async () => {
      const port = await backend.listen();
      const stranger = new BackendServer();
      cluster.registerMetricsServer('127.0.0.1', port, { caPem: stranger.ca.certPem });
      expect(await availability('FailedDiscoveryCheck')).toMatchObject({ status: 'False' });

      cluster.registerMetricsServer('127.0.0.1', port, { caPem: backend.ca.certPem });

      expect(await availability('Passed')).toMatchObject({ status: 'True' });
    });
  });

  describe('passes requests on', () => {
    test('as the front proxy, in the name of the user, one line for each group', async () => {
      await register();
      using jane = new ClusterClient(
        cluster,
        cluster.identities.clientCertificate('jane', ['system:masters', 'a, b']),
      );

      const { status, body } = await jane.get(NODES);

      expect({ status, body }).toEqual({
        status: 200,
        body: '{"kind":"NodeMetricsList","items":[]}',
      });
      const [seen] = backend.userRequests;
      expect(seen).toMatchObject({
        client: 'front-proxy-client',
        serverName: 'metrics-server.kube-system.svc',
      });
      expect(seen && valuesOf(seen, 'x-remote-user')).toEqual(['jane']);
      expect(seen && valuesOf(seen, 'x-remote-group')).toEqual([
        'system:masters',
        'a, b',
        'system:authenticated',
      ]);
      expect(seen && valuesOf(seen, 'x-remote-uid')).toEqual([]);
    });

    test('with uid and escaped extras, in the words of a token', async () => {
      await register();
      const extra = new Map([['example.com/päth%', ['one', 'zwei ä']]]);
      const user = { name: 'bob', uid: 'u-7', groups: ['system:masters'], extra };
      cluster.identities.addToken('bobs-token', user);
      using bob = new ClusterClient(cluster, 'bobs-token');

      await bob.get(NODES);

      const [seen] = backend.userRequests;
      expect(seen && valuesOf(seen, 'x-remote-uid')).toEqual(['u-7']);
      expect(seen && valuesOf(seen, 'X-Remote-Extra-example.com%2Fp%C3%A4th%25')).toEqual([
        'one',
        Buffer.from('zwei ä').toString('latin1'),
      ]);
      expect(seen && valuesOf(seen, 'authorization')).toEqual([]);
    });

    test('without any claim that the caller made about itself', async () => {
      await register();

      await admin.get(NODES, {
        'x-remote-user': 'root',
        'x-remote-group': 'system:masters',
        'x-remote-extra-a': 'b',
        'impersonate-user': 'viewer',
        connection: 'x-private, keep-alive',
        'x-private': 'hop',
        te: 'trailers',
        'x-kept': 'yes',
      });

      const [seen] = backend.userRequests;
      expect(seen && valuesOf(seen, 'x-remote-user')).toEqual(['viewer']);
      expect(seen && valuesOf(seen, 'x-remote-group')).toEqual(['system:authenticated']);
      for (const name of ['x-remote-extra-a', 'impersonate-user', 'x-private', 'te']) {
        expect(seen && valuesOf(seen, name)).toEqual([]);
      }
      expect(seen && valuesOf(seen, 'x-kept')).toEqual(['yes']);
    });

    test('with its own host, the path untouched and the query written anew', async () => {
      const port = await register();

      await admin.get(`${NODES}/a%2Fb/?limit=2&labelSelector=app%20in%20(web)&bad=%zz`);

      const [seen] = backend.userRequests;
      expect(seen?.url).toBe(`${NODES}/a%2Fb/?labelSelector=app+in+%28web%29&limit=2`);
      expect(seen && valuesOf(seen, 'host')).toEqual([`127.0.0.1:${port}`]);
      expect(seen && valuesOf(seen, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    });

    test('with their body and method', async () => {
      await register();

      await admin.send('POST', NODES, { body: 'hello' });

      expect(backend.userRequests[0]).toMatchObject({ method: 'POST', body: 'hello' });
    });

    test('over connections that it keeps', async () => {
      await register();
      await admin.get(NODES);
      const before = backend.connections;

      for (let index = 0; index < 5; index++) await admin.get(NODES);

      expect(backend.connections).toBe(before);
    });

    test('and asks for gzip when the client does not, undoing it', async () => {
      await register();
      backend.answer = (_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
        response.end(gzipSync('{"zipped":true}'));
      };

      const plain = await admin.get(NODES);
      const zipped = await admin.get(NODES, { 'accept-encoding': 'gzip' });

      const [seen] = backend.userRequests;
      expect(seen && valuesOf(seen, 'accept-encoding')).toEqual(['gzip']);
      expect(plain).toMatchObject({ body: '{"zipped":true}' });
      expect(plain.headers['content-encoding']).toBeUndefined();
      expect(zipped.headers['content-encoding']).toBe('gzip');
    });

    test('but no redirect back', async () => {
      await register();
      backend.answer = (_request, response) => {
        response.writeHead(302, { location: 'https://example.com/' }).end();
      };

      expect(await admin.get(NODES)).toMatchObject({
        status: 502,
        body: 'the backend attempted to redirect this request, which is not permitted\n',
      });
    });

    test('and passes errors back as they are, without headers of the hop or of CORS', async () => {
      await register();
      backend.answer = (_request, response) => {
        response.writeHead(404, {
          'access-control-allow-origin': '*',
          'content-type': 'application/json',
          'x-twice': ['1', '2'],
        });
        response.end('{"kind":"Status"}');
      };

      const { status, body, headers } = await admin.get(NODES);

      expect({ status, body }).toEqual({ status: 404, body: '{"kind":"Status"}' });
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers['x-twice']).toBe('1, 2');
    });

    test('and says so when the server cannot be reached', async () => {
      const port = await register();
      await backend[Symbol.asyncDispose]();

      const { status, body } = await admin.get(NODES);

      expect(status).toBe(503);
      expect(body).toBe(
        `error trying to reach service: dial tcp 127.0.0.1:${port}: connect: connection refused\n`,
      );
    });

    test('only for those who may', async () => {
      await register();
      using anonymous = new ClusterClient(cluster, undefined);

      expect((await anonymous.get('/apis/metrics.k8s.io/v1beta1')).status).toBe(403);
      expect(backend.userRequests).toEqual([]);
    });
  });

  describe('merges discovery', () => {
    test('with what the server says of itself', async () => {
      await register();

      const legacy = JSON.parse((await admin.get('/apis')).body) as { groups: { name: string }[] };
      const group = await admin.get('/apis/metrics.k8s.io');

      expect(await discovered()).toMatchObject({
        version: 'v1beta1',
        freshness: 'Current',
        resources: [{ resource: 'nodes', responseKind: { kind: 'NodeMetrics' } }],
      });
      expect(legacy.groups.at(-1)?.name).toBe('metrics.k8s.io');
      expect(JSON.parse(group.body)).toMatchObject({
        kind: 'APIGroup',
        preferredVersion: { groupVersion: 'metrics.k8s.io/v1beta1' },
      });
    });

    test('asking the old way when the server does not know the new one', async () => {
      const answer = backend.ownAnswer;
      backend.ownAnswer = (request, response) => {
        if (request.url === '/apis') response.writeHead(406).end();
        else answer(request, response);
      };

      await register();

      expect(await discovered()).toEqual({
        version: 'v1beta1',
        freshness: 'Current',
        resources: [
          {
            resource: 'pods',
            responseKind: { group: 'metrics.k8s.io', version: 'v1beta1', kind: 'PodMetrics' },
            scope: 'Namespaced',
            singularResource: '',
            verbs: ['get', 'list'],
          },
        ],
      });
      const fallback = backend.seen.find(
        (seen) => valuesOf(seen, 'accept')[0] === 'application/json',
      );
      expect(fallback && valuesOf(fallback, 'x-remote-group')).toEqual([]);
    });

    test('keeping what was known, marked stale, when the server is gone', async () => {
      const registration = cluster.registerMetricsServer('127.0.0.1', await backend.listen());
      await cluster.whenMetricsAvailable(AbortSignal.timeout(20_000));

      registration.setReady(false);
      await waitFor(() => cluster.metricsAvailability()?.status === 'False');

      expect(await discovered()).toMatchObject({
        freshness: 'Stale',
        resources: [{ resource: 'nodes' }],
      });
    });

    test('answering a client that has it already with 304', async () => {
      const { headers } = await admin.get('/apis', AGGREGATED);

      const again: ClusterAnswer = await admin.get('/apis', {
        ...AGGREGATED,
        'if-none-match': headers.etag ?? '',
      });

      expect(again).toMatchObject({ status: 304, body: '' });
    });

    describe('and its OpenAPI', () => {
      const PATH = '/apis/metrics.k8s.io/v1beta1/nodes';
      const entry = { serverRelativeURL: '/openapi/v3/apis/metrics.k8s.io/v1beta1?hash=AA' };
      const index = { paths: { 'apis/metrics.k8s.io/v1beta1': entry } };
      const v2 = { paths: { [PATH]: { get: {} }, '/version/': { get: {} } } };

      /** Downloads of a path so far. */
      function downloads(path: string) {
        return backend.seen.filter(({ url }) => url === path);
      }

      beforeEach(async () => {
        const answer = backend.ownAnswer;
        backend.ownAnswer = (request, response) => {
          if (request.url === '/openapi/v3') sendJson(response, index);
          else if (request.url === '/openapi/v2') sendJson(response, v2);
          else answer(request, response);
        };
        await register();
        await waitFor(() => downloads('/openapi/v3').length * downloads('/openapi/v2').length > 0);
      });

      async function read(path: string): Promise<{ readonly paths: object }> {
        return JSON.parse((await admin.get(path)).body) as { paths: object };
      }

      test('of v3: the index as it is, the documents by passing requests on', async () => {
        const { paths } = await until(
          () => read('/openapi/v3'),
          (document) => 'apis/metrics.k8s.io/v1beta1' in document.paths,
        );
        await admin.get(entry.serverRelativeURL);

        expect(paths).toMatchObject({
          'api/v1': { serverRelativeURL: expect.stringMatching(/^\/openapi\/v3\/api\/v1\?hash=/) },
          ...index.paths,
        });
        expect(backend.userRequests[0]?.url).toBe(entry.serverRelativeURL);
        expect(await admin.get('/openapi/v3/apis/nope/v1')).toMatchObject({ status: 404 });
      });

      test('of v2: what is below its own paths, and nothing else', async () => {
        const { paths } = await until(
          () => read('/openapi/v2'),
          (document) => PATH in document.paths,
        );

        expect(paths).toHaveProperty(['/api/v1/pods']);
        expect(paths).not.toHaveProperty(['/version/']);
      });

      test('in its own name, without groups, and for the index without Accept', () => {
        const [ofV2, ofV3] = [downloads('/openapi/v2')[0], downloads('/openapi/v3')[0]];

        expect(ofV2 && valuesOf(ofV2, 'x-remote-user')).toEqual(['system:aggregator']);
        expect(ofV2 && valuesOf(ofV2, 'x-remote-group')).toEqual([]);
        expect(ofV2 && valuesOf(ofV2, 'accept')).toEqual(['application/json']);
        expect(ofV3 && valuesOf(ofV3, 'accept')).toEqual([]);
      });

      test('and has it as JSON only', async () => {
        const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

        expect(await admin.get('/openapi/v2', { accept })).toMatchObject({ status: 406 });
      });
    });
  });
});
