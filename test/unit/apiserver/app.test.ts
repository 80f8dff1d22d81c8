import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { AuthenticationError } from '../../../src/apiserver/authentication/authenticator.ts';
import type { Authenticator } from '../../../src/apiserver/authentication/authenticator.ts';
import type { Authorizer } from '../../../src/apiserver/authorization/authorizer.ts';
import { systemClock } from '../../../src/clock.ts';
import { fruitsGroup } from '../../support/fruits.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../../support/recorded-world.ts';
import { ADMIN, SERVING, aUser, serveApp } from '../../support/serve-app.ts';
import type { Reply } from '../../support/serve-app.ts';

const groups = [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, systemClock)];
const root = '/apis/metrics.k8s.io/v1beta1';
const bob: Authenticator = { authenticate: () => Promise.resolve(aUser('bob')) };
const nobody: Authenticator = { authenticate: () => Promise.resolve(undefined) };
const allowed: Authorizer = { authorize: () => Promise.resolve({ allowed: true }) };
const refused: Authorizer = { authorize: () => Promise.resolve({ allowed: false, reason: '' }) };

function messageOf({ body }: Reply): string {
  return (JSON.parse(body) as { message: string }).message;
}

describe('headers of every answer', () => {
  test.each(['/readyz', '/nope', `${root}/nodes`, `${root}/nodes?limit=x`, '/metrics'])(
    '%s has an audit id of its own and may not be cached',
    async (path) => {
      await using app = await serveApp({ groups });

      const { headers } = await app.ask(path);

      expect(headers['audit-id']).toMatch(
        /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
      );
      expect(headers['cache-control']).toBe('no-cache, private');
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers.etag).toBeUndefined();
      expect(headers['strict-transport-security']).toBeUndefined();
    },
  );

  test('the audit id of the client comes back as it is', async () => {
    await using app = await serveApp({ groups });

    const { headers } = await app.ask({ path: '/nope', headers: { 'Audit-ID': 'abc 1' } });

    expect(headers['audit-id']).toBe('abc 1');
  });

  test('flags add transport security, and headers for origins that they allow', async () => {
    const serving = {
      ...SERVING,
      strictTransportSecurity: ['max-age=1', 'includeSubDomains'],
      corsAllowedOrigins: ['//good\\.example$'],
    };
    await using app = await serveApp({ groups, serving });

    const good = await app.ask({ path: '/readyz', headers: { origin: 'https://good.example' } });
    const evil = await app.ask({ path: '/readyz', headers: { origin: 'https://evil.example' } });
    const preflight = await app.ask({
      method: 'OPTIONS',
      path: `${root}/nodes`,
      headers: { origin: 'https://good.example' },
    });
    const refused = await app.ask('/readyz?timeout=x');

    expect(good.headers['strict-transport-security']).toBe('max-age=1; includeSubDomains');
    expect(good.headers['access-control-allow-origin']).toBe('https://good.example');
    expect(evil.headers['access-control-allow-origin']).toBeUndefined();
    expect(preflight.status).toBe(204);
    expect(refused.headers['strict-transport-security']).toBe('max-age=1; includeSubDomains');
  });
});

