import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NODE_METRICS, POD_METRICS } from '../../src/apis/metrics/schema.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import { Kubectl } from '../support/kubectl.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/wait-for.ts';

const DOCUMENT = 'apis/metrics.k8s.io/v1beta1';

/** What kubectl prints of the recorded server's documents: names, types and what is required. */
const RECORDED_FIELDS = readFileSync(
  new URL('../fixtures/apiserver/openapi/explain-podmetrics-fields.txt', import.meta.url),
  'utf8',
);

function descriptionOf({ fields }: typeof NODE_METRICS, name: string): string {
  return fields.find((field) => field.name === name)?.description ?? '';
}

/** kubectl breaks lines as it likes. */
function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Through the aggregator, judged by the real kubectl. */
describe('discovery and OpenAPI behind kube-apiserver', () => {
  let cluster: Cluster;
  let server: RunningServer;
  let kubectl: Kubectl;
  let admin: ClusterClient;

  beforeAll(async () => {
    cluster = await createCluster({ nodes: 1, pods: 2 });
    server = await RunningServer.start(cluster);
    cluster.registerMetricsServer('127.0.0.1', server.port);
    await cluster.whenMetricsAvailable(AbortSignal.timeout(20_000));
    kubectl = await Kubectl.create(cluster.kubeconfig('admin', 'viewer'));
    admin = ClusterClient.admin(cluster);
    await until(
      () => read<{ paths: object }>('/openapi/v3'),
      ({ paths }) => DOCUMENT in paths,
    );
  });
  afterAll(async () => {
    admin[Symbol.dispose]();
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  async function read<Value>(path: string, headers = {}): Promise<Value> {
    return JSON.parse((await admin.get(path, headers)).body) as Value;
  }

  test('kubectl explain nodemetrics.usage tells our words', async () => {
    const { code, out } = await kubectl.run('explain', 'nodemetrics.usage');

    expect(code).toBe(0);
    expect(out).toMatch(
      /^GROUP: +metrics.k8s.io\nKIND: +NodeMetrics\nVERSION: +v1beta1\n\nFIELD: usage <map\[string]Quantity>\n/,
    );
    expect(inOneLine(out)).toContain(descriptionOf(NODE_METRICS, 'usage'));
  });

  test('kubectl explain podmetrics --recursive shows the tree of the real server', async () => {
    const { out } = await kubectl.run('explain', 'podmetrics', '--recursive');

    expect(inOneLine(out)).toContain(`DESCRIPTION: ${POD_METRICS.description}`);
    expect(out.slice(out.indexOf('FIELDS:')).trimEnd()).toBe(RECORDED_FIELDS.trimEnd());
  });

  test('kubectl explain goes down to what containers use', async () => {
    const { out } = await kubectl.run('explain', 'podmetrics.containers.usage');

    expect(out).toContain('FIELD: usage <map[string]Quantity>');
  });

  test('kubectl explain serves whoever may discover', async () => {
    const { code } = await kubectl.run('--context=viewer', 'explain', 'nodemetrics');

    expect(code).toBe(0);
  });

  test('kubectl api-resources and api-versions list the group', async () => {
    const resources = await kubectl.lines('api-resources', '--api-group=metrics.k8s.io');

    expect(resources.map((line) => line.split(/ +/))).toEqual([
      ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND'],
      ['nodes', 'metrics.k8s.io/v1beta1', 'false', 'NodeMetrics'],
      ['pods', 'metrics.k8s.io/v1beta1', 'true', 'PodMetrics'],
    ]);
    expect(await kubectl.lines('api-versions')).toContain('metrics.k8s.io/v1beta1');
  });

  test('the index of v3 names our document by its hash, and leads to it', async () => {
    const { paths } = await read<{ paths: Record<string, { serverRelativeURL: string }> }>(
      '/openapi/v3',
    );
    const { serverRelativeURL = '' } = paths[DOCUMENT] ?? {};
    const answer = await admin.get(`${serverRelativeURL}&timeout=32s`, {
      accept: 'application/json',
    });

    expect(serverRelativeURL).toMatch(
      /^\/openapi\/v3\/apis\/metrics.k8s.io\/v1beta1\?hash=[0-9A-F]{128}$/,
    );
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, immutable',
      etag: `"${serverRelativeURL.split('hash=')[1] ?? ''}"`,
    });
    // Trap T-31: nobody is redirected through an aggregator.
    expect((await admin.get(`/openapi/v3/${DOCUMENT}?hash=x`)).status).toBe(502);
  });

  test('v2 of the cluster has our paths, and our types beside its own', async () => {
    const { paths, definitions } = await until(
      () => read<{ paths: object; definitions: Record<string, object> }>('/openapi/v2'),
      (document) => `/${DOCUMENT}/nodes` in document.paths,
    );

    expect(Object.keys(paths).filter((path) => path.startsWith('/apis/metrics'))).toEqual([
      `/${DOCUMENT}/`,
      `/${DOCUMENT}/namespaces/{namespace}/pods`,
      `/${DOCUMENT}/namespaces/{namespace}/pods/{name}`,
      `/${DOCUMENT}/nodes`,
      `/${DOCUMENT}/nodes/{name}`,
      `/${DOCUMENT}/pods`,
    ]);
    expect(paths).not.toHaveProperty(['/version/']);
    expect(definitions['io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics']).toMatchObject({
      properties: {
        metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta_v2' },
      },
    });
  });

  test('aggregated discovery of the cluster has our entry, and it is current', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const { items } = await read<{ items: { metadata: { name: string }; versions: unknown[] }[] }>(
      '/apis',
      { accept },
    );

    expect(items.find(({ metadata }) => metadata.name === 'metrics.k8s.io')?.versions).toEqual([
      {
        version: 'v1beta1',
        resources: [
          {
            resource: 'nodes',
            responseKind: { group: '', version: '', kind: 'NodeMetrics' },
            scope: 'Cluster',
            singularResource: '',
            verbs: ['get', 'list'],
          },
          {
            resource: 'pods',
            responseKind: { group: '', version: '', kind: 'PodMetrics' },
            scope: 'Namespaced',
            singularResource: '',
            verbs: ['get', 'list'],
          },
        ],
        freshness: 'Current',
      },
    ]);
  });
});
