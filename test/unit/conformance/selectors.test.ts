import { describe, expect, test } from '@jest/globals';
import { hasSelectors, isSelected } from '../../conformance/selectors.ts';
import { resourcePathOf } from '../../conformance/side.ts';

const POD = {
  namespace: 'team-a',
  name: 'idle',
  labels: new Map([
    ['app', 'idle'],
    ['n', '5'],
  ]),
};
const API = '/apis/metrics.k8s.io/v1beta1';

describe('resourcePathOf', () => {
  test.each([
    ['/pods', 'pods', '', ''],
    ['/pods/', 'pods', '', ''],
    ['/namespaces/a/pods', 'pods', 'a', ''],
    ['/namespaces//pods', 'pods', '', ''],
    ['/namespaces/a/pods/b?x=1', 'pods', 'a', 'b'],
    ['/nodes', 'nodes', '', ''],
    ['/n%6fdes', 'nodes', '', ''],
    ['/nodes/n?pretty', 'nodes', '', 'n'],
  ])('%s', (path, resource, namespace, name) => {
    expect(resourcePathOf(`${API}${path}`)).toMatchObject({ resource, namespace, name });
  });

  test.each(['/', '/namespaces/a', '/namespaces/a/pods/b/status', '/services', '/watch/pods'])(
    '%s is no read of a resource',
    (path) => {
      expect(resourcePathOf(`${API}${path}`)).toBeUndefined();
    },
  );

  test('takes the first value of each parameter, and none that is malformed', () => {
    const { query } = resourcePathOf(`${API}/pods?a=1&a=2&b=%zz&c=x%3Dy+z&d`) ?? {};

    expect([...(query ?? [])]).toEqual([
      ['a', '1'],
      ['c', 'x=y z'],
      ['d', ''],
    ]);
  });
});

describe('isSelected', () => {
  test.each([
    ['/pods', true],
    ['/namespaces/team-a/pods', true],
    ['/namespaces/team-b/pods', false],
    ['/pods?labelSelector=app%3Didle', true],
    ['/pods?labelSelector=app%00%3Dother', true],
    ['/pods?fieldSelector=%3D', true],
    ['/pods?fieldSelector=!%3D,metadata.name%3Dother', false],
    ['/pods?labelSelector=app%3D%3Dother', false],
    ['/pods?labelSelector=app!%3Dother,n', true],
    ['/pods?labelSelector=app%20in%20(x,idle)', true],
    ['/pods?labelSelector=app%20notin%20(x,%20idle)', false],
    ['/pods?labelSelector=other%20notin%20(x)', true],
    ['/pods?labelSelector=!other', true],
    ['/pods?labelSelector=!app', false],
    ['/pods?labelSelector=other', false],
    ['/pods?labelSelector=n%3E4', true],
    ['/pods?labelSelector=n%3C5', false],
    ['/pods?labelSelector=app%3E4', false],
    ['/pods?fieldSelector=metadata.name%3Didle', true],
    ['/pods?fieldSelector=metadata.name!%3Didle', false],
    ['/pods?fieldSelector=metadata.name!%3Dx,metadata.namespace%3D%3Dteam-a', true],
    ['/pods?fieldSelector=metadata.namespace%3Dteam-b', false],
  ])('%s: %s', (path, expected) => {
    const asked = resourcePathOf(`${API}${path}`);

    expect(asked && isSelected(asked, POD)).toBe(expected);
  });
});

describe('hasSelectors', () => {
  test.each([
    ['', false],
    ['?labelSelector=&fieldSelector=', false],
    ['?labelSelector=%20&fieldSelector=,%3D%3D', false],
    ['?labelSelector=app', true],
    ['?fieldSelector=metadata.name%3D', true],
  ])('of %j: %j', (query, has) => {
    const asked = resourcePathOf(`${API}/pods${query}`);

    expect(asked && hasSelectors(asked)).toBe(has);
  });
});