describe('the order of the stages', () => {
  test.each([
    {
      name: 'a bad timeout is refused before anybody is asked who they are',
      path: '/x?timeout=5',
      status: 400,
    },
    { name: 'bad credentials come before permissions', path: `${root}/nodes`, status: 401 },
  ])('$name', async ({ path, status }) => {
    await using app = await serveApp({ groups, authenticator: nobody, authorizer: refused });

    expect((await app.ask(path)).status).toBe(status);
  });

  test.each(['/nope', `${root}/nope`, `${root}/nodes?limit=x`, '/metrics', '/livez/ping', '/'])(
    'whoever may not is told so before %s is looked at',
    async (path) => {
      await using app = await serveApp({ groups, authenticator: bob, authorizer: refused });

      const reply = await app.ask({ path, headers: { accept: 'text/html, application/json' } });

      expect(reply.status).toBe(403);
      expect(reply.headers['x-content-type-options']).toBe('nosniff');
    },
  );

  test('limits are looked at after authentication and before authorization', async () => {
    const serving = { ...SERVING, maxRequestsInFlight: 1 };
    const waiting = Promise.withResolvers<{ allowed: true }>();
    const arrived = Promise.withResolvers<undefined>();
    const authorizer: Authorizer = {
      authorize() {
        arrived.resolve(undefined);
        return waiting.promise;
      },
    };
    await using app = await serveApp({ groups, authenticator: bob, authorizer, serving });
    const first = app.ask('/readyz');
    await arrived.promise;

    const second = await app.ask('/readyz');
    waiting.resolve({ allowed: true });

    expect(second).toMatchObject({
      status: 429,
      body: 'Too many requests, please try again later.\n',
      headers: {
        'retry-after': '1',
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
      },
    });
    expect((await first).status).toBe(200);
    expect((await app.ask('/readyz')).status).toBe(200);
  });

  test('administrators get through a crowd', async () => {
    const serving = { ...SERVING, maxRequestsInFlight: 1 };
    const waiting = Promise.withResolvers<{ allowed: true }>();
    const arrived = Promise.withResolvers<undefined>();
    const held: Authorizer = {
      authorize(attributes) {
        if (attributes.request.path !== '/held') return allowed.authorize(attributes);
        arrived.resolve(undefined);
        return waiting.promise;
      },
    };
    await using app = await serveApp({ groups, authorizer: held, serving });
    const first = app.ask('/held');
    await arrived.promise;

    const second = await app.ask('/readyz');
    waiting.resolve({ allowed: true });

    expect(second.status).toBe(200);
    expect((await first).status).toBe(404);
  });
});

