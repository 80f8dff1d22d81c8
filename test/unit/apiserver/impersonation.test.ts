import { describe, expect, test } from '@jest/globals';
import { toStatus } from '../../../src/apimachinery/status-error.ts';
import { HeaderView } from '../../../src/apiserver/authentication/header-view.ts';
import { impersonationRefusal } from '../../../src/apiserver/impersonation.ts';
import { requestInfo } from '../../../src/apiserver/request-info.ts';

const viewer = { name: 'viewer', uid: '', groups: [], extra: new Map() };
const nodes = requestInfo('GET', '/apis/metrics.k8s.io/v1beta1/nodes');
const refusal = (...raw: string[]) => impersonationRefusal(viewer, new HeaderView(raw), nodes);

describe('impersonationRefusal', () => {
  test('lets ordinary requests pass', () => {
    expect(refusal('Accept', 'x', 'X-Impersonate-User', 'y')).toBeUndefined();
  });

  test('refuses in the words of a caller without the right (recorded exchange 488)', () => {
    const error = refusal('impersonate-USER', 'nobody', 'Impersonate-Group', 'system:masters');

    expect(error && toStatus(error)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'nodes.metrics.k8s.io is forbidden: User "viewer" cannot impersonate-on:user-info:list resource "nodes" in API group "metrics.k8s.io" at the cluster scope: impersonation is not supported',
      reason: 'Forbidden',
      details: { group: 'metrics.k8s.io', kind: 'nodes' },
      code: 403,
    });
  });

  test.each([
    {
      raw: ['Impersonate-Uid', 'x'], // recorded exchange 507
      user: '&user.DefaultInfo{Name:"", UID:"x", Groups:[]string(nil), Extra:map[string][]string(nil)}',
    },
    {
      raw: ['Impersonate-Group', 'a', 'Impersonate-Group', 'b'],
      user: '&user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a", "b"}, Extra:map[string][]string(nil)}',
    },
    {
      raw: ['Impersonate-Extra-Z', '1', 'Impersonate-Extra-a', '2', 'Impersonate-Extra-A', '3'],
      user: '&user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"2", "3"}, "z":[]string{"1"}}}',
    },
  ])('without a user name it is a bad request: $raw', ({ raw, user }) => {
    expect(refusal(...raw)).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: `requested ${user} without impersonating a user name`,
      details: undefined,
    });
  });
});
