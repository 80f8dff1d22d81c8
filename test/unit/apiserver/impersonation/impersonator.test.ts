import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import type { UserInfo } from '../../../../src/apiserver/authentication/authenticator.ts';
import type {
  AccessRequest,
  Attributes,
  Decision,
} from '../../../../src/apiserver/authorization/authorizer.ts';
import { Impersonator } from '../../../../src/apiserver/impersonation/impersonator.ts';
import { impersonationInstruments } from '../../../../src/apiserver/impersonation/instruments.ts';
import { requestInfo } from '../../../../src/apiserver/request-info.ts';
import { systemClock } from '../../../../src/clock.ts';
import { aUser } from '../../../support/serve-app.ts';

const NODES = requestInfo('GET', '/apis/metrics.k8s.io/v1beta1/nodes');
const ON_NODES = 'nodes.metrics.k8s.io';
const NODE_NAME = 'authentication.kubernetes.io/node-name';

/** `VERB RESOURCE[/SUBRESOURCE][.GROUP] [NAMESPACE/]NAME`, or `VERB PATH`. */
function questionOf({ isResource, verb, path, ...of }: AccessRequest): string {
  if (!isResource) return `${verb} ${path}`;
  const resource = [of.resource, of.subresource].filter((part) => part !== '').join('/');
  const name = [of.namespace, of.name].filter((part) => part !== '').join('/');
  return `${verb} ${resource}${of.group && '.'}${of.group} ${name}`.trim();
}

/** Users in authentication.k8s.io, as the constrained modes ask about them. */
const about = (mode: string, resource: string, name: string): string =>
  `impersonate:${mode} ${resource}.authentication.k8s.io ${name}`;

function anImpersonator(allowed: readonly string[]) {
  const asked: string[] = [];
  const by: UserInfo[] = [];
  const registry = new Registry();
  const rules = new Set(allowed);
  const authorizer = {
    authorize: ({ user, request }: Attributes): Promise<Decision> => {
      const question = questionOf(request);
      asked.push(question);
      by.push(user);
      return Promise.resolve(
        rules.has(question) ? { allowed: true } : { allowed: false, reason: '' },
      );
    },
  };
  const instruments = impersonationInstruments(registry);
  const impersonator = new Impersonator({ authorizer, clock: systemClock, instruments });
  return {
    asked,
    by,
    registry,
    rules,
    authorizer,
    ask: (wanted: Partial<UserInfo>, requestor = aUser('bob'), request: AccessRequest = NODES) =>
      impersonator.impersonate(
        requestor,
        { name: '', uid: '', groups: [], extra: new Map(), ...wanted },
        request,
      ),
  };
}

describe('legacy impersonation', () => {
  test('asks about the user, the UID, every group and every extra, in this order, after the constrained mode', async () => {
    const extra = new Map([
      ['scopes', ['a', 'b']],
      ['__proto__', ['c']],
    ]);
    const questions = [
      'impersonate users ada',
      'impersonate uids.authentication.k8s.io 7',
      'impersonate groups g1',
      'impersonate groups system:masters',
      'impersonate userextras/scopes.authentication.k8s.io a',
      'impersonate userextras/scopes.authentication.k8s.io b',
      'impersonate userextras/__proto__.authentication.k8s.io c',
    ];
    const { ask, asked } = anImpersonator(questions);

    const user = await ask({ name: 'ada', uid: '7', groups: ['g1', 'system:masters'], extra });

    expect(asked).toEqual([`impersonate-on:user-info:list ${ON_NODES}`, ...questions]);
    expect(user).toEqual({
      name: 'ada',
      uid: '7',
      groups: ['g1', 'system:masters', 'system:authenticated'],
      extra,
    });
  });

  test.each([
    { name: 'ada', groups: [], becomes: ['system:authenticated'] },
    { name: 'ada', groups: ['system:authenticated', 'a'], becomes: ['system:authenticated', 'a'] },
    { name: 'ada', groups: ['system:unauthenticated'], becomes: ['system:unauthenticated'] },
    { name: 'system:anonymous', groups: [], becomes: ['system:unauthenticated'] },
    {
      name: 'system:anonymous',
      groups: ['system:authenticated'],
      becomes: ['system:authenticated', 'system:unauthenticated'],
    },
    {
      name: 'system:serviceaccount:team-a:reader',
      groups: [],
      becomes: ['system:serviceaccounts', 'system:serviceaccounts:team-a', 'system:authenticated'],
    },
    {
      name: 'system:serviceaccount:team-a:reader',
      groups: ['g'],
      becomes: ['g', 'system:authenticated'],
    },
    { name: 'system:node:alpha', groups: [], becomes: ['system:authenticated'] },
  ])('$name with groups $groups is in $becomes', async ({ name, groups, becomes }) => {
    const { ask } = anImpersonator([
      'impersonate users ada',
      'impersonate users system:anonymous',
      'impersonate users system:node:alpha',
      'impersonate serviceaccounts team-a/reader',
      ...groups.map((group) => `impersonate groups ${group}`),
    ]);

    await expect(ask({ name, groups })).resolves.toMatchObject({ groups: becomes });
  });

  test.each([
    'system:serviceaccount:team-a',
    'system:serviceaccount:team-a:reader:x',
    'system:serviceaccount:Team:reader',
    'system:serviceaccount:team.a:reader',
    `system:serviceaccount:${'a'.repeat(64)}:reader`,
    'system:serviceaccount:team-a:Reader',
    'system:serviceaccount::reader',
    'system:serviceaccount:team-a:',
    'system:node:',
    'system:node:Bad_Name',
    `system:node:${'a'.repeat(254)}`,
  ])('%s is an ordinary user', async (name) => {
    const { ask, asked } = anImpersonator([`impersonate users ${name}`]);

    await expect(ask({ name })).resolves.toMatchObject({ groups: ['system:authenticated'] });
    expect(asked[0]).toBe(`impersonate-on:user-info:list ${ON_NODES}`);
  });
});

