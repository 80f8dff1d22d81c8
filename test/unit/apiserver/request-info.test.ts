import { describe, expect, test } from '@jest/globals';
import {
  type RequestInfo,
  RequestInfoError,
  requestInfo,
} from '../../../src/apiserver/request-info.ts';

/** Without what is absent, so that a row of a table names everything that is there. */
function summary({ parts, ...info }: RequestInfo): object {
  const present = Object.entries(info).filter(
    ([key, value]) => value !== '' && key !== 'query' && key !== 'path',
  );
  return {
    ...Object.fromEntries(present),
    ...(parts.length > 0 ? { parts: parts.join(' ') } : {}),
  };
}

const GROUP = '/apis/metrics.k8s.io/v1beta1';
const metrics = { isResource: true, group: 'metrics.k8s.io', version: 'v1beta1' };

describe('requestInfo, non-resource requests', () => {
  test.each([
    ['GET', '/', '/', 'get'],
    ['GET', '/healthz', '/healthz', 'get'],
    ['POST', '/readyz?verbose', '/readyz', 'post'],
    ['OPTIONS', '*', '*', 'options'],
    ['GET', '/apis', '/apis', 'get'],
    ['GET', '/apis/', '/apis/', 'get'],
    ['GET', '/apis/metrics.k8s.io', '/apis/metrics.k8s.io', 'get'],
    ['GET', '/apis/metrics.k8s.io/v1beta1', '/apis/metrics.k8s.io/v1beta1', 'get'],
    ['GET', '/apis/metrics.k8s.io/v1beta1/', '/apis/metrics.k8s.io/v1beta1/', 'get'],
    ['GET', '/api/v1', '/api/v1', 'get'],
    ['GET', '/foo/bar/baz/qux', '/foo/bar/baz/qux', 'get'],
    ['GET', '/APIS/metrics.k8s.io/v1beta1/nodes', '/APIS/metrics.k8s.io/v1beta1/nodes', 'get'],
    ['GET', '/a%20b%2Fc%C3%BC', '/a b/cü', 'get'],
    ['GET', '/a+b', '/a+b', 'get'],
    ['GET', 'https://host:1/healthz?x', '/healthz', 'get'],
    [
      'GET',
      '/openapi/v3/apis/metrics.k8s.io/v1beta1',
      '/openapi/v3/apis/metrics.k8s.io/v1beta1',
      'get',
    ],
  ])('%s %s', (method, url, path, verb) => {
    const info = requestInfo(method, url);

    expect(summary(info)).toEqual({ isResource: false, verb });
    expect(info.path).toBe(path);
  });
});

describe('requestInfo, resource requests', () => {
  test.each([
    ['GET', '/nodes', { verb: 'list', resource: 'nodes', parts: 'nodes' }],
    ['GET', '/nodes/', { verb: 'list', resource: 'nodes', parts: 'nodes' }],
    ['HEAD', '/nodes', { verb: 'list', resource: 'nodes', parts: 'nodes' }],
    ['GET', '/nodes/n1', { verb: 'get', resource: 'nodes', name: 'n1', parts: 'nodes n1' }],
    [
      'GET',
      '/nodes/node%31',
      { verb: 'get', resource: 'nodes', name: 'node1', parts: 'nodes node1' },
    ],
    ['POST', '/nodes', { verb: 'create', resource: 'nodes', parts: 'nodes' }],
    ['PUT', '/nodes/n', { verb: 'update', resource: 'nodes', name: 'n', parts: 'nodes n' }],
    ['PATCH', '/nodes/n', { verb: 'patch', resource: 'nodes', name: 'n', parts: 'nodes n' }],
    ['DELETE', '/nodes/n', { verb: 'delete', resource: 'nodes', name: 'n', parts: 'nodes n' }],
    ['DELETE', '/nodes', { verb: 'deletecollection', resource: 'nodes', parts: 'nodes' }],
    ['OPTIONS', '/nodes', { resource: 'nodes', parts: 'nodes' }],
    ['get', '/nodes', { resource: 'nodes', parts: 'nodes' }],
    [
      'GET',
      '/nodes/n/status',
      { verb: 'get', resource: 'nodes', name: 'n', subresource: 'status', parts: 'nodes n status' },
    ],
    [
      'GET',
      '/nodes/n/a/b',
      { verb: 'get', resource: 'nodes', name: 'n', subresource: 'a', parts: 'nodes n a b' },
    ],
    [
      'GET',
      '/namespaces/team-a/pods',
      { verb: 'list', namespace: 'team-a', resource: 'pods', parts: 'pods' },
    ],
    [
      'GET',
      '/namespaces/team-a/pods/web-0',
      { verb: 'get', namespace: 'team-a', resource: 'pods', name: 'web-0', parts: 'pods web-0' },
    ],
    ['GET', '/namespaces', { verb: 'list', resource: 'namespaces', parts: 'namespaces' }],
    [
      'GET',
      '/namespaces/x',
      { verb: 'get', namespace: 'x', resource: 'namespaces', name: 'x', parts: 'namespaces x' },
    ],
    [
      'GET',
      '/namespaces/x/status',
      {
        verb: 'get',
        namespace: 'x',
        resource: 'namespaces',
        name: 'x',
        subresource: 'status',
        parts: 'namespaces x status',
      },
    ],
    ['GET', '/watch/nodes', { verb: 'watch', resource: 'nodes', parts: 'nodes' }],
    ['GET', '/watch/nodes/n', { verb: 'watch', resource: 'nodes', name: 'n', parts: 'nodes n' }],
    ['GET', '/watch/nodes?labelSelector=a', { verb: 'watch', resource: 'nodes', parts: 'nodes' }],
    [
      'GET',
      '/proxy/nodes/n/a',
      { verb: 'proxy', resource: 'nodes', name: 'n', parts: 'nodes n a' },
    ],
    ['GET', '//nodes', { verb: 'list', parts: ' nodes', name: 'nodes' }],
  ])('%s %s', (method, url, expected) => {
    const { verb, ...rest } = { verb: '', ...expected };
    const wanted =
      url === '//nodes' ? { verb: 'get', ...rest } : { ...(verb && { verb }), ...rest };

    expect(summary(requestInfo(method, GROUP + url))).toEqual({ ...metrics, ...wanted });
  });

  test('the core group has no name', () => {
    expect(summary(requestInfo('GET', '/api/v1/nodes'))).toEqual({
      isResource: true,
      version: 'v1',
      verb: 'list',
      resource: 'nodes',
      parts: 'nodes',
    });
  });
});