describe('authentication and authorization', () => {
  test('bad credentials are 401, and only the log says why', async () => {
    const authenticator: Authenticator = {
      authenticate: () => Promise.reject(new AuthenticationError('token is of yesterday')),
    };
    await using app = await serveApp({ groups, authenticator });

    const reply = await app.ask(`${root}/nodes`);

    expect(reply.status).toBe(401);
    expect(reply.headers['x-content-type-options']).toBeUndefined();
    expect(reply.body).toBe(
      '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}\n',
    );
    expect(app.logged).toEqual(['Could not authenticate request: token is of yesterday']);
  });

  test('a warning of the authenticator reaches the client', async () => {
    const authenticator: Authenticator = {
      authenticate(credentials) {
        credentials.warn?.('the "token" is old');
        return Promise.resolve(ADMIN);
      },
    };
    await using app = await serveApp({ groups, authenticator });

    expect((await app.ask('/readyz')).headers.warning).toBe('299 - "the \\"token\\" is old"');
  });

  test.each([
    {
      path: `${root}/nodes`,
      message:
        'nodes.metrics.k8s.io is forbidden: User "bob" cannot list resource "nodes" in API group "metrics.k8s.io" at the cluster scope: no reason <given>',
    },
    {
      path: `${root}/namespaces/default/pods/web-1`,
      message:
        'pods.metrics.k8s.io "web-1" is forbidden: User "bob" cannot get resource "pods" in API group "metrics.k8s.io" in the namespace "default": no reason <given>',
    },
    {
      path: '/version',
      message: 'forbidden: User "bob" cannot get path "/version": no reason <given>',
    },
  ])('a refusal for $path names who, what and where', async ({ path, message }) => {
    const reason = 'no reason <given>';
    const authorizer: Authorizer = { authorize: () => Promise.resolve({ allowed: false, reason }) };
    await using app = await serveApp({ groups, authenticator: bob, authorizer });

    const reply = await app.ask(path);

    expect(reply.status).toBe(403);
    expect(messageOf(reply)).toBe(message);
  });

  test('nobody could decide: 500 as text, escaped', async () => {
    const authorizer: Authorizer = {
      authorize: () => Promise.reject(new Error('subjectaccessreviews is forbidden: <you> & me')),
    };
    await using app = await serveApp({ groups, authorizer });

    const reply = await app.ask(`${root}/nodes?labelSelector=a%20b&limit=1`);

    expect(reply).toMatchObject({
      status: 500,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      body: `Internal Server Error: "${root}/nodes?labelSelector=a%20b&amp;limit=1": subjectaccessreviews is forbidden: &lt;you&gt; &amp; me\n`,
    });
    expect(app.logged).toEqual([
      'Could not authorize request: subjectaccessreviews is forbidden: <you> & me',
    ]);
  });

  test('whoever may act as somebody else is the other one from there on, for authorization too', async () => {
    const asked: string[] = [];
    const authorizer: Authorizer = {
      authorize: ({ user, request }) => {
        asked.push(`${user.name} (${user.groups.join()}): ${request.verb} ${request.resource}`);
        return Promise.resolve({ allowed: true });
      },
    };
    await using app = await serveApp({ groups, authorizer, authenticator: bob });

    const headers = { 'Impersonate-User': 'alice', 'impersonate-group': ['g', 'h'] };
    const reply = await app.ask({ path: `${root}/nodes`, headers });

    expect(reply.status).toBe(200);
    expect(asked).toEqual([
      'bob (system:authenticated): impersonate-on:user-info:list nodes',
      'bob (system:authenticated): impersonate:user-info users',
      'bob (system:authenticated): impersonate:user-info groups',
      'bob (system:authenticated): impersonate:user-info groups',
      'alice (g,h,system:authenticated): list nodes',
    ]);
  });

  test.each([
    ['Impersonate-User', 403],
    ['impersonate-group', 400],
    ['Impersonate-Extra-scope', 400],
  ] as const)('%s without the right, or without a user: %d', async (header, status) => {
    await using app = await serveApp({ groups, authorizer: refused });

    const reply = await app.ask({ path: `${root}/nodes`, headers: { [header]: 'alice' } });

    expect(reply.status).toBe(status);
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('deadlines', () => {
  test.each([
    { query: 'timeout=abc', text: 'time: invalid duration "abc"' },
    { query: 'timeout=5', text: 'time: missing unit in duration "5"' },
  ])('$query is refused', async ({ query, text }) => {
    await using app = await serveApp({ groups });

    const reply = await app.ask(`/readyz?${query}`);

    expect(reply.status).toBe(400);
    expect(messageOf(reply)).toBe(`invalid timeout specified in the request URL - ${text}`);
    expect(reply.body).not.toContain('details');
  });

  test.each(['timeout=', 'timeout=0', 'timeout=-1s', 'timeout=24h', 'timeout=1m'])(
    '%s is no reason to refuse',
    async (query) => {
      await using app = await serveApp({ groups });

      expect((await app.ask(`/readyz?${query}`)).status).toBe(200);
    },
  );

  test('a request that takes too long is answered 504, and what comes later is dropped', async () => {
    const waiting = Promise.withResolvers<{ allowed: true }>();
    const authorizer: Authorizer = { authorize: () => waiting.promise };
    await using app = await serveApp({ groups, authorizer });

    const reply = await app.ask(`${root}/nodes?timeout=1ms`);
    waiting.resolve({ allowed: true });
    await waiting.promise;

    expect(reply.status).toBe(504);
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(reply.headers['x-content-type-options']).toBeUndefined();
    expect(reply.body).toBe(
      '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n',
    );
    expect(app.logged).toEqual([]);
    expect(
      await app.registry.getSingleMetricAsString('apiserver_request_terminations_total'),
    ).toContain('code="504"} 1');
  });
});

test('a 504 is as bare as that of upstream, and certain for less than a millisecond', async () => {
  const authorizer: Authorizer = { authorize: () => new Promise(() => undefined) };
  const serving = { ...SERVING, corsAllowedOrigins: ['.'], strictTransportSecurity: ['max-age=1'] };
  await using app = await serveApp({ groups, authorizer, serving });

  for (const timeout of ['20ms', '999us', '1ns']) {
    const { status, headers } = await app.ask({
      path: `${root}/nodes?timeout=${timeout}`,
      headers: { origin: 'https://any.example' },
    });
    expect(status).toBe(504);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-'))).toEqual([]);
    expect(headers).toMatchObject({
      'strict-transport-security': 'max-age=1',
      'cache-control': 'no-cache, private',
    });
  }
});

describe('what clients get wrong', () => {
  test.each([
    {
      name: 'a broken escape in the path',
      path: `${root}/nodes/%zz`,
      status: 400,
      text: '400 Bad Request',
    },
    {
      name: 'a watch of nothing',
      path: `${root}/watch`,
      status: 500,
      text: `Internal Server Error: "${root}/watch": failed to create RequestInfo: `,
    },
  ])('$name', async ({ path, status, text }) => {
    await using app = await serveApp({ groups });

    const reply = await app.ask(path);

    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(reply.body.startsWith(text)).toBe(true);
  });

  test.each([
    { path: '/apis', type: 'text/plain', status: 415 },
    { path: '/apis', type: '*/*', status: 415 },
    { path: '/version', type: '*/*', status: 415 },
    { path: '/apis/metrics.k8s.io', type: 'application/xml', status: 415 },
    { path: root, type: 'application/yaml; charset=utf-8', status: 200 },
    { path: '/version', type: 'application/yaml', status: 415 },
    { path: '/version', type: 'application/json', status: 200 },
    { path: `${root}/nodes`, type: 'text/plain', status: 200 },
    { path: '/readyz', type: 'text/plain', status: 200 },
  ])('$path with a body of type $type is $status', async ({ path, type, status }) => {
    await using app = await serveApp({ groups });

    expect((await app.ask({ path, headers: { 'content-type': type } })).status).toBe(status);
  });

  test('the first of several Accept lines counts', async () => {
    await using app = await serveApp({ groups });
    const headers = { accept: ['text/html', 'application/json'] };

    expect((await app.ask({ path: root, headers })).status).toBe(406);
  });

  test('a table with an unknown includeObject is refused, unless there is nothing to show', async () => {
    await using app = await serveApp({ groups });
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

    const list = await app.ask({ path: `${root}/nodes?includeObject=foo`, headers });
    const marked = await app.ask({ path: `${root}/nodes?includeObject=%22%3C`, headers });
    const missing = await app.ask({ path: `${root}/nodes/nope?includeObject=foo`, headers });

    expect(messageOf(marked)).toContain(String.raw`Invalid value: "\"\u003c": must be`);
    expect(list.status).toBe(400);
    expect(messageOf(list)).toBe(
      "Unable to convert to Table as requested: includeObject: Invalid value: \"foo\": must be 'Metadata', 'Object', 'None', or empty",
    );
    expect(missing.status).toBe(404);
  });

  test('kubectl top gets protobuf, which it prefers', async () => {
    await using app = await serveApp({ groups });
    const headers = { accept: 'application/vnd.kubernetes.protobuf, */*' };

    const reply = await app.ask({ path: `${root}/nodes`, headers });

    expect(reply.headers['content-type']).toBe('application/vnd.kubernetes.protobuf');
    expect(reply.status).toBe(200);
  });

  test('garbage of any kind is answered with a few lines and no stack trace', async () => {
    await using app = await serveApp({ groups: [...groups, fruitsGroup([])] });
    const paths = [
      '/%00',
      '/?%',
      '/apis/%ff',
      `${root}/pods?labelSelector=%ff`,
      `${root}/nodes/__proto__`,
      `${root}/namespaces/constructor/pods/x`,
      `${root}/pods?fieldSelector=${'a'.repeat(5000)}`,
      '*',
      '/..%2f..%2fetc',
    ];

    for (const path of paths) {
      const { status, body } = await app.ask(path);
      expect(status).toBeLessThan(500);
      expect(body).not.toMatch(/\n\s+at |node:|\.ts/);
    }
    expect(app.logged).toEqual([]);
  });
});

describe('bugs', () => {
  const failing = fruitsGroup([]);
  const broken = {
    ...failing,
    versions: [
      {
        name: 'v1',
        resources: (): never => {
          throw new TypeError('Cannot read <secret>');
        },
      },
    ],
  };

  test('are 500 for the client, and one line for us', async () => {
    await using app = await serveApp({ groups: [broken] });

    const reply = await app.ask('/apis/fruits.example.com/v1');

    expect(reply).toMatchObject({
      status: 500,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      body: 'This request caused apiserver to panic. Look in the logs for details.\n',
    });
    expect(app.logged).toEqual(['Request failed: Cannot read <secret>']);
  });

  test('in the middle of a list cut it off', async () => {
    function* items() {
      for (let at = 0; at < 5000; at++) yield { namespace: 'a', name: 'x'.repeat(50), grams: at };
      throw new TypeError('half way');
    }
    const [version] = fruitsGroup([]).versions;
    const resources = (version?.resources() ?? []).map((resource) => ({
      ...resource,
      list: items,
    }));
    const group = { ...failing, versions: [{ name: 'v1', resources: () => resources }] };
    await using app = await serveApp({ groups: [group] });

    await expect(app.ask('/apis/fruits.example.com/v1/apples')).rejects.toThrow('aborted');
    expect(app.logged).toEqual(['Request failed: half way']);
  });
});

describe('the end of the server', () => {
  test('open connections are told to go elsewhere', async () => {
    await using app = await serveApp({ groups, isDraining: () => true });

    const reply = await app.ask(`${root}/nodes`);

    expect(reply).toMatchObject({
      status: 503,
      headers: {
        'retry-after': '1',
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-cache, private',
      },
      body: '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"apiserver is shutting down","reason":"ServiceUnavailable","code":503}\n\n',
    });
  });

  test('or to come back, if a flag says so', async () => {
    const serving = { ...SERVING, shutdownSendRetryAfter: true };
    await using app = await serveApp({ groups, serving, isDraining: () => true });

    const reply = await app.ask(`${root}/nodes`);

    expect(reply).toMatchObject({
      status: 429,
      headers: {
        'retry-after': '5',
        connection: 'close',
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
      },
      body: 'The apiserver is shutting down, please try again later.\n',
    });
    expect(reply.headers['cache-control']).toBeUndefined();
  });

  test.each([true, false])(
    'probes, metrics and kube-apiserver itself are served (to come back: %s)',
    async (shutdownSendRetryAfter) => {
      const serving = { ...SERVING, shutdownSendRetryAfter };
      await using app = await serveApp({ groups, serving, isDraining: () => true });
      const headers = { 'user-agent': 'kube-apiserver/v1.36.3 (linux/amd64) kubernetes/1' };

      for (const path of ['/readyz', '/livez?verbose', '/healthz/ping', '/metrics']) {
        expect((await app.ask(path)).status).toBe(200);
      }
      expect((await app.ask({ path: `${root}/nodes`, headers })).status).toBe(200);
      expect((await app.ask('/version')).status).not.toBe(200);
    },
  );
});

describe('clients that go away', () => {
  test('cost no further work, and are counted', async () => {
    const closed = Promise.withResolvers<undefined>();
    function* endless() {
      try {
        for (;;) yield { namespace: 'a', name: 'x'.repeat(200), grams: 1 };
      } finally {
        closed.resolve(undefined);
      }
    }
    const [version] = fruitsGroup([]).versions;
    const resources = (version?.resources() ?? []).map((resource) => ({
      ...resource,
      list: endless,
    }));
    await using app = await serveApp({
      groups: [
        { name: 'fruits.example.com', versions: [{ name: 'v1', resources: () => resources }] },
      ],
    });

    await new Promise<void>((resolve) => {
      const socket = connect(app.port, '127.0.0.1');
      socket.write('GET /apis/fruits.example.com/v1/apples HTTP/1.1\r\nhost: x\r\n\r\n');
      socket.once('data', () => {
        socket.destroy();
        resolve();
      });
    });
    await closed.promise;
    await new Promise(setImmediate); // the response closes after its last write has failed

    // Cut off is what this server does; a client that leaves is no fault of it.
    const textOf = (name: string): Promise<string> => app.registry.getSingleMetricAsString(name);
    expect(await textOf('apiserver_request_aborts_total')).not.toContain('{');
    expect(await textOf('apiserver_request_total')).toMatch(/resource="apples".*code="200"\} 1$/m);
  });
});
