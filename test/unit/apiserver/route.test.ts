import { describe, expect, test } from '@jest/globals';
import type { ApiGroup } from '../../../src/apiserver/api-group.ts';
import { requestInfo } from '../../../src/apiserver/request-info.ts';
import { routeOf } from '../../../src/apiserver/route.ts';
import { fruitsGroup } from '../../support/fruits.ts';

const fruits: ApiGroup = fruitsGroup([]);
const root = '/apis/fruits.example.com/v1';

function summary(path: string): string {
  const route = routeOf(requestInfo('GET', path), [fruits]);
  if (route.kind === 'health') return `health ${route.endpoint} ${route.check ?? '-'}`;
  if (route.kind !== 'resource') return route.kind;
  const { resource, namespace = '-', name = '-', subresource = '-' } = route.target;
  return `${resource.name} ${namespace} ${name} ${subresource}`;
}

describe('routeOf', () => {
  test.each([
    { path: '/apis', route: 'groups' },
    { path: '/apis/', route: 'groups' },
    { path: '/apis//', route: 'no-such-path' },
    { path: '/version', route: 'server-version' },
    { path: '/version/', route: 'server-version' },
    { path: '/version/x', route: 'no-such-resource' },
    { path: '/versions', route: 'no-such-path' },
    { path: '/apis/fruits.example.com', route: 'group' },
    { path: '/apis/fruits.example.com/', route: 'group' },
    { path: '/apis/fruits.example.community', route: 'no-such-path' },
    { path: root, route: 'version' },
    { path: `${root}/`, route: 'version' },
    { path: '/apis/fruits.example.com/v2', route: 'no-such-resource' },
    { path: '/apis/fruits.example.com/v2/trees', route: 'no-such-resource' },
    { path: `${root}/trees`, route: 'trees - - -' },
    { path: `${root}/trees/`, route: 'trees - - -' },
    { path: `${root}/tree%73`, route: 'trees - - -' },
    { path: `${root}/trees?fieldSelector=metadata.name%3Doak`, route: 'trees - - -' },
    { path: `${root}/trees/oak`, route: 'trees - oak -' },
    { path: `${root}/trees/o%61k/`, route: 'trees - oak -' },
    { path: `${root}/trees/oak/weight`, route: 'no-such-resource' },
    { path: `${root}/trees/a%2Fb`, route: 'no-such-resource' },
    { path: `${root}/trees/../trees`, route: 'no-such-resource' },
    { path: `${root}/TREES`, route: 'no-such-resource' },
    { path: `${root}//trees`, route: 'no-such-resource' },
    { path: `${root}/watch/trees`, route: 'no-such-resource' },
    { path: `${root}/watch/namespaces/a/apples/x`, route: 'no-such-resource' },
    { path: `${root}/proxy/trees/oak`, route: 'no-such-resource' },
    { path: `${root}/namespaces`, route: 'no-such-resource' },
    { path: `${root}/namespaces/a`, route: 'no-such-resource' },
    { path: `${root}/namespaces/a/trees`, route: 'no-such-resource' },
    { path: `${root}/namespaces/a/trees/oak`, route: 'no-such-resource' },
    { path: `${root}/apples`, route: 'apples - - -' },
    { path: `${root}/apples/red`, route: 'no-such-resource' },
    { path: `${root}/namespaces/a/apples`, route: 'apples a - -' },
    { path: `${root}/namespaces//apples`, route: 'apples - - -' },
    { path: `${root}/namespaces/a/apples/red`, route: 'apples a red -' },
    { path: `${root}/namespaces/a/apples/red/weight`, route: 'apples/weight a red weight' },
    { path: `${root}/namespaces/a/apples/red/weight/more`, route: 'no-such-resource' },
    { path: `${root}/namespaces/a/apples/red/colour`, route: 'no-such-resource' },
    { path: '/', route: 'paths' },
    { path: '/index.html', route: 'paths' },
    { path: '/metrics', route: 'metrics' },
    { path: '/metrics/', route: 'no-such-path' },
    { path: '/metrics/slis', route: 'no-such-path' },
    { path: '/readyz', route: 'health readyz -' },
    { path: '/readyz?verbose', route: 'health readyz -' },
    { path: '/readyz/', route: 'health readyz ' },
    { path: '/livez/a/b', route: 'health livez a/b' },
    { path: '/livezy', route: 'no-such-path' },
    { path: '/api', route: 'no-such-path' },
    { path: '/api/v1/nodes', route: 'no-such-path' },
    { path: '/APIS/fruits.example.com/v1/trees', route: 'no-such-path' },
    { path: '//apis//fruits.example.com/v1/trees', route: 'no-such-path' },
    { path: '/apis/../apis', route: 'no-such-path' },
  ])('$path is $route', ({ path, route }) => {
    expect(summary(path)).toBe(route);
  });
});
