import { describe, expect, test } from '@jest/globals';
import {
  isImpersonationHeader,
  wantedUser,
} from '../../../../src/apiserver/impersonation/wanted-user.ts';

const wanted = (...raw: string[]) => wantedUser(raw);

describe('wantedUser', () => {
  test.each([
    { raw: [] },
    { raw: ['Accept', 'x', 'X-Impersonate-User', 'y'] },
    { raw: ['Impersonate-User', '', 'Impersonate-Uid', ''] },
    // The first line counts, as for every header that is not a list.
    { raw: ['Impersonate-User', '', 'Impersonate-User', 'viewer'] },
  ])('is nobody without the headers: $raw', ({ raw }) => {
    expect(wanted(...raw)).toBeUndefined();
  });

  test('reads every header in any case, the first user and UID, all groups and extras in order', () => {
    const user = wanted(
      ...['impersonate-USER', 'ada', 'Impersonate-User', 'eve'],
      ...['Impersonate-Uid', '7', 'Impersonate-Uid', '8'],
      ...['Impersonate-Group', 'a,b', 'IMPERSONATE-GROUP', '', 'Impersonate-Group', 'a,b'],
      ...['Impersonate-Extra-Scopes', 'x', 'Impersonate-Extra-scopes', 'y'],
    );

    expect(user).toEqual({
      name: 'ada',
      uid: '7',
      groups: ['a,b', '', 'a,b'],
      extra: new Map([['scopes', ['x', 'y']]]),
    });
  });

  test.each([
    { header: 'Impersonate-Extra-Acme.io%2FScopes', key: 'acme.io/scopes' },
    { header: 'Impersonate-Extra-%46oo', key: 'Foo' },
    { header: 'Impersonate-Extra-a+b', key: 'a+b' },
    { header: 'Impersonate-Extra-Bad%zz', key: 'bad%zz' },
    { header: 'Impersonate-Extra-', key: '' },
    { header: 'Impersonate-Extra-__proto__', key: '__proto__' },
    { header: 'Impersonate-Extra-Constructor', key: 'constructor' },
  ])('lower-cases and then decodes the key of $header', ({ header, key }) => {
    expect(wanted('Impersonate-User', 'ada', header, 'v')?.extra).toEqual(new Map([[key, ['v']]]));
  });

  test('reads names as UTF-8', () => {
    const name = Buffer.from('jürgen').toString('latin1');

    expect(wanted('Impersonate-User', name)?.name).toBe('jürgen');
  });

  test.each([
    {
      raw: ['Impersonate-Uid', 'x'], // recorded exchange 507
      user: '&user.DefaultInfo{Name:"", UID:"x", Groups:[]string(nil), Extra:map[string][]string(nil)}',
    },
    {
      raw: ['Impersonate-Group', 'a', 'Impersonate-Group', 'h"\\'],
      user: '&user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a", "h\\"\\\\"}, Extra:map[string][]string(nil)}',
    },
    {
      raw: ['Impersonate-Group', ''],
      user: '&user.DefaultInfo{Name:"", UID:"", Groups:[]string{""}, Extra:map[string][]string(nil)}',
    },
    {
      raw: ['Impersonate-Extra-Z', '1', 'Impersonate-Extra-a', '2', 'Impersonate-Extra-A', '3'],
      user: '&user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"2", "3"}, "z":[]string{"1"}}}',
    },
    {
      raw: ['Impersonate-User', '', 'Impersonate-Extra-', ''],
      user: '&user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"":[]string{""}}}',
    },
  ])('is a bad request without a user name: $raw', ({ raw, user }) => {
    expect(() => wanted(...raw)).toThrow(
      expect.objectContaining({
        code: 400,
        reason: 'BadRequest',
        message: `requested ${user} without impersonating a user name`,
        details: undefined,
      }),
    );
  });
});

test.each([
  { name: 'impersonate-user', is: true },
  { name: 'impersonate-uid', is: true },
  { name: 'impersonate-group', is: true },
  { name: 'impersonate-extra-', is: true },
  { name: 'impersonate-extra-a%2fb', is: true },
  { name: 'impersonate-extra', is: false },
  { name: 'impersonate-users', is: false },
  { name: 'x-impersonate-user', is: false },
])('isImpersonationHeader($name) is $is', ({ name, is }) => {
  expect(isImpersonationHeader(name)).toBe(is);
});
