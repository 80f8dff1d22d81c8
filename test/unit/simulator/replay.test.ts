import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { addReplay, readCaptures } from '../../../src/simulator/replay.ts';
import type { Capture } from '../../../src/simulator/replay.ts';
import { aHeldClock, aWorld } from '../../support/a-world.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/simulator');

const fixture = (...names: string[]) => readCaptures(names.map((name) => join(FIXTURES, name)));

function capture(value: unknown, name = 'capture.json'): Capture {
  return { name, bytes: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) };
}

const question = { onlyCpuAndMemory: true };

describe('addReplay', () => {
  test('gives captures one after the other, byte by byte, and then the last one again', async () => {
    const captures = await fixture('real-summary-cpumem.json', 'real-summary-full.json');
    const { pages } = addReplay(aWorld([]), captures);

    const bodies = [1, 2, 3].map(() => pages?.summary(question));

    expect(bodies).toEqual([captures[0]?.bytes, captures[1]?.bytes, captures[1]?.bytes]);
    expect(pages?.resource()).toBeUndefined();
  });

  test('puts the node and the pods of all captures into the world, with the uids of the kubelet', async () => {
    const world = aWorld([]);

    const node = addReplay(
      world,
      await fixture('real-summary-cpumem.json', 'real-summary-full-young.json'),
    );

    expect(node.name).toBe('node-a');
    expect(node.object.status.capacity?.['memory']).toBe('24684096Ki');
    expect(
      world.pods().map(({ namespace, name, nodeName, kubeletUid, object }) => ({
        pod: `${namespace}/${name}`,
        nodeName,
        kubeletUid,
        sameUid: object.metadata.uid === kubeletUid,
        mirror: object.metadata.annotations?.['kubernetes.io/config.mirror'],
        containers: object.spec.containers.map((container) => container.name).sort(),
      })),
    ).toEqual([
      {
        pod: 'lab/static-node-a',
        nodeName: 'node-a',
        kubeletUid: '2b1575358db1214a658550c9ef4f8707',
        sameUid: false,
        mirror: '2b1575358db1214a658550c9ef4f8707',
        containers: ['burn'],
      },
      {
        pod: 'lab/two',
        nodeName: 'node-a',
        kubeletUid: '08dbee9d-0529-44bc-bb62-7770ba1c6229',
        sameUid: true,
        mirror: undefined,
        containers: ['burn', 'idle'],
      },
      {
        pod: 'lab/crash',
        nodeName: 'node-a',
        kubeletUid: '529aaca1-c631-450f-95a8-fbc4c5778fb5',
        sameUid: true,
        mirror: undefined,
        containers: ['crash'],
      },
    ]);
    expect(world.namespaces().map(({ metadata }) => metadata.name)).toEqual(['lab']);
  });

  test('takes a resource page too, whose pods get uids of their own', async () => {
    const world = aWorld([]);

    const { name, pages } = addReplay(world, await fixture('real-resource.txt'));

    expect(name).toBe('replay');
    expect(pages?.summary(question)).toBeUndefined();
    expect(String(pages?.resource())).toContain('node_cpu_usage_seconds_total 2868.563004335');
    expect(
      world
        .pods()
        .map((pod) => pod.name)
        .sort(),
    ).toEqual(['static-node-a', 'two']);
    expect(world.pod('lab', 'two')?.object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('bears what captures lack: node, names, uids, containers, start times', () => {
    const world = aWorld([]);

    addReplay(world, [
      capture({
        node: null,
        pods: [
          { podRef: { name: 'bare', namespace: 'x' }, startTime: null, containers: null },
          { podRef: { name: 'nameless' } },
          {},
        ],
      }),
    ]);

    expect(world.pods().map(({ object }) => object)).toEqual([
      expect.objectContaining({
        spec: { nodeName: 'replay', containers: [{ name: 'unknown' }] },
        status: {
          phase: 'Running',
          startTime: '2026-11-21T12:00:00Z',
          conditions: [
            { type: 'Ready', status: 'True', lastTransitionTime: '2026-11-21T12:00:00Z' },
          ],
          containerStatuses: [
            {
              name: 'unknown',
              ready: true,
              restartCount: 0,
              state: { running: { startedAt: '2026-11-21T12:00:00Z' } },
            },
          ],
        },
      }),
    ]);
  });

  test('takes the last uid of a pod that was replaced between two captures', () => {
    const world = aWorld([]);
    const withUid = (uid: string) =>
      capture({
        node: { nodeName: 'Node_1' },
        pods: [{ podRef: { name: 'a', namespace: 'x', uid } }],
      });

    const { name } = addReplay(world, [withUid('first'), withUid('second')]);

    expect(world.pod('x', 'a')?.object.metadata.uid).toBe('second');
    expect(name).toBe('node-1-replay');
  });

  test.each([
    {
      name: 'broken JSON',
      given: [capture('{"pods": [')],
      message: 'Cannot replay "capture.json": it is not whole JSON',
    },
    {
      name: 'another JSON',
      given: [capture({ items: [] })],
      message: 'expected a summary, with a member "pods"',
    },
    {
      name: 'another text',
      given: [capture('hello')],
      message: 'expected a summary (JSON) or a page',
    },
    { name: 'nothing', given: [], message: 'Cannot replay: there is no capture' },
  ])('refuses $name', ({ given, message }) => {
    expect(() => addReplay(aWorld([], aHeldClock()), given)).toThrow(message);
  });
});
