import { describe, expect, test } from '@jest/globals';
import {
  alwaysAllowGroups,
  alwaysAllowPaths,
} from '../../../../src/apiserver/authorization/always-allow.ts';
import { requestInfo } from '../../../../src/apiserver/request-info.ts';

const user = (...groups: string[]) => ({ name: 'u', uid: '', groups, extra: new Map() });
const get = (url: string, method = 'GET') => ({
  user: user(),
  request: requestInfo(method, url),
});

describe('alwaysAllowPaths', () => {
  const defaults = alwaysAllowPaths(['/healthz', '/readyz', '/livez']);

  test.each([
    ['GET', '/healthz', true],
    ['POST', '/readyz?verbose', true],
    ['GET', '/livez', true],
    ['GET', '/healthz/', false],
    ['GET', '/readyz/ping', false],
    ['GET', '/HEALTHZ', false],
    ['GET', '//healthz', false],
    ['GET', '/', false],
    ['GET', '/metrics', false],
    ['GET', '/%68ealthz', true],
  ])('%s %s: %s', (method, url, allowed) => {
    expect(defaults(get(url, method))).toBe(allowed);
  });

  test.each([
    ['metrics', '/metrics', true],
    ['/', '/', true],
    ['/', '/x', false],
    ['*', '/anything/at/all', true],
    ['/openapi/*', '/openapi/v2', true],
    ['/openapi/*', '/openapi', false],
    ['/openapi*', '/openapi', true],
    ['', '/', true],
  ])('"%s" covers %s: %s', (path, url, allowed) => {
    expect(alwaysAllowPaths([path])(get(url))).toBe(allowed);
  });

  test('never covers resources', () => {
    expect(alwaysAllowPaths(['*'])(get('/apis/metrics.k8s.io/v1beta1/nodes'))).toBe(false);
  });

  test.each(['/a*b', '*a', '/a/*/b*'])('refuses "%s"', (path) => {
    expect(() => alwaysAllowPaths([path])).toThrow(
      new RangeError(`only trailing * allowed in "${path.slice(path.startsWith('/') ? 1 : 0)}"`),
    );
  });
});

describe('alwaysAllowGroups', () => {
  test('lets members pass, whatever they want', () => {
    const masters = alwaysAllowGroups(['system:masters']);
    const request = requestInfo('DELETE', '/apis/metrics.k8s.io/v1beta1/nodes');

    expect(masters({ user: user('a', 'system:masters'), request })).toBe(true);
    expect(masters({ user: user('system:Masters', 'system:masters '), request })).toBe(false);
    expect(alwaysAllowGroups([])({ user: user('system:masters'), request })).toBe(false);
  });
});
