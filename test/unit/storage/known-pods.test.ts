import { describe, expect, test } from '@jest/globals';
import { NodeBlock } from '../../../src/model/node-block.ts';
import { KnownPods } from '../../../src/storage/known-pods.ts';
import { NodeRecord, PodEntry } from '../../../src/storage/node-record.ts';

interface Pod {
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly hash: number;
}

const node = new NodeRecord({ changes: 0 });

function entryOf({ namespace = 'shop', name, uid = `uid of ${name}`, hash }: Pod): PodEntry {
  const entry = new PodEntry(namespace, name, uid, node);
  entry.hash = hash;
  return entry;
}

/** What is found for each of these pods among those. */
function found(pods: readonly Pod[], among: readonly PodEntry[], known = new KnownPods()) {
  const block = new NodeBlock();
  for (const { namespace = 'shop', name, uid = `uid of ${name}`, hash } of pods) {
    block.addPod(namespace, name, uid, hash);
  }
  known.open(among);
  return pods.map((_, row) => known.find(block, row));
}

function podsWith(count: number, hashOf: (at: number) => number): Pod[] {
  return Array.from({ length: count }, (_, at) => ({ name: `pod-${at}`, hash: hashOf(at) }));
}

describe('KnownPods', () => {
  test.each([
    { hashes: 'far apart', hashOf: (at: number) => Math.imul(at, 0x9e3779b1) },
    { hashes: 'negative', hashOf: (at: number) => -1 - at },
    { hashes: 'equal in pairs', hashOf: (at: number) => Math.imul(at >> 1, 0x9e3779b1) },
  ])('finds every one of 500 pods in another order: hashes $hashes', ({ hashOf }) => {
    const pods = podsWith(500, hashOf);
    const entries = pods.map(entryOf);

    expect(found(pods.toReversed(), entries)).toEqual(entries.toReversed());
  });

  test('finds none, or the right one, where all hashes are equal', () => {
    const pods = podsWith(100, () => 7);
    const entries = pods.map(entryOf);

    const results = found(pods, entries);

    expect(results.every((entry, at) => entry === undefined || entry === entries[at])).toBe(true);
    expect(results.filter((entry) => entry !== undefined)).toHaveLength(16);
  });

  test.each([
    { otherwise: 'another name', pod: { name: 'other', uid: 'uid of web', hash: 1 } },
    { otherwise: 'another namespace', pod: { namespace: 'other', name: 'web', hash: 1 } },
    { otherwise: 'another uid', pod: { name: 'web', uid: 'other', hash: 1 } },
    { otherwise: 'another hash', pod: { name: 'web', hash: 2 } },
  ])('does not take a pod for one with $otherwise', ({ pod }) => {
    expect(found([pod], [entryOf({ name: 'web', hash: 1 })])).toEqual([undefined]);
  });

  test('forgets the pods of the node before', () => {
    const known = new KnownPods();
    const pods = podsWith(100, (at) => at);

    found(pods, pods.map(entryOf), known);

    expect(found(pods, [], known).every((entry) => entry === undefined)).toBe(true);
  });
});
