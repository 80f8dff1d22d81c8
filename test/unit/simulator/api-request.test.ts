import { describe, expect, test } from '@jest/globals';
import { parseApiRequest } from '../../../src/simulator/api-request.ts';

describe('parseApiRequest', () => {
  test.each([
    ['GET', '/api/v1/nodes', { verb: 'list', group: '', version: 'v1', resource: 'nodes' }],
    ['GET', '/api/v1/nodes/n1', { verb: 'get', resource: 'nodes', name: 'n1' }],
    ['GET', '/api/v1/nodes?watch=true', { verb: 'watch', resource: 'nodes' }],
    ['GET', '/api/v1/nodes?watch=0', { verb: 'list', resource: 'nodes' }],
    ['GET', '/api/v1/namespaces/a/pods', { verb: 'list', namespace: 'a', resource: 'pods' }],
    [
      'GET',
      '/api/v1/namespaces/a/pods/p/log',
      { verb: 'get', namespace: 'a', resource: 'pods', name: 'p', subresource: 'log' },
    ],
    ['GET', '/api/v1/namespaces/a', { resource: 'namespaces', name: 'a', namespace: 'a' }],
    [
      'GET',
      '/api/v1/namespaces/a/status',
      { resource: 'namespaces', name: 'a', namespace: 'a', subresource: 'status' },
    ],
    [
      'GET',
      '/api/v1/namespaces/k/configmaps?fieldSelector=metadata.name%3Dx&watch=1',
      { verb: 'watch', resource: 'configmaps', name: 'x' },
    ],
    [
      'POST',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s',
      { verb: 'create', group: 'authorization.k8s.io', resource: 'subjectaccessreviews' },
    ],
    ['DELETE', '/api/v1/nodes', { verb: 'deletecollection', resource: 'nodes' }],
    ['PURGE', '/api/v1/nodes', { verb: '', resource: 'nodes' }],
    ['GET', '/apis/metrics.k8s.io/v1beta1', { isResource: false, verb: 'get' }],
    ['GET', '/api/v1', { isResource: false, path: '/api/v1' }],
    ['GET', '/healthz?verbose', { isResource: false, path: '/healthz' }],
    ['GET', '/api/v1/nodes/a%20b', { name: 'a b' }],
  ])('reads %s %s', (method, url, expected) => {
    expect(parseApiRequest(method, url)).toMatchObject(expected);
  });

  test('refuses a path that cannot be decoded', () => {
    expect(() => parseApiRequest('GET', '/api/%zz')).toThrow('Cannot decode the path');
  });
});
