import { describe, expect, test } from '@jest/globals';
import {
  partialDocument,
  partialEvent,
  partialList,
} from '../../../src/simulator/partial-protobuf.ts';
import { decodeDocument } from '../../support/kubernetes-protobuf.ts';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'a',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '5',
    creationTimestamp: '2026-10-01T00:00:00Z',
    labels: { b: '2', a: '1' },
    annotations: { note: 'é' },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'o', controller: true },
    ],
  },
};

describe('partialDocument', () => {
  test('is what another implementation reads and would write', () => {
    const bytes = partialDocument(POD, 'v1');
    const { apiVersion, kind, value, encoded } = decodeDocument(bytes);

    expect([apiVersion, kind]).toEqual(['meta.k8s.io/v1', 'PartialObjectMetadata']);
    expect(value).toMatchObject({
      metadata: {
        name: 'a',
        namespace: 'default',
        uid: 'u',
        resourceVersion: '5',
        labels: { a: '1', b: '2' },
        annotations: { note: 'é' },
      },
    });
    expect(encoded.length).toBeLessThanOrEqual(bytes.length);
  });
});

describe('partialList', () => {
  test('holds the items and where the next page starts', () => {
    const metadata = { resourceVersion: '9', continue: 'abc', remainingItemCount: 1 };
    const { kind, value } = decodeDocument(partialList([POD, POD], metadata, 'v1'));

    expect(kind).toBe('PartialObjectMetadataList');
    expect(value).toMatchObject({ metadata, items: [{}, { metadata: { uid: 'u' } }] });
  });
});

describe('partialEvent', () => {
  test.each([
    { name: 'an object', object: POD, kind: 'PartialObjectMetadata' },
    {
      name: 'a bookmark',
      object: { kind: 'Pod', metadata: { resourceVersion: '5', creationTimestamp: null } } as never,
      kind: 'PartialObjectMetadata',
    },
    { name: 'an error', object: { kind: 'Status' as const, code: 410 }, kind: 'Status' },
  ])('frames $name', ({ object, kind }) => {
    const frame = partialEvent('ADDED', object, 'v1');
    const begin = frame.indexOf('k8s\0', 0, 'latin1');

    expect(frame.readUInt32BE()).toBe(frame.length - 4);
    expect(decodeDocument(frame.subarray(begin)).kind).toBe(kind);
  });
});
