import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Faults } from '../../../src/simulator/faults.ts';
import { createKubelets } from '../../../src/simulator/kubelet.ts';
import { loadWorldFolder } from '../../../src/simulator/world-folder.ts';
import { aHeldClock } from '../../support/a-world.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/simulator/world');
const clock = aHeldClock();
const question = { onlyCpuAndMemory: true };

interface GivenSummary {
  readonly pods: readonly {
    readonly podRef: { readonly uid: string };
    readonly containers: readonly { readonly cpu: { readonly time: string } }[];
  }[];
}

describe('loadWorldFolder', () => {
  test('loads nodes, pods, namespaces and other objects as they are, and adds what the API server adds', async () => {
    const world = await loadWorldFolder(FOLDER, { clock });
    const pod = world.pod('team-a', 'web');

    expect(world.namespaces().map(({ metadata }) => metadata.name)).toEqual(['team-a']);
    expect(world.nodes().map(({ name, listens }) => [name, listens])).toEqual([
      ['alpha', true],
      ['delta', false],
    ]);
    expect(world.others().map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ['ClusterRole', 'reader'],
    ]);
    expect(pod?.nodeName).toBe('alpha');
    expect(pod?.object).toMatchObject({
      metadata: {
        labels: { app: 'web' },
        annotations: { note: 'kept' },
        creationTimestamp: '2026-11-21T12:00:00Z',
      },
      status: { phase: 'Running', startTime: '2026-11-19T10:00:00Z' },
    });
    expect(pod?.object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('gives the first answers and then the second ones, of each source for itself, with the uids of the pods', async () => {
    const world = await loadWorldFolder(FOLDER, { clock });
    const pages = world.node('alpha')?.pages;
    const summaries = [1, 2, 3].map(
      () => JSON.parse(String(pages?.summary(question))) as GivenSummary,
    );

    expect(summaries.map(({ pods }) => pods[0]?.containers[0]?.cpu.time)).toEqual([
      '2026-11-20T10:00:00Z',
      '2026-11-20T10:00:15Z',
      '2026-11-20T10:00:15Z',
    ]);
    expect(summaries[0]?.pods[0]?.podRef.uid).toBe(world.pod('team-a', 'web')?.object.metadata.uid);
    // The API does not know the second pod; its kubelet does.
    expect(summaries[0]?.pods[1]?.podRef.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(String(pages?.resource())).toContain('pod="web"} 1000 1795168800000');
    expect(world.node('delta')?.pages?.summary(question)).toBeUndefined();
  });

  test('gives the same uids every time', async () => {
    const uids = async () =>
      (await loadWorldFolder(FOLDER, { clock })).pods().map((pod) => pod.kubeletUid);

    expect(await uids()).toEqual(await uids());
  });

  test('names the file that is no list of objects', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'world-'));
    await cp(FOLDER, folder, { recursive: true });

    await writeFile(join(folder, 'pods.json'), '{"items":[{"kind":"Pod"}]}');
    await expect(loadWorldFolder(folder, { clock })).rejects.toThrow(
      `Cannot read "${join(folder, 'pods.json')}": expected a List of objects with kind and name`,
    );

    await rm(join(folder, 'pods.json'));
    await expect(loadWorldFolder(folder, { clock })).rejects.toMatchObject({ code: 'ENOENT' });
    await rm(folder, { recursive: true });
  });

  test('does not need roles', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'world-'));
    await cp(FOLDER, folder, { recursive: true });
    await rm(join(folder, 'rbac.json'));

    expect((await loadWorldFolder(folder, { clock })).others()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test('leaves a node that is not ready with a port on which nobody listens', async () => {
    const world = await loadWorldFolder(FOLDER, { clock });
    await using kubelets = createKubelets({
      world,
      clock,
      faults: new Faults({ clock }),
      servingCertificate: () => ({ certPem: '', keyPem: '' }),
      authorizeRequest: () => Promise.resolve({ status: 200, message: '' }),
    });

    await kubelets.start();

    const port = kubelets.port('delta');
    expect(port).toBeGreaterThan(0);
    expect(world.node('delta')?.object.status.daemonEndpoints?.kubeletEndpoint.Port).toBe(port);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
  });
});
