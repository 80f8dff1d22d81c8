import { describe, expect, test } from '@jest/globals';
import { bootstrapPolicy } from '../../../src/simulator/bootstrap-policy.ts';
import { aggregateClusterRoles } from '../../../src/simulator/cluster-role-aggregation.ts';
import { ObjectStore } from '../../../src/simulator/objects.ts';
import { type AccessAttributes, RbacAuthorizer } from '../../../src/simulator/rbac.ts';
import {
  CLUSTER_ROLES,
  CLUSTER_ROLE_BINDINGS,
  ROLE_BINDINGS,
} from '../../../src/simulator/resource-type.ts';
import { ANONYMOUS, authenticated, userInfo } from '../../../src/simulator/user-info.ts';

const METRICS_SERVER = authenticated(userInfo('system:serviceaccount:kube-system:metrics-server'));
const VIEWER = authenticated(userInfo('viewer'));
const NOBODY = authenticated(userInfo('nobody'));
const API_VERSION = 'rbac.authorization.k8s.io/v1';

function aCluster() {
  const objects = new ObjectStore({ clock: { nowMs: () => 0, monotonicMs: () => 0 } });
  for (const [type, object] of bootstrapPolicy()) objects.put(type, object);
  aggregateClusterRoles(objects);
  return { objects, authorizer: new RbacAuthorizer(objects) };
}

function to(verb: string, resource: string, rest: Partial<AccessAttributes> = {}) {
  const [name = '', subresource = ''] = resource.split('/');
  const attributes: AccessAttributes = {
    isResource: true,
    verb,
    path: '',
    group: '',
    resource: name,
    subresource,
    namespace: '',
    name: '',
    ...rest,
  };
  return attributes;
}

function toGet(path: string): AccessAttributes {
  return { ...to('get', ''), isResource: false, path };
}

describe('RbacAuthorizer', () => {
  const metrics = { group: 'metrics.k8s.io' };

  test.each([
    ['the metrics server', METRICS_SERVER, to('watch', 'pods'), true],
    ['the metrics server', METRICS_SERVER, to('list', 'nodes'), true],
    ['the metrics server', METRICS_SERVER, to('get', 'nodes/stats', { name: 'n' }), true],
    ['the metrics server', METRICS_SERVER, to('get', 'nodes/metrics', { name: 'n' }), true],
    ['the metrics server', METRICS_SERVER, to('get', 'nodes/proxy', { name: 'n' }), false],
    ['the metrics server', METRICS_SERVER, to('delete', 'pods'), false],
    [
      'the metrics server',
      METRICS_SERVER,
      to('create', 'tokenreviews', { group: 'authentication.k8s.io' }),
      true,
    ],
    [
      'the metrics server',
      METRICS_SERVER,
      to('get', 'configmaps', {
        namespace: 'kube-system',
        name: 'extension-apiserver-authentication',
      }),
      true,
    ],
    [
      'the metrics server',
      METRICS_SERVER,
      to('get', 'configmaps', { namespace: 'kube-system', name: 'another' }),
      false,
    ],
    [
      'the metrics server',
      METRICS_SERVER,
      to('get', 'configmaps', { namespace: 'shop', name: 'extension-apiserver-authentication' }),
      false,
    ],
    ['the viewer', VIEWER, to('list', 'pods', { namespace: 'shop' }), true],
    ['the viewer', VIEWER, to('list', 'nodes', metrics), true],
    ['the viewer', VIEWER, to('list', 'nodes'), false],
    ['nobody', NOBODY, to('list', 'pods', metrics), false],
    ['nobody', NOBODY, toGet('/apis/metrics.k8s.io/v1beta1'), true],
    ['nobody', NOBODY, toGet('/metrics'), false],
    ['an anonymous user', ANONYMOUS, toGet('/version'), true],
    ['an anonymous user', ANONYMOUS, toGet('/apis'), false],
    ['a master', userInfo('root', ['system:masters']), to('delete', 'nodes'), true],
  ])('decides for %s', (_, user, attributes, allowed) => {
    expect(aCluster().authorizer.authorize(user, attributes).allowed).toBe(allowed);
  });

  test('says by which binding something is allowed', () => {
    const { reason } = aCluster().authorizer.authorize(METRICS_SERVER, to('list', 'nodes'));

    expect(reason).toBe(
      'RBAC: allowed by ClusterRoleBinding "system:metrics-server" of ClusterRole "system:metrics-server" to ServiceAccount "metrics-server/kube-system"',
    );
  });

  test('grants a ClusterRole bound in a namespace there only', () => {
    const { objects, authorizer } = aCluster();
    objects.put(ROLE_BINDINGS, {
      apiVersion: API_VERSION,
      kind: 'RoleBinding',
      metadata: { name: 'team', namespace: 'team-a' },
      roleRef: { kind: 'ClusterRole', name: 'system:aggregated-metrics-reader' },
      subjects: [{ kind: 'Group', name: 'team' }],
    } as never);
    const member = userInfo('m', ['team']);

    const inside = authorizer.authorize(
      member,
      to('list', 'pods', { ...metrics, namespace: 'team-a' }),
    );
    const outside = authorizer.authorize(member, to('list', 'pods', metrics));

    expect(inside).toEqual({
      allowed: true,
      reason:
        'RBAC: allowed by RoleBinding "team/team-a" of ClusterRole "system:aggregated-metrics-reader" to Group "team"',
    });
    expect(outside.allowed).toBe(false);
  });

  test('names the role that a binding leads to in vain', () => {
    const { objects, authorizer } = aCluster();
    objects.put(CLUSTER_ROLE_BINDINGS, {
      apiVersion: API_VERSION,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'lost' },
      roleRef: { kind: 'ClusterRole', name: 'gone' },
      subjects: [{ kind: 'User', name: 'nobody' }],
    } as never);

    expect(authorizer.authorize(NOBODY, to('list', 'pods'))).toEqual({
      allowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
    });
  });

  test('follows the roles that are aggregated into another', () => {
    const { objects, authorizer } = aCluster();

    objects.delete(CLUSTER_ROLES, '', 'system:aggregated-metrics-reader');

    expect(authorizer.authorize(VIEWER, to('list', 'nodes', metrics)).allowed).toBe(false);
    expect(authorizer.authorize(VIEWER, to('list', 'pods')).allowed).toBe(true);
  });
});
