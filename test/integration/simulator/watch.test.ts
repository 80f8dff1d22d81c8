import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../../src/simulator/cluster.ts';
import { NAMESPACES } from '../../../src/simulator/resource-type.ts';
import { ClusterClient, type WatchLine, take } from '../../support/cluster-client.ts';

const PARTIAL = {
  accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
};

function names(lines: readonly WatchLine[]): string[] {
  return lines.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`);
}

describe('a watch of the simulated kube-apiserver', () => {
  let cluster: Cluster;
  let admin: ClusterClient;

  beforeAll(async () => {
    cluster = await createCluster({
      nodes: 2,
      pods: 4,
      bookmarkIntervalMs: 20,
      withoutFigures: false,
    });
    admin = ClusterClient.admin(cluster);
  });
  afterAll(async () => {
    admin[Symbol.dispose]();
    await cluster[Symbol.asyncDispose]();
  });

  function aNamespace(name: string, phase = 'Active') {
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, status: { phase } };
  }

  test('goes on where a list ended', async () => {
    const { body } = await admin.get('/api/v1/nodes');
    const { metadata } = JSON.parse(body) as { metadata: { resourceVersion: string } };
    cluster.world.setNodeReady('node-1', false);
    const watch = admin.watch(`/api/v1/nodes?watch=1&resourceVersion=${metadata.resourceVersion}`);

    const first = await take(watch, 1);

    expect(names(first)).toEqual(['MODIFIED node-1']);
  });

  test('begins with what exists when no revision is named', async () => {
    const lines = await take(admin.watch('/api/v1/nodes?watch=1'), 2);

    expect(names(lines)).toEqual(['ADDED node-1', 'ADDED node-2']);
  });

  test('streams a list and marks its end (KEP-3157), metadata only', async () => {
    const path =
      '/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=status.phase%3DRunning';

    const lines = await take(admin.watch(path, PARTIAL), 5);

    expect(lines.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
    expect(lines.every(({ object }) => object.kind === 'PartialObjectMetadata')).toBe(true);
    expect(lines[4]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(Number(lines[4]?.object.metadata.resourceVersion)).toBeGreaterThan(1);
  });

  test('refuses to stream a list without saying how old it may be', async () => {
    const answer = await admin.get('/api/v1/pods?watch=1&sendInitialEvents=true');

    expect(answer.status).toBe(422);
  });

  test('keeps the revision fresh by bookmarks', async () => {
    const { revision } = cluster.objects;
    const path = `/api/v1/pods?watch=1&resourceVersion=${revision}&allowWatchBookmarks=true`;
    cluster.world.addNamespace('elsewhere');

    const [bookmark] = await take(admin.watch(path), 1);

    expect(bookmark?.type).toBe('BOOKMARK');
    expect(Number(bookmark?.object.metadata.resourceVersion)).toBeGreaterThan(revision);
  });

  test('shows objects come and go as they begin and cease to be selected', async () => {
    const { revision } = cluster.objects;
    cluster.objects.put(NAMESPACES, aNamespace('one', 'Terminating'));
    cluster.objects.put(NAMESPACES, aNamespace('one'));
    cluster.objects.put(NAMESPACES, aNamespace('one'));
    cluster.objects.put(NAMESPACES, aNamespace('one', 'Terminating'));
    cluster.objects.delete(NAMESPACES, '', 'one');
    cluster.objects.put(NAMESPACES, aNamespace('two'));
    const path = `/api/v1/namespaces?watch=1&resourceVersion=${revision}&fieldSelector=status.phase%3DActive`;

    const lines = await take(admin.watch(path), 4);

    expect(names(lines)).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one', 'ADDED two']);
  });

  test('says 410 in its stream when the revision is forgotten, and ends', async () => {
    cluster.world.addNamespace('before-compaction');
    cluster.objects.compact();

    const lines = await take(admin.watch('/api/v1/nodes?watch=1&resourceVersion=1'), 2);

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        code: 410,
        message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
      },
    });
  });

  test('ends when its time is over, with a last bookmark', async () => {
    const path = `/api/v1/pods?watch=1&resourceVersion=${cluster.objects.revision}&allowWatchBookmarks=true&timeoutSeconds=1`;

    const lines = await take(admin.watch(path), Number.POSITIVE_INFINITY);

    expect(lines.at(-1)?.type).toBe('BOOKMARK');
  });

  test('prints tables for kubectl', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';

    const [line] = await take(admin.watch('/api/v1/nodes?watch=1', { accept }), 1);

    expect(line).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Table', rows: [{ cells: expect.arrayContaining(['node-1']) }] },
    });
  });

  test('breaks when all connections do', async () => {
    const watch = admin.watch('/api/v1/nodes?watch=1');
    for (const { name } of cluster.world.nodes()) {
      expect(await watch.next()).toMatchObject({ value: { object: { metadata: { name } } } });
    }

    cluster.apiServer.breakConnections();

    await expect(watch.next()).rejects.toThrow('aborted');
  });
});
