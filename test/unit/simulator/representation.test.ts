import { describe, expect, test } from '@jest/globals';
import { chooseRepresentation, toDocument, toItem } from '../../../src/simulator/representation.ts';

describe('chooseRepresentation', () => {
  test.each([
    [undefined, { as: 'object' }],
    ['*/*', { as: 'object' }],
    ['application/vnd.kubernetes.protobuf,application/json', { as: 'object' }],
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      { as: 'table', version: 'v1' },
    ],
    [
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
      { as: 'partial', version: 'v1', protobuf: true },
    ],
    [
      'application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      { as: 'partial', version: 'v1' },
    ],
    ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', { as: 'object' }],
    [
      'application/json;q=0.5,application/json;as=Table;v=v1;g=meta.k8s.io',
      { as: 'table', version: 'v1' },
    ],
  ])('reads %s', (accept, expected) => {
    expect(chooseRepresentation(accept)).toEqual(expected);
  });

  test('refuses what it cannot write', () => {
    expect(() => chooseRepresentation('application/yaml')).toThrow(/application\/json/);
  });
});

describe('toDocument and toItem', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { nodeName: 'n' } };

  test('write the kind of an object, but not of an item in a typed list', () => {
    expect(JSON.stringify(toDocument(pod, { as: 'object' }))).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"nodeName":"n"}}',
    );
    expect(JSON.stringify(toItem(pod, { as: 'object' }))).toBe(
      '{"metadata":{"name":"a"},"spec":{"nodeName":"n"}}',
    );
  });

  test('write metadata only, with its own kind even in a list', () => {
    expect(toItem(pod, { as: 'partial', version: 'v1' })).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { name: 'a' },
    });
  });
});
