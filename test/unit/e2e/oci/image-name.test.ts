import { describe, expect, test } from '@jest/globals';
import { fullName, tagOf } from '../../../e2e/oci/image-name.ts';

describe('fullName', () => {
  test.each([
    ['metrics-server', 'docker.io/library/metrics-server:latest'],
    ['metrics-server:0.1.0', 'docker.io/library/metrics-server:0.1.0'],
    ['somebody/metrics-server:0.1.0', 'docker.io/somebody/metrics-server:0.1.0'],
    ['docker.io/library/busybox:1', 'docker.io/library/busybox:1'],
    ['registry.example/a/b:v1.2', 'registry.example/a/b:v1.2'],
    ['localhost/busybox', 'localhost/busybox:latest'],
    ['registry:5000/busybox', 'registry:5000/busybox:latest'],
    ['registry:5000/busybox:1', 'registry:5000/busybox:1'],
  ])('%s is %s', (name, full) => {
    expect(fullName(name)).toBe(full);
  });

  test.each([
    ['', 'Cannot name an image "": expected REGISTRY/NAME:TAG'],
    ['a@sha256:00', 'Cannot name an image "a@sha256:00": expected REGISTRY/NAME:TAG'],
    ['a b', 'Cannot name an image "a b": expected REGISTRY/NAME:TAG'],
  ])('refuses "%s"', (name, message) => {
    expect(() => fullName(name)).toThrow(message);
  });
});

describe('tagOf', () => {
  test('is not the port of the registry', () => {
    expect(tagOf(fullName('registry:5000/busybox'))).toBe('latest');
  });
});