describe('constrained impersonation', () => {
  test('of an ordinary user asks for the deed and for the identity', async () => {
    const extra = new Map([['acme.io/scopes', ['a']]]);
    const questions = [
      `impersonate-on:user-info:list ${ON_NODES}`,
      about('user-info', 'users', 'ada'),
      about('user-info', 'uids', '7'),
      about('user-info', 'groups', 'g'),
      about('user-info', 'userextras/acme.io/scopes', 'a'),
    ];
    const { ask, asked } = anImpersonator(questions);

    const user = await ask({ name: 'ada', uid: '7', groups: ['g'], extra });

    expect(asked).toEqual(questions);
    expect(user).toMatchObject({ groups: ['g', 'system:authenticated'] });
  });

  test('of a service account and of a node adds their groups, and takes no others', async () => {
    const { ask, asked } = anImpersonator([
      `impersonate-on:serviceaccount:list ${ON_NODES}`,
      about('serviceaccount', 'serviceaccounts', 'team-a/reader'),
      `impersonate-on:arbitrary-node:list ${ON_NODES}`,
      about('arbitrary-node', 'nodes', 'alpha'),
    ]);

    const account = await ask({ name: 'system:serviceaccount:team-a:reader' });
    const node = await ask({ name: 'system:node:alpha' });
    asked.length = 0;
    const withGroup = ask({ name: 'system:node:alpha', groups: ['g'] });

    expect(account.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:team-a',
      'system:authenticated',
    ]);
    expect(node.groups).toEqual(['system:nodes', 'system:authenticated']);
    await expect(withGroup).rejects.toThrow('cannot impersonate resource "users"');
    expect(asked).toEqual(['impersonate users system:node:alpha']);
  });

  test('of a node by a pod on it asks about all nodes, and tells only the keys of its extras', async () => {
    const agent: UserInfo = {
      ...aUser('system:serviceaccount:team-a:agent'),
      extra: new Map([
        ['zed', ['1']],
        [NODE_NAME, ['alpha']],
      ]),
    };
    const { ask, asked, by } = anImpersonator([
      `impersonate-on:associated-node:list ${ON_NODES}`,
      about('associated-node', 'nodes', '*'),
    ]);

    const user = await ask({ name: 'system:node:alpha' }, agent);

    expect(user).toMatchObject({
      name: 'system:node:alpha',
      groups: ['system:nodes', 'system:authenticated'],
    });
    expect(asked).toEqual([
      `impersonate-on:associated-node:list ${ON_NODES}`,
      about('associated-node', 'nodes', '*'),
    ]);
    const keys = ['authentication.kubernetes.io/associated-node-keys', [NODE_NAME, 'zed']] as const;
    expect(by.map(({ extra }) => [...extra])).toEqual([[keys], [keys]]);
  });

  test.each([
    { why: 'another node', requestor: 'system:serviceaccount:team-a:agent', nodes: ['beta'] },
    { why: 'two nodes', requestor: 'system:serviceaccount:team-a:agent', nodes: ['alpha', 'beta'] },
    { why: 'no node', requestor: 'system:serviceaccount:team-a:agent', nodes: [] },
    { why: 'no service account', requestor: 'bob', nodes: ['alpha'] },
  ])('a pod with $why is not on the node', async ({ requestor, nodes }) => {
    const { ask, asked } = anImpersonator([]);
    const user = { ...aUser(requestor), extra: new Map([[NODE_NAME, nodes]]) };

    await expect(ask({ name: 'system:node:alpha' }, user)).rejects.toMatchObject({ code: 403 });
    expect(asked[0]).toBe(`impersonate-on:arbitrary-node:list ${ON_NODES}`);
  });

  test('asks for all groups, or all extras, at once when there are four, and for each when that is refused', async () => {
    const questions = (kind: string, names: readonly string[]): string[] =>
      names.map((name) => about('user-info', kind, name));
    const on = [`impersonate-on:user-info:list ${ON_NODES}`, about('user-info', 'users', 'ada')];
    const groups = ['a', 'b', 'c', 'd'];
    const extra = new Map([['acme.io/x', groups]]);
    const all = anImpersonator([
      ...on,
      ...questions('groups', ['*']),
      ...questions('userextras/*', ['*']),
    ]);
    const each = anImpersonator([
      ...on,
      ...questions('groups', groups),
      ...questions('userextras/acme.io/x', groups),
    ]);

    await all.ask({ name: 'ada', groups, extra });
    await each.ask({ name: 'ada', groups, extra });

    expect(all.asked).toEqual([
      ...on,
      ...questions('groups', ['*']),
      ...questions('userextras/*', ['*']),
    ]);
    expect(each.asked).toEqual([
      ...on,
      ...questions('groups', ['*', ...groups]),
      ...questions('userextras/*', ['*']),
      ...questions('userextras/acme.io/x', groups),
    ]);
  });

  const LONG = 'a'.repeat(254);
  const SUBDOMAIN =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  const EXTRAS =
    'userextras.authentication.k8s.io is forbidden: User "bob" cannot impersonate:user-info resource "userextras" in API group "authentication.k8s.io" at the cluster scope: ';
  const GROUPS =
    'is forbidden: User "bob" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope: ';
  const INVALID = 'impersonating an invalid key in extra is not allowed: ';

  // The words are those of the Go server, asked with the same rules.
  test.each([
    {
      wanted: { groups: [''] },
      message: `groups.authentication.k8s.io ${GROUPS}impersonating the empty string group is not allowed`,
    },
    {
      wanted: { groups: ['g', 'system:masters'] },
      message: `groups.authentication.k8s.io "system:masters" ${GROUPS}impersonating the system:masters group is not allowed`,
    },
    {
      wanted: { extra: new Map([['', ['a']]]) },
      message: `${EXTRAS}impersonating the empty string key in extra is not allowed`,
    },
    {
      wanted: { extra: new Map([['scopes', ['a']]]) },
      message: `${EXTRAS}${INVALID}extra.key: Invalid value: "scopes": must be a domain-prefixed path (such as "acme.io/foo")`,
    },
    {
      wanted: { extra: new Map([['/a', ['a']]]) },
      message: `${EXTRAS}${INVALID}extra.key: Invalid value: "/a": must be a domain-prefixed path (such as "acme.io/foo")`,
    },
    {
      wanted: { extra: new Map([['a/', ['a']]]) },
      message: `${EXTRAS}${INVALID}extra.key: Invalid value: "a/": must be a domain-prefixed path (such as "acme.io/foo")`,
    },
    {
      wanted: { extra: new Map([['a_/b', ['a']]]) },
      message: `${EXTRAS}${INVALID}extra.key: Invalid value: "a_": ${SUBDOMAIN}`,
    },
    {
      wanted: { extra: new Map([[`${LONG}/b`, ['a']]]) },
      message: `${EXTRAS}${INVALID}extra.key: Invalid value: "${LONG}": must be no more than 253 characters`,
    },
    {
      wanted: { extra: new Map([['a_/b"', ['a']]]) },
      message: `${EXTRAS}${INVALID}[extra.key: Invalid value: "a_": ${SUBDOMAIN}, extra.key: Invalid value: "b\\"": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')]`,
    },
    {
      wanted: { extra: new Map([['acme.io/Foo', ['a']]]) },
      message: `${EXTRAS}impersonating a non-lowercase key in extra is not allowed: "acme.io/Foo"`,
    },
    {
      wanted: { extra: new Map([['acme.io/foo', ['a', '']]]) },
      message: `${EXTRAS}impersonating the empty string value in extra is not allowed`,
    },
  ])('takes no $wanted', async ({ wanted, message }) => {
    const { ask } = anImpersonator([
      `impersonate-on:user-info:list ${ON_NODES}`,
      about('user-info', 'users', 'ada'),
    ]);

    await expect(ask({ name: 'ada', ...wanted })).rejects.toMatchObject({ code: 403, message });
  });
});

