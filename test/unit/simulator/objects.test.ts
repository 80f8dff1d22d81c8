import { describe, expect, test } from '@jest/globals';
import { ObjectStore, type ObjectEvent } from '../../../src/simulator/objects.ts';
import { NODES, PODS } from '../../../src/simulator/resource-type.ts';

const CLOCK = { nowMs: () => Date.UTC(2026, 10, 21), monotonicMs: () => 0 };

function aStore(historyEvents = 100): ObjectStore {
  return new ObjectStore({ clock: CLOCK, historyEvents });
}

function aPod(name: string, namespace = 'shop', labels: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels } };
}

describe('ObjectStore', () => {
  test('gives an object its uid, birth and revision, and keeps the first two', () => {
    const store = aStore();

    const created = store.put(PODS, aPod('web-0'));
    const changed = store.put(PODS, aPod('web-0', 'shop', { a: 'b' }));

    expect(created.metadata).toMatchObject({
      creationTimestamp: '2026-11-21T00:00:00Z',
      resourceVersion: '2',
    });
    expect(changed.metadata).toEqual({
      ...created.metadata,
      labels: { a: 'b' },
      resourceVersion: '3',
    });
  });

  test('keeps the uid and birth that an object brings along', () => {
    const metadata = { name: 'n', uid: 'u-1', creationTimestamp: '2020-01-01T00:00:00Z' };

    const created = aStore().put(NODES, { apiVersion: 'v1', kind: 'Node', metadata });

    expect(created.metadata).toEqual({ ...metadata, resourceVersion: '2' });
  });

  test('lists in the order of namespace and name, at the revision of now', () => {
    const store = aStore();
    for (const name of ['b', 'a']) store.put(PODS, aPod(name, 'two'));
    store.put(PODS, aPod('z', 'one'));
    store.put(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });

    const { revision, objects } = store.snapshot(PODS);

    expect(revision).toBe(5);
    expect(objects.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`)).toEqual([
      'one/z',
      'two/a',
      'two/b',
    ]);
  });

  test('tells every change with what was there before', () => {
    const store = aStore();
    const events: ObjectEvent[] = [];
    const stop = store.subscribe(PODS, (event) => events.push(event));

    store.put(PODS, aPod('web-0'));
    store.put(PODS, aPod('web-0', 'shop', { a: 'b' }));
    store.delete(PODS, 'shop', 'web-0');
    stop();
    store.put(PODS, aPod('web-1'));

    expect(events.map(({ type, revision }) => [type, revision])).toEqual([
      ['ADDED', 2],
      ['MODIFIED', 3],
      ['DELETED', 4],
    ]);
    expect(events.map(({ previous }) => previous?.metadata.resourceVersion)).toEqual([
      undefined,
      '2',
      '3',
    ]);
    expect(events[2]?.object.metadata.resourceVersion).toBe('4');
  });

  test('says that there was nothing to delete', () => {
    expect(aStore().delete(PODS, 'shop', 'web-0')).toBe(false);
  });

  test('remembers the changes after a revision', () => {
    const store = aStore();
    store.put(PODS, aPod('a'));
    store.put(PODS, aPod('b'));

    expect(store.eventsSince(PODS, 2)?.map(({ object }) => object.metadata.name)).toEqual(['b']);
    expect(store.eventsSince(PODS, 3)).toEqual([]);
  });

  test('forgets the oldest changes of a type beyond its bound, and says so', () => {
    const store = aStore(2);
    for (const name of ['a', 'b', 'c', 'd']) store.put(PODS, aPod(name));

    expect(store.eventsSince(PODS, 2)).toBeUndefined();
    expect(store.eventsSince(PODS, 3)?.map(({ object }) => object.metadata.name)).toEqual([
      'c',
      'd',
    ]);
  });

  test('lets a watch go on from the list that follows a compaction', () => {
    const store = aStore();
    store.put(PODS, aPod('a'));
    store.put(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });

    store.compact();

    expect(store.eventsSince(PODS, 2)).toBeUndefined();
    expect(store.eventsSince(PODS, store.snapshot(PODS).revision)).toEqual([]);
  });

  test('keeps the state of a list for its later pages, until a compaction', () => {
    const store = aStore();
    store.put(PODS, aPod('a'));
    const { revision } = store.keepSnapshot(PODS);

    store.delete(PODS, 'shop', 'a');

    expect(store.keptSnapshot(PODS, revision)?.objects).toHaveLength(1);
    store.compact();
    expect(store.keptSnapshot(PODS, revision)).toBeUndefined();
  });
});
