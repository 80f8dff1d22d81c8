import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { readContinueToken, writeContinueToken } from '../../../src/apiserver/continue-token.ts';
import type { PagedList } from '../../../src/apiserver/continue-token.ts';

const ALL_PODS: PagedList = { resource: 'pods.metrics.k8s.io', namespace: '' };
const TEAM_A: PagedList = { ...ALL_PODS, namespace: 'team-a' };
const NODES: PagedList = { resource: 'nodes.metrics.k8s.io', namespace: '' };

function refusal(token: string, list: PagedList): object {
  try {
    readContinueToken(token, list);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const { code, reason, message } = error;
    return { code, reason, message };
  }
  throw new Error('expected a refusal');
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('a continue token', () => {
  test('says what it was made of, in characters that a URL takes as they are', () => {
    const key = fc.record({
      namespace: fc.string({ unit: 'grapheme' }),
      name: fc.string({ unit: 'grapheme', minLength: 1 }),
    });
    const remaining = fc.option(fc.maxSafeNat(), { nil: undefined });
    fc.assert(
      fc.property(key, remaining, (after, left) => {
        const token = writeContinueToken(ALL_PODS, { after, remaining: left });

        expect(token).toMatch(/^[\w-]+$/);
        expect(readContinueToken(token, ALL_PODS)).toEqual({ after, remaining: left });
      }),
    );
  });

  test('stays as it is: clients carry it from one version of this server to the next', () => {
    const after = { namespace: 'team-a', name: 'web-0' };
    const token = writeContinueToken(TEAM_A, { after, remaining: 7 });

    expect(Buffer.from(token, 'base64url').toString()).toBe(
      '{"v":1,"of":"pods.metrics.k8s.io","in":"team-a","after":["team-a","web-0"],"left":7}',
    );
  });

  const valid = {
    v: 1,
    of: 'pods.metrics.k8s.io',
    in: 'team-a',
    after: ['team-a', 'web-0'],
    left: 7,
  };

  test.each([
    {
      name: 'a character of no alphabet',
      token: 'ab=c',
      problem: 'illegal base64 data at input byte 2',
    },
    { name: 'plain base64', token: 'a+/c', problem: 'illegal base64 data at input byte 1' },
    { name: 'half a byte', token: 'abcde', problem: 'illegal base64 data at input byte 4' },
    { name: 'a line break', token: 'ab\n', problem: 'illegal base64 data at input byte 2' },
    { name: 'what is not JSON', token: 'abc', problem: 'it is not JSON' },
    { name: 'one cut off', token: encoded(valid).slice(0, -2), problem: 'it is not JSON' },
    { name: 'a list', token: encoded([valid]), problem: 'it is not a JSON object' },
    { name: 'null', token: encoded(null), problem: 'it is not a JSON object' },
    {
      name: 'no version',
      token: encoded({ ...valid, v: undefined }),
      problem: 'it has no version',
    },
    {
      name: 'another resource',
      token: encoded({ ...valid, of: 'nodes.metrics.k8s.io' }),
      problem: 'it is of another resource',
    },
    {
      name: 'no resource',
      token: encoded({ ...valid, of: undefined }),
      problem: 'it is of another resource',
    },
    {
      name: 'another namespace',
      token: encoded({ ...valid, in: 'team-b' }),
      problem: 'it is of another namespace',
    },
    {
      name: 'all namespaces',
      token: encoded({ ...valid, in: '' }),
      problem: 'it is of another namespace',
    },
    {
      name: 'no key',
      token: encoded({ ...valid, after: undefined }),
      problem: 'it has no start key',
    },
    {
      name: 'a key of one part',
      token: encoded({ ...valid, after: ['web-0'] }),
      problem: 'it has no start key',
    },
    {
      name: 'an empty name',
      token: encoded({ ...valid, after: ['team-a', ''] }),
      problem: 'it has no start key',
    },
    {
      name: 'a key of numbers',
      token: encoded({ ...valid, after: [1, 2] }),
      problem: 'it has no start key',
    },
    {
      name: 'a key elsewhere',
      token: encoded({ ...valid, after: ['team-b', 'x'] }),
      problem: 'it has no start key',
    },
    {
      name: 'a negative count',
      token: encoded({ ...valid, left: -1 }),
      problem: 'it has no count of what remains',
    },
    {
      name: 'half a count',
      token: encoded({ ...valid, left: 0.5 }),
      problem: 'it has no count of what remains',
    },
    {
      name: 'null as count',
      token: encoded({ ...valid, left: null }),
      problem: 'it has no count of what remains',
    },
  ])('with $name is a bad request', ({ token, problem }) => {
    expect(refusal(token, TEAM_A)).toEqual({
      code: 400,
      reason: 'BadRequest',
      message: `invalid continue token: continue key is not valid: ${problem}`,
    });
  });

  test('of one list is not good for another', () => {
    const after = { namespace: '', name: 'alpha' };
    const token = writeContinueToken(NODES, { after, remaining: undefined });

    expect(refusal(token, ALL_PODS)).toMatchObject({ code: 400 });
    expect(readContinueToken(token, NODES).after).toEqual(after);
  });

  test.each([
    { name: 'a later version', token: encoded({ ...valid, v: 2 }) },
    { name: 'a version that holds something else', token: encoded({ v: 0 }) },
    {
      name: 'a token of kube-apiserver',
      token: encoded({ v: 'meta.k8s.io/v1', rv: 5, start: 'web-0' }),
    },
  ])('of $name has expired: clients list anew', ({ token }) => {
    expect(refusal(token, TEAM_A)).toEqual({
      code: 410,
      reason: 'Expired',
      message:
        'The provided continue parameter is too old to display a consistent list result. ' +
        'You can start a new list without the continue parameter.',
    });
  });

  test('is refused or read, whatever it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
      fc
        .record(
          {
            v: fc.constantFrom<unknown>(1, 1, 1, 2, '1', null),
            of: fc.constantFrom('pods.metrics.k8s.io', 'x'),
            in: fc.constantFrom<unknown>('team-a', '', 0),
            after: fc.oneof(
              fc.constant(['team-a', 'b']),
              fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
            ),
            left: fc.oneof(fc.nat(), fc.double(), fc.string()),
          },
          { requiredKeys: [] },
        )
        .map(encoded),
    );
    const answers = new Set<unknown>();
    fc.assert(
      fc.property(text, (token) => {
        try {
          answers.add(readContinueToken(token, TEAM_A).after.namespace);
        } catch (error) {
          if (!(error instanceof StatusError)) throw error;
          answers.add(error.code);
        }
      }),
      { numRuns: 10_000, seed: 1 },
    );
    expect(answers).toEqual(new Set(['team-a', 400, 410]));
  });
});