describe('a refusal', () => {
  test('is in the words of the first mode (recorded exchange 488)', async () => {
    const { ask } = anImpersonator([]);

    await expect(ask({ name: 'nobody' }, aUser('viewer'))).rejects.toMatchObject({
      code: 403,
      message:
        'nodes.metrics.k8s.io is forbidden: User "viewer" cannot impersonate-on:user-info:list resource "nodes" in API group "metrics.k8s.io" at the cluster scope',
      details: { group: 'metrics.k8s.io', kind: 'nodes' },
    });
  });

  test('is in the words of the mode that was used last, which is also tried first', async () => {
    const { ask, asked } = anImpersonator(['impersonate users ada']);
    await ask({ name: 'ada' });
    asked.length = 0;

    await ask({ name: 'ada' });
    expect(asked).toEqual(['impersonate users ada']);
    await expect(ask({ name: 'eve' })).rejects.toThrow(
      'users "eve" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    // Another requestor has a memory of his own.
    await expect(ask({ name: 'eve' }, aUser('carol'))).rejects.toThrow(
      'cannot impersonate-on:user-info:list',
    );
  });

  test('tells the reason of the authorizer, and that nobody could decide', async () => {
    const { ask, authorizer } = anImpersonator([]);
    authorizer.authorize = () => Promise.resolve({ allowed: false, reason: 'because' });
    await expect(ask({ name: 'ada' })).rejects.toThrow(/at the cluster scope: because$/);

    authorizer.authorize = () => Promise.reject(new Error('no review'));
    await expect(ask({ name: 'ada' })).rejects.toMatchObject({
      code: 403,
      message: expect.stringMatching(/at the cluster scope: no review$/) as unknown,
    });
  });

  test('of a path that is not a resource names the path', async () => {
    const { ask } = anImpersonator([]);

    await expect(
      ask({ name: 'ada' }, aUser('bob'), requestInfo('GET', '/version')),
    ).rejects.toMatchObject({
      message: 'forbidden: User "bob" cannot impersonate-on:user-info:get path "/version"',
      details: {},
    });
  });

  test('keeps the selectors and the name of the request in the question', async () => {
    const path =
      '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods?fieldSelector=metadata.name%3Dx&labelSelector=b';
    const { ask, authorizer } = anImpersonator([]);
    const requests: AccessRequest[] = [];
    authorizer.authorize = ({ request }) => {
      requests.push(request);
      return Promise.resolve({ allowed: false, reason: '' });
    };

    await expect(
      ask({ name: 'ada' }, aUser('bob'), requestInfo('GET', path)),
    ).rejects.toMatchObject({ code: 403 });

    expect(requests[0]).toMatchObject({
      verb: 'impersonate-on:user-info:list',
      namespace: 'a',
      name: 'x',
      fieldSelector: 'metadata.name=x',
      labelSelector: 'b',
    });
  });
});

test('asks nothing more when nobody waits for the answer', async () => {
  const { authorizer, asked } = anImpersonator([]);
  const instruments = impersonationInstruments(new Registry());
  const impersonator = new Impersonator({ authorizer, clock: systemClock, instruments });
  const over = new AbortController();
  const first = authorizer.authorize;
  authorizer.authorize = async (attributes) => {
    const decision = await first(attributes);
    over.abort();
    return { ...decision, allowed: true };
  };

  await expect(
    impersonator.impersonate(aUser('bob'), aUser('ada', ['a', 'b']), NODES, over.signal),
  ).rejects.toThrow('aborted');
  expect(asked).toHaveLength(1);
});

test('counts what was tried and what was asked, as upstream', async () => {
  const { ask, registry } = anImpersonator(['impersonate users ada']);
  await ask({ name: 'ada' });
  await expect(ask({ name: 'eve' }, aUser('carol'))).rejects.toThrow('forbidden');

  const page = await registry.metrics();
  const lines = page.split('\n').filter((line) => line.includes('_total{'));

  expect(lines.sort()).toEqual([
    'apiserver_impersonation_attempts_total{mode="",decision="denied"} 1',
    'apiserver_impersonation_attempts_total{mode="legacy",decision="allowed"} 1',
    'apiserver_impersonation_authorization_attempts_total{mode="legacy",decision="allowed"} 1',
    'apiserver_impersonation_authorization_attempts_total{mode="legacy",decision="denied"} 1',
    'apiserver_impersonation_authorization_attempts_total{mode="user-info",decision="denied"} 2',
  ]);
});
