import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../../src/simulator/cluster.ts';
import { Kubectl } from '../../support/kubectl.ts';

describe('kubectl on the simulated cluster', () => {
  let cluster: Cluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await createCluster({ nodes: 2, pods: 12, withoutFigures: false });
    kubectl = await Kubectl.create(cluster.kubeconfig('admin', 'viewer', 'nobody'));
  });
  afterAll(async () => {
    await kubectl[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  test('shows the nodes', async () => {
    const [header, first, ...others] = await kubectl.lines('get', 'nodes');

    expect(header).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION$/);
    expect(first).toMatch(/^node-1 +Ready +control-plane +\d+d +v1\.\d+\.\d+$/);
    expect(others).toHaveLength(1);
  });

  test('shows the pods, page by page', async () => {
    const [header, ...pods] = await kubectl.lines('get', 'pods', '-A', '--chunk-size=5');

    expect(header).toMatch(/^NAMESPACE +NAME +READY +STATUS +RESTARTS +AGE$/);
    expect(pods).toHaveLength(12);
  });

  test('shows pods by label, field and namespace', async () => {
    const [pod] = cluster.world.pods();
    const namespace = pod?.namespace ?? '';

    const byField = await kubectl.lines(
      ...['get', 'pods', '-n', namespace, '-o', 'name'],
      `--field-selector=metadata.name=${pod?.name ?? ''}`,
    );
    const none = await kubectl.run('get', 'pods', '-A', '-l', 'no=such');

    expect(byField).toEqual([`pod/${pod?.name ?? ''}`]);
    expect(none.err).toBe('No resources found\n');
  });

  test('shows the APIServices', async () => {
    const lines = await kubectl.lines('get', 'apiservices');

    expect(lines[0]).toMatch(/^NAME +SERVICE +AVAILABLE +AGE$/);
    expect(lines[1]).toMatch(/^v1\. +Local +True +\d+s$/);
  });

  test('finds the resources', async () => {
    const names = await kubectl.lines('api-resources', '-o', 'name');

    expect(names).toEqual(
      expect.arrayContaining(['pods', 'nodes', 'apiservices.apiregistration.k8s.io']),
    );
  });

  test('explains them', async () => {
    const { out } = await kubectl.run('explain', 'pods');

    expect(out).toMatch(/^KIND: +Pod\nVERSION: +v1\n/);
    expect(out).toContain('metadata\t<ObjectMeta>');
  });

  test('describes a node', async () => {
    const { code, out } = await kubectl.run('describe', 'node', 'node-1');

    expect(code).toBe(0);
    expect(out).toMatch(/Ready +True/);
    expect(out).toMatch(/Non-terminated Pods: +\(6 in total\)/);
  });

  test.each([
    [['auth', 'can-i', 'list', 'pods', '--as=viewer'], 0, 'yes'],
    [['auth', 'can-i', 'list', 'pods', '--as=nobody'], 1, 'no'],
    [['auth', 'can-i', 'delete', 'nodes'], 0, 'yes'],
  ])('answers kubectl %j', async (words, code, answer) => {
    const { code: ended, out } = await kubectl.run(...words);

    expect({ ended, out: out.trim() }).toEqual({ ended: code, out: answer });
  });

  test('knows who asks', async () => {
    const { out } = await kubectl.run('--context=viewer', 'auth', 'whoami');

    expect(out).toMatch(/Username +viewer\nGroups +\[system:authenticated]/);
  });

  test('refuses a user without rights', async () => {
    const { code, err } = await kubectl.run('--context=nobody', 'get', 'pods', '-A');

    expect(code).toBe(1);
    expect(err).toBe(
      'Error from server (Forbidden): pods is forbidden: User "nobody" cannot list resource "pods" in API group "" at the cluster scope\n',
    );
  });

  test('refuses to change the world, and says how to', async () => {
    const { err } = await kubectl.run('create', 'namespace', 'x');

    expect(err).toContain('its world is changed through the simulator');
  });

  test('says that there is no metrics API before there is one', async () => {
    const { code, err } = await kubectl.run('top', 'nodes');

    expect({ code, err }).toEqual({ code: 1, err: 'error: Metrics API not available\n' });
  });

  test('reads any path', async () => {
    const { out } = await kubectl.run('get', '--raw', '/version');

    expect(JSON.parse(out)).toMatchObject({ major: '1', platform: 'linux/amd64' });
  });
});