describe('requestInfo, list options', () => {
  const nodes = { ...metrics, verb: 'list', resource: 'nodes', parts: 'nodes' };

  test.each([
    ['watch', 'watch'],
    ['watch=', 'watch'],
    ['watch=true', 'watch'],
    ['watch=1', 'watch'],
    ['watch=no', 'watch'],
    ['watch=false', 'list'],
    ['watch=FALSE', 'list'],
    ['watch=0', 'list'],
    ['watch=0&watch=1', 'list'],
    ['watch=1&limit=abc', 'watch'],
    ['watch=%zz', 'list'],
    ['Watch=1', 'list'],
  ])('?%s is a %s', (query, verb) => {
    expect(requestInfo('GET', `${GROUP}/nodes?${query}`).verb).toBe(verb);
  });

  test.each([
    ['metadata.name=web-1', 'web-1'],
    ['metadata.name==web-1', 'web-1'],
    ['metadata.name%3Dweb-1,metadata.namespace=x', 'web-1'],
    ['spec.foo=x,metadata.name=web-1', 'web-1'],
    ['metadata.name!=web-1', ''],
    ['metadata.name=', ''],
    ['metadata.name=.', ''],
    ['metadata.name=..', ''],
    ['metadata.name=a/b', ''],
    ['metadata.name=a%2525', ''],
    ['metadata.name', ''],
    ['metadata.name=a=b', ''],
    ['metadata.name=web-1&limit=5', 'web-1'],
    ['metadata.name=web-1&limit=-9223372036854775808', 'web-1'],
    ['metadata.name=web-1&limit=0000000000000000000000007', 'web-1'],
    ['metadata.name=web-1&limit=9223372036854775808', ''],
    ['metadata.name=web-1&limit=', ''],
    ['metadata.name=web-1&limit=1.5', ''],
    ['metadata.name=web-1&timeoutSeconds=abc', ''],
    ['metadata.name=web-1&labelSelector=a+b', ''],
    ['metadata.name=web-1&labelSelector=a%3Db', 'web-1'],
  ])('?fieldSelector=%s gives the list the name "%s"', (selector, name) => {
    expect(requestInfo('GET', `${GROUP}/nodes?fieldSelector=${selector}`).name).toBe(name);
  });

  test('remembers the first selectors of a list as they are, readable or not', () => {
    const query = 'labelSelector=a+in+%28b&labelSelector=c&fieldSelector=metadata.name%3Da%3Db';

    expect(summary(requestInfo('GET', `${GROUP}/nodes?${query}`))).toEqual({
      ...nodes,
      labelSelector: 'a in (b',
      fieldSelector: 'metadata.name=a=b',
    });
  });

  test('forgets the selectors of a get and keeps those of a deletecollection', () => {
    const query = '?labelSelector=a';

    expect(requestInfo('GET', `${GROUP}/nodes/n${query}`).labelSelector).toBe('');
    expect(requestInfo('DELETE', `${GROUP}/nodes${query}`).labelSelector).toBe('a');
  });

  test('drops pairs that cannot be decoded', () => {
    const { labelSelector, query } = requestInfo(
      'GET',
      `${GROUP}/nodes?labelSelector=%zz&a;b=1&%=2&limit=%35&n=%ff+x&labelSelector=c&&=v`,
    );

    expect(labelSelector).toBe('c');
    expect(query.get('limit')).toBe('5');
    expect(query.get('n')).toBe('\udcff x');
    expect(query.get('')).toBe('v');
    expect(query.has('a')).toBe(false);
    expect(query.has('constructor')).toBe(false);
  });
});

describe('requestInfo, refusals', () => {
  test.each(['/watch', '/proxy', '/watch/'])('%s with nothing after it is an error', (url) => {
    expect(() => requestInfo('GET', GROUP + url)).toThrow(
      new RequestInfoError(
        500,
        `failed to create RequestInfo: unable to determine kind and namespace from url, ${GROUP}${url}`,
      ),
    );
  });

  test.each(['/%', '/apis/%zz', '/a%2'])('%s is no URL', (url) => {
    expect(() => requestInfo('GET', url)).toThrow(expect.objectContaining({ code: 400 }));
  });

  test('is not slow for long rows of slashes', () => {
    const startMs = performance.now();

    requestInfo('GET', `/${'/'.repeat(500_000)}x${'/'.repeat(500_000)}x`);

    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});
