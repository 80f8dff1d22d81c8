import { describe, expect, test } from '@jest/globals';
import { toJsonText } from '../../../src/apimachinery/json-text.ts';
import {
  badRequest,
  expired,
  forbidden,
  internalFailure,
  invalid,
  methodNotAllowed,
  notAcceptable,
  notFound,
  routeNotFound,
  serviceUnavailable,
  StatusError,
  timedOut,
  toStatus,
  unauthorized,
  unsupportedMediaType,
  watchNotSupported,
} from '../../../src/apimachinery/status-error.ts';

const HEAD = '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",';

describe('toStatus', () => {
  test.each<[string, StatusError, string]>([
    [
      'a node that the cluster does not have',
      notFound('', 'node', 'nope'),
      String.raw`"message":"node \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"node"},"code":404}`,
    ],
    [
      'a pod without figures',
      notFound('metrics.k8s.io', 'podmetrics', 'default/web'),
      String.raw`"message":"podmetrics.metrics.k8s.io \"default/web\" not found","reason":"NotFound","details":{"name":"default/web","group":"metrics.k8s.io","kind":"podmetrics"},"code":404}`,
    ],
    [
      'no route',
      routeNotFound(),
      '"message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}',
    ],
    [
      'a bad request',
      badRequest('strconv.ParseInt: parsing "x": invalid syntax'),
      String.raw`"message":"strconv.ParseInt: parsing \"x\": invalid syntax","reason":"BadRequest","code":400}`,
    ],
    [
      'no credentials',
      unauthorized(),
      '"message":"Unauthorized","reason":"Unauthorized","code":401}',
    ],
    [
      'another method',
      methodNotAllowed(),
      '"message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}',
    ],
    [
      'a watch',
      watchNotSupported('metrics.k8s.io', 'nodes'),
      String.raw`"message":"watch is not supported on resources of kind \"nodes.metrics.k8s.io\"","reason":"MethodNotAllowed","details":{"group":"metrics.k8s.io","kind":"nodes"},"code":405}`,
    ],
    [
      'a media type that the encoder does not have',
      notAcceptable('only JSON', undefined),
      '"message":"only JSON","reason":"NotAcceptable","code":406}',
    ],
    [
      'a continue token of another version',
      expired('too old'),
      '"message":"too old","reason":"Expired","code":410}',
    ],
    [
      'a body of another media type',
      unsupportedMediaType(),
      '"message":"415: Unsupported Media Type","reason":"UnsupportedMediaType","details":{},"code":415}',
    ],
    [
      'list options with two mistakes',
      invalid('meta.k8s.io', 'ListOptions', '', [
        { reason: 'FieldValueForbidden', message: 'Forbidden: no', field: 'a' },
        { reason: 'FieldValueNotSupported', message: 'Unsupported value: "x"', field: 'b' },
      ]),
      String.raw`"message":"ListOptions.meta.k8s.io \"\" is invalid: [a: Forbidden: no, b: Unsupported value: \"x\"]","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"ListOptions","causes":[{"reason":"FieldValueForbidden","message":"Forbidden: no","field":"a"},{"reason":"FieldValueNotSupported","message":"Unsupported value: \"x\"","field":"b"}]},"code":422}`,
    ],
    [
      'list options with one mistake',
      invalid('meta.k8s.io', 'ListOptions', '', [
        { reason: 'FieldValueForbidden', message: 'Forbidden: no', field: 'a' },
      ]),
      String.raw`"message":"ListOptions.meta.k8s.io \"\" is invalid: a: Forbidden: no","reason":"Invalid","details":{"group":"meta.k8s.io","kind":"ListOptions","causes":[{"reason":"FieldValueForbidden","message":"Forbidden: no","field":"a"}]},"code":422}`,
    ],
    [
      'our own failure',
      internalFailure('failed listing nodes: closed'),
      '"message":"failed listing nodes: closed","code":500}',
    ],
    [
      'a deadline that has passed',
      timedOut(),
      '"message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}',
    ],
    [
      'a wait asked for in the details',
      new StatusError({ code: 429, reason: 'R', message: 'm', details: { retryAfterSeconds: 3 } }),
      '"message":"m","reason":"R","details":{"retryAfterSeconds":3},"code":429}',
    ],
  ])('writes %s as Go does', (_name, error, rest) => {
    expect(toJsonText(toStatus(error))).toBe(HEAD + rest);
  });
});

describe('StatusError', () => {
  test('asks to retry later only when told so', () => {
    expect(serviceUnavailable('apiserver is shutting down', 1)).toMatchObject({
      code: 503,
      retryAfterSeconds: 1,
      details: undefined,
    });
    expect(badRequest('x').retryAfterSeconds).toBe(0);
  });
});

describe('forbidden', () => {
  const request = {
    isResource: true,
    verb: 'get',
    path: '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/web-1',
    group: 'metrics.k8s.io',
    resource: 'pods',
    subresource: '',
    namespace: 'default',
    name: 'web-1',
  };

  test.each([
    {
      name: 'one object of a namespace',
      refused: request,
      message:
        'pods.metrics.k8s.io "web-1" is forbidden: User "bob" cannot get resource "pods" in API group "metrics.k8s.io" in the namespace "default"',
      details: { name: 'web-1', group: 'metrics.k8s.io', kind: 'pods' },
    },
    {
      name: 'all objects of the cluster',
      refused: { ...request, verb: 'list', resource: 'nodes', namespace: '', name: '' },
      message:
        'nodes.metrics.k8s.io is forbidden: User "bob" cannot list resource "nodes" in API group "metrics.k8s.io" at the cluster scope',
      details: { name: '', group: 'metrics.k8s.io', kind: 'nodes' },
    },
    {
      name: 'a subresource',
      refused: { ...request, subresource: 'log' },
      message:
        'pods.metrics.k8s.io "web-1" is forbidden: User "bob" cannot get resource "pods/log" in API group "metrics.k8s.io" in the namespace "default"',
      details: { name: 'web-1', group: 'metrics.k8s.io', kind: 'pods' },
    },
    {
      name: 'a path',
      refused: { ...request, isResource: false, path: '/version' },
      message: 'forbidden: User "bob" cannot get path "/version"',
      details: {},
    },
    {
      name: 'an unknown method',
      refused: { ...request, verb: '' },
      message:
        'pods.metrics.k8s.io "web-1" is forbidden: User "bob" cannot  resource "pods" in API group "metrics.k8s.io" in the namespace "default"',
      details: { name: 'web-1', group: 'metrics.k8s.io', kind: 'pods' },
    },
  ])('names $name', ({ refused, message, details }) => {
    expect(forbidden('bob', refused, '')).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message,
      details,
    });
  });

  test('escapes HTML in what the caller chose, but not in the reason of the authorizer', () => {
    const refused = { ...request, isResource: false, path: '/<a>&"' };

    expect(forbidden('<b>', refused, 'RBAC: <none>').message).toBe(
      String.raw`forbidden: User "&lt;b&gt;" cannot get path "/&lt;a&gt;&amp;\"": RBAC: <none>`,
    );
  });
});
