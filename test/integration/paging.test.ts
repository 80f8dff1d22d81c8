import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import type { World } from '../../src/simulator/world.ts';
import { aPodPlan, aWorld } from '../support/a-world.ts';
import { Kubectl } from '../support/kubectl.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/wait-for.ts';

const API = '/apis/metrics.k8s.io/v1beta1';
/** Names whose order is not the order of words; each in three namespaces. */
const NAMES = ['a', 'a-b', 'a.b', 'a0', 'a1', 'a10', 'a2', 'ab', '0', '10', '9', 'z'];
const NAMESPACES = ['team', 'team-a', 'team0'];

interface PodList {
  readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number };
  readonly items: readonly { readonly metadata: { readonly namespace: string; name: string } }[];
}

const keysOf = ({ items }: PodList): string[] =>
  items.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);

function steadyWorld(): World {
  const startMs = Date.now() - 3_600_000;
  const pods = NAMESPACES.flatMap((namespace) =>
    NAMES.map((name) => aPodPlan({ namespace, name, uid: `${namespace}/${name}`, startMs })),
  );
  return aWorld(pods, systemClock);
}

/** Every kubelet is asked several times a second, while clients read page after page through the aggregator. */
describe('a list in pages', () => {
  let cluster: Cluster;
  let server: RunningServer;
  let kubectl: Kubectl;
  let all: readonly string[];

  beforeAll(async () => {
    cluster = await createCluster({ world: steadyWorld() });
    server = await RunningServer.start(cluster, {
      change: (config) => ({
        ...config,
        resolutionMs: 300,
        storage: { ...config.storage, resolutionMs: 15_000 },
      }),
    });
    cluster.registerMetricsServer('127.0.0.1', server.port);
    kubectl = await Kubectl.create(cluster.kubeconfig('admin'));
    const whole = async (): Promise<string[]> => {
      const { code, out } = await kubectl.run('get', '--raw', `${API}/pods`);
      return code === 0 ? keysOf(JSON.parse(out) as PodList) : [];
    };
    all = await until(whole, ({ length }) => length === cluster.world.pods().length);
  });

  afterAll(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  test('is in the order of bytes, by namespace and then by name', () => {
    const bytes = (key: string): Buffer => Buffer.from(key.replace('/', '\0'));
    const sorted = [...all].sort((left, right) => Buffer.compare(bytes(left), bytes(right)));
    expect(all).toHaveLength(NAMESPACES.length * NAMES.length);
    expect(all).toEqual(sorted);
  });

  test('shows kubectl get every row once, in chunks of two', async () => {
    const { code, out, err } = await kubectl.run(
      ...['get', 'podmetrics', '-A', '--chunk-size=2', '--no-headers', '-v=6'],
    );
    const rows = out.trimEnd().split('\n');

    expect(code).toBe(0);
    expect(rows.map((row) => row.split(/ +/).slice(0, 2).join('/'))).toEqual(all);
    const asked = new Set(err.match(/pods\?(?:continue=[\w-]+&)?limit=2/g));
    expect(asked.size).toBe(all.length / 2);
  });

  test('can be followed by hand', async () => {
    const found: string[] = [];
    const remaining: (number | undefined)[] = [];
    let query = 'limit=3';
    do {
      const { out } = await kubectl.run('get', '--raw', `${API}/pods?${query}`);
      const page = JSON.parse(out) as PodList;
      found.push(...keysOf(page));
      remaining.push(page.metadata.remainingItemCount);
      const token = page.metadata.continue;
      query = token === undefined ? '' : `limit=3&continue=${token}`;
    } while (query !== '' && found.length <= all.length);

    expect(found).toEqual(all);
    const pages = Math.ceil(all.length / 3);
    expect(remaining).toEqual(
      Array.from({ length: pages }, (_, page) =>
        page === pages - 1 ? undefined : all.length - 3 * (page + 1),
      ),
    );
  });

  test('is read by the official client', async () => {
    const config = new KubeConfig();
    config.loadFromString(cluster.kubeconfig('admin'));
    const client = config.makeApiClient(CustomObjectsApi);
    const asked = { group: 'metrics.k8s.io', version: 'v1beta1', plural: 'pods', limit: 7 };
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = (await client.listClusterCustomObject({
        ...asked,
        ...(token !== undefined && { _continue: token }),
      })) as PodList;
      found.push(...keysOf(page));
      token = page.metadata.continue;
    } while (token !== undefined && found.length <= all.length);

    expect(found).toEqual(all);
  });

  test('of a namespace is found again by kubectl top with a selector', async () => {
    const [first = ''] = all;
    const [namespace = '', name = ''] = first.split('/');
    const rows = await kubectl.lines(
      ...['top', 'pods', '-n', namespace, '--no-headers'],
      `--field-selector=metadata.name=${name}`,
    );

    expect(rows.map((row) => row.split(' ')[0])).toEqual([name]);
  });

  test('tells kubectl that a token is no longer good', async () => {
    const { code, err } = await kubectl.run(
      ...['get', '--raw', `${API}/pods?limit=3&continue=eyJ2IjoyfQ`],
    );

    expect(code).toBe(1);
    expect(err).toBe(
      'Error from server (Expired): The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.\n',
    );
  });
});
