import { describe, expect, test } from '@jest/globals';
import { notFound } from '../../../src/apimachinery/status-error.ts';
import {
  AuthenticationError,
  type Authenticator,
} from '../../../src/apiserver/authentication/authenticator.ts';
import type { Authorizer } from '../../../src/apiserver/authorization/authorizer.ts';
import type { AppParts } from '../../../src/apiserver/app-parts.ts';
import { fruitsGroup } from '../../support/fruits.ts';
import { type Reply, aUser, serveApp } from '../../support/serve-app.ts';

/** A URL with its host in front does not begin with a group: the router gets it. */
const HOST = 'http://localhost';
const TREES = '/apis/fruits.example.com/v1/trees';
const [version] = fruitsGroup([]).versions;

/** Trees of which some cannot be had. */
function groupWith(get: () => never) {
  const resources = (version?.resources() ?? []).map((resource) => ({ ...resource, get }));
  return { name: 'fruits.example.com', versions: [{ name: 'v1', resources: () => resources }] };
}

const FRUITS = [{ namespace: 'a', name: 'one', grams: 7 }];
const groups = [fruitsGroup(FRUITS)];
const lost = new AuthenticationError('token is of yesterday');
const unknown = new Error('nobody could decide');

interface Case {
  readonly name: string;
  readonly status: number;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly parts?: Partial<AppParts>;
}

/** What is found out at once, and by a promise. */
const authenticators = (user: () => ReturnType<typeof aUser> | undefined): Authenticator[] => [
  { authenticate: user },
  { authenticate: () => Promise.try(user) },
];
const authorizers = (decide: () => { allowed: true } | { allowed: false; reason: string }) => [
  { authorize: decide } satisfies Authorizer,
  { authorize: () => Promise.try(decide) } satisfies Authorizer,
];
function failWith(error: unknown): () => never {
  return () => {
    throw error;
  };
}

const CASES: readonly Case[] = [
  { name: 'a list', status: 200 },
  { name: 'an item', status: 200, path: `${TREES}/one` },
  {
    name: 'a table',
    status: 200,
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  },
  { name: 'what is not there', status: 404, path: `${TREES}/none` },
  { name: 'a wrong option', status: 400, path: `${TREES}?limit=x` },
  { name: 'a form that there is not', status: 406, headers: { accept: 'image/png' } },
  {
    name: 'a bug',
    status: 500,
    path: `${TREES}/one`,
    parts: { groups: [groupWith(failWith(new TypeError('oh')))] },
  },
  {
    name: 'a refusal of the resource',
    status: 404,
    path: `${TREES}/one`,
    parts: { groups: [groupWith(failWith(notFound('g', 'trees', 'one')))] },
  },
  ...authenticators(() => aUser('bob')).map((authenticator) => ({
    name: 'a user',
    status: 200,
    parts: { authenticator },
  })),
  ...authenticators(() => undefined).map((authenticator) => ({
    name: 'nobody',
    status: 401,
    parts: { authenticator },
  })),
  ...authenticators(failWith(lost)).map((authenticator) => ({
    name: 'bad credentials',
    status: 401,
    parts: { authenticator },
  })),
  ...authenticators(failWith(unknown)).map((authenticator) => ({
    name: 'a bug in authentication',
    status: 500,
    parts: { authenticator },
  })),
  ...authorizers(() => ({ allowed: true })).map((authorizer) => ({
    name: 'who may',
    status: 200,
    parts: { authorizer },
  })),
  ...authorizers(() => ({ allowed: false, reason: 'no' })).map((authorizer) => ({
    name: 'who may not',
    status: 403,
    parts: { authorizer },
  })),
  ...authorizers(failWith(unknown)).map((authorizer) => ({
    name: 'nobody could decide',
    status: 500,
    parts: { authorizer },
  })),
];

/** Everything but moments and ids, and the host that an error tells again. */
function comparable({ status, headers, body, bytes }: Reply) {
  const { date, 'audit-id': id, 'content-length': length, ...others } = headers;
  expect(date).toBeDefined();
  expect(length).toBe(`${bytes.length}`);
  expect(id).toMatch(/^[\da-f-]{36}$/);
  const text = body.replaceAll(/"creationTimestamp":"[^"]*"/g, '').replaceAll(HOST, '');
  return { status, headers: others, text };
}

describe('a request for a resource', () => {
  test.each(CASES)(
    'is answered alike with and without a router: $name',
    async ({ status, path = TREES, headers = {}, parts = {} }) => {
      await using app = await serveApp({ groups, ...parts });

      const without = await app.ask({ path, headers });
      const logged = [...app.logged];
      const withOne = await app.ask({ path: `${HOST}${path}`, headers });

      expect(comparable(without)).toEqual(comparable(withOne));
      expect(without.status).toBe(status);
      expect(app.logged).toEqual([...logged, ...logged]);
    },
  );

  test('that fails where its failure is answered ends its connection, and nothing else', async () => {
    const failure = notFound('g', 'trees', 'one');
    Object.defineProperty(failure, 'code', { get: failWith(new TypeError('no code')) });
    await using app = await serveApp({ groups: [groupWith(failWith(failure))] });

    for (const host of ['', HOST]) {
      await expect(app.ask(`${host}${TREES}/one`)).rejects.toThrow('socket hang up');
    }
    expect(app.logged).toEqual(Array(2).fill('Could not answer a failed request: no code'));
    expect((await app.ask(TREES)).status).toBe(200);
  });
});
