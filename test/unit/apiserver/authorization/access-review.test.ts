import { describe, expect, test } from '@jest/globals';
import {
  accessReviewSpec,
  controlledBytes,
} from '../../../../src/apiserver/authorization/access-review.ts';
import type { UserInfo } from '../../../../src/apiserver/authentication/authenticator.ts';
import { requestInfo } from '../../../../src/apiserver/request-info.ts';

const GROUP = '/apis/metrics.k8s.io/v1beta1';
const anonymous: UserInfo = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
  extra: new Map(),
};
const alice: UserInfo = {
  name: 'alice',
  uid: '42',
  groups: ['g1', 'g2', 'system:authenticated'],
  extra: new Map([['foo/bar', ['v1', 'v2']]]),
};

/** The text on the wire: the order of the keys counts. */
const specOf = (user: UserInfo, url: string, method = 'GET'): string =>
  JSON.stringify(accessReviewSpec({ user, request: requestInfo(method, url) }));

function selectorsOf(query: string) {
  const request = requestInfo('GET', `${GROUP}/nodes?${query}`);
  const { resourceAttributes } = accessReviewSpec({ user: alice, request });
  return {
    fields: resourceAttributes?.fieldSelector?.requirements,
    labels: resourceAttributes?.labelSelector?.requirements,
  };
}

describe('accessReviewSpec, the bodies observed (contract 7.2)', () => {
  test.each([
    [
      'an anonymous list',
      specOf(anonymous, `${GROUP}/nodes`),
      '{"resourceAttributes":{"verb":"list","group":"metrics.k8s.io","version":"v1beta1","resource":"nodes"},"user":"system:anonymous","groups":["system:unauthenticated"]}',
    ],
    [
      'a get with everything',
      specOf(alice, `${GROUP}/namespaces/default/pods/web-1`),
      '{"resourceAttributes":{"namespace":"default","verb":"get","group":"metrics.k8s.io","version":"v1beta1","resource":"pods","name":"web-1"},"user":"alice","groups":["g1","g2","system:authenticated"],"extra":{"foo/bar":["v1","v2"]},"uid":"42"}',
    ],
    [
      'a list with selectors',
      specOf(
        anonymous,
        `${GROUP}/namespaces/default/pods?labelSelector=x,app%3Dweb&fieldSelector=metadata.name%3Dweb-1`,
      ),
      '{"resourceAttributes":{"namespace":"default","verb":"list","group":"metrics.k8s.io","version":"v1beta1","resource":"pods","name":"web-1","fieldSelector":{"requirements":[{"key":"metadata.name","operator":"In","values":["web-1"]}]},"labelSelector":{"requirements":[{"key":"app","operator":"In","values":["web"]},{"key":"x","operator":"Exists"}]}},"user":"system:anonymous","groups":["system:unauthenticated"]}',
    ],
    [
      'a path that is no resource',
      specOf({ ...anonymous, name: 'bob', groups: ['system:authenticated'] }, '/version?x=1'),
      '{"nonResourceAttributes":{"path":"/version","verb":"get"},"user":"bob","groups":["system:authenticated"]}',
    ],
    [
      'a subresource, a method without verb, a user without groups',
      specOf({ ...anonymous, groups: [] }, `${GROUP}/nodes/n/status`, 'OPTIONS'),
      '{"resourceAttributes":{"group":"metrics.k8s.io","version":"v1beta1","resource":"nodes","subresource":"status","name":"n"},"user":"system:anonymous"}',
    ],
    [
      'the core group',
      specOf(anonymous, '/api/v1/nodes'),
      '{"resourceAttributes":{"verb":"list","version":"v1","resource":"nodes"},"user":"system:anonymous","groups":["system:unauthenticated"]}',
    ],
  ])('%s', (_name, spec, observed) => {
    expect(spec).toBe(observed);
  });

  test('extras come in the order of their keys, whatever they are called', () => {
    const extra = new Map([
      ['z', ['1']],
      ['__proto__', ['2']],
      ['a', ['3']],
      ['1', ['4']],
    ]);

    expect(JSON.parse(specOf({ ...anonymous, extra }, '/version'))).toMatchObject({
      extra: JSON.parse('{"1":["4"],"__proto__":["2"],"a":["3"],"z":["1"]}') as object,
    });
    expect(specOf({ ...anonymous, extra }, '/version')).toContain(
      '"extra":{"1":["4"],"__proto__":["2"],"a":["3"],"z":["1"]}',
    );
  });
});

describe('accessReviewSpec, selectors', () => {
  test.each([
    ['a=b', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a==b', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a=', [{ key: 'a', operator: 'In', values: [''] }]],
    ['a in (c,b)', [{ key: 'a', operator: 'In', values: ['b', 'c'] }]],
    ['a!=b', [{ key: 'a', operator: 'NotIn', values: ['b'] }]],
    ['a notin (b)', [{ key: 'a', operator: 'NotIn', values: ['b'] }]],
    ['a', [{ key: 'a', operator: 'Exists' }]],
    ['!a', [{ key: 'a', operator: 'DoesNotExist' }]],
    ['a>1', undefined],
    [
      'b,a<1,a=2',
      [
        { key: 'a', operator: 'In', values: ['2'] },
        { key: 'b', operator: 'Exists' },
      ],
    ],
    ['a in (b', undefined],
    ['', undefined],
  ])('labelSelector "%s"', (selector, labels) => {
    expect(selectorsOf(`labelSelector=${encodeURIComponent(selector)}`)).toEqual({
      fields: undefined,
      labels,
    });
  });

  test.each([
    ['a=b', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a==b', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a!=b', [{ key: 'a', operator: 'NotIn', values: ['b'] }]],
    [
      'b=1,a!=2',
      [
        { key: 'a', operator: 'NotIn', values: ['2'] },
        { key: 'b', operator: 'In', values: ['1'] },
      ],
    ],
    ['a', undefined],
    [',', undefined],
  ])('fieldSelector "%s"', (selector, fields) => {
    expect(selectorsOf(`fieldSelector=${encodeURIComponent(selector)}`)).toEqual({
      fields,
      labels: undefined,
    });
  });
});

describe('controlledBytes', () => {
  test('counts what the client chose, in bytes', () => {
    const one = controlledBytes(requestInfo('GET', `${GROUP}/nodes/n`));

    expect(controlledBytes(requestInfo('GET', `${GROUP}/nodes/nn`))).toBe(one + 2); // name and path
    expect(controlledBytes(requestInfo('GET', `${GROUP}/nodes/%C3%BC`))).toBe(one + 2);
    const list = controlledBytes(requestInfo('GET', `${GROUP}/nodes`));
    expect(controlledBytes(requestInfo('GET', `${GROUP}/nodes?labelSelector=abc`))).toBe(list + 3);
  });
});
