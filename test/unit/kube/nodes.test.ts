import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { NodeInformer, readNode } from '../../../src/kube/nodes.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { OpenClient } from '../../support/open-client.ts';
import { waitFor } from '../../support/wait-for.ts';

let client: OpenClient;
let nodes: NodeInformer;
let heard: string[];

beforeEach(() => {
  client = new OpenClient();
  heard = [];
  nodes = new NodeInformer({
    client,
    clock: systemClock,
    log: new LogRecorder(),
    random: () => 0,
    timing: { backoff: { minMs: 5, maxMs: 5 } },
  });
  nodes.subscribe({
    upserted: ({ name, ready }) => heard.push(`${name} ${ready ? 'ready' : 'not ready'}`),
    deleted: (name) => heard.push(`${name} deleted`),
  });
  nodes.start();
});

afterEach(async () => {
  await nodes[Symbol.asyncDispose]();
});

function aNode(name: string, ready = 'True', changes: object = {}): object {
  return {
    metadata: { name, resourceVersion: '1', labels: { zone: 'z1' } },
    status: {
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: ready },
      ],
      ...changes,
    },
  };
}

describe('readNode', () => {
  test('reads what is needed to scrape and to list a node', () => {
    const object = {
      metadata: {
        name: 'alpha',
        labels: { b: '2', a: '1' },
        annotations: { 'metrics.k8s.io/resource-metrics-path': '/metrics/custom' },
      },
      status: {
        addresses: [
          { type: 'Hostname', address: 'alpha' },
          { type: 'InternalIP', address: 'fd00::1' },
        ],
        conditions: [{ type: 'Ready', status: 'True' }],
        daemonEndpoints: { kubeletEndpoint: { Port: 10_255 } },
      },
    };

    const { labels, ...node } = readNode(object);

    expect(node).toEqual({
      name: 'alpha',
      addresses: [
        { type: 'Hostname', address: 'alpha' },
        { type: 'InternalIP', address: 'fd00::1' },
      ],
      kubeletPort: 10_255,
      ready: true,
      resourceMetricsPath: '/metrics/custom',
    });
    expect(labels.json).toBe('{"a":"1","b":"2"}');
  });

  test.each([
    { name: 'nothing', object: undefined },
    { name: 'a node without status', object: { metadata: { name: '' } } },
    {
      name: 'nonsense everywhere',
      object: { metadata: 7, status: { addresses: 'x', conditions: {} } },
    },
    {
      name: 'a port that is none, and a condition that is unknown',
      object: {
        status: {
          daemonEndpoints: { kubeletEndpoint: { Port: 99_999 } },
          conditions: [{ type: 'Ready', status: 'Unknown' }],
        },
      },
    },
  ])('takes $name for a node that says nothing', ({ object }) => {
    expect(readNode(object)).toMatchObject({
      name: '',
      addresses: [],
      kubeletPort: 0,
      ready: false,
      resourceMetricsPath: '',
    });
  });
});

describe('NodeInformer', () => {
  test('lists by name, and asks for every node', async () => {
    client.list(['ADDED', aNode('b')], ['ADDED', aNode('a-1')], ['ADDED', aNode('a')]);

    await nodes.whenSynced(AbortSignal.timeout(20_000));

    expect([...nodes.list()].map(({ name }) => name)).toEqual(['a', 'a-1', 'b']);
    expect([...nodes.list('a')].map(({ name }) => name)).toEqual(['a-1', 'b']);
    expect([...nodes.list('a-0')].map(({ name }) => name)).toEqual(['a-1', 'b']);
    expect([...nodes.list('b')]).toEqual([]);
    expect(nodes.get('b')?.labels.get('zone')).toBe('z1');
    expect(nodes.get('c')).toBeUndefined();
    expect(nodes.size).toBe(3);
    expect(client.requests[0]?.path).toMatch(/^\/api\/v1\/nodes\?/);
    expect(client.requests[0]?.path).not.toContain('Selector');
  });

  test('tells of nodes that come, change and go, and not of heartbeats', async () => {
    client.list(['ADDED', aNode('a')]);
    client.put(
      ['MODIFIED', aNode('a', 'True', { images: [{ sizeBytes: 5 }] })],
      ['MODIFIED', aNode('a', 'Unknown')],
      ['MODIFIED', aNode('a', 'True')],
      [
        'MODIFIED',
        aNode('a', 'True', { addresses: [{ type: 'InternalIP', address: '10.0.0.2' }] }),
      ],
      ['DELETED', aNode('a')],
      ['DELETED', aNode('never-seen')],
    );

    await waitFor(() => heard.includes('a deleted'));

    expect(heard).toEqual(['a ready', 'a not ready', 'a ready', 'a ready', 'a deleted']);
    expect([...nodes.list()]).toEqual([]);
  });

  test('tells of the nodes that a new list does not show', async () => {
    client.list(['ADDED', aNode('a')], ['ADDED', aNode('b')]);
    client.put(['ERROR', { code: 410, reason: 'Expired' }]);
    await waitFor(() => client.requests.length === 2);
    client.list(['ADDED', aNode('b')], ['ADDED', aNode('c')]);

    await waitFor(() => heard.length === 4);

    expect(heard).toEqual(['a ready', 'b ready', 'c ready', 'a deleted']);
  });

  test('is silent to who has unsubscribed, and keeps a list that is being read', async () => {
    const end = nodes.subscribe({
      upserted: () => heard.push('never'),
      deleted: () => heard.push('never'),
    });
    end();
    client.list(['ADDED', aNode('a')]);
    await nodes.whenSynced(AbortSignal.timeout(20_000));
    const list = nodes.list();

    client.put(['ADDED', aNode('b')]);
    await waitFor(() => nodes.size === 2);

    expect([...list].map(({ name }) => name)).toEqual(['a']);
    expect(heard).toEqual(['a ready', 'b ready']);
  });
});
