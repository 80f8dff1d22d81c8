import { describe, expect, test } from '@jest/globals';
import { HeaderView } from '../../../../src/apiserver/authentication/header-view.ts';

const view = new HeaderView([
  ...['X-Remote-Group', 'a, b', 'x-REMOTE-group', 'c', 'X-Remote-Group', ''],
  ...['X-Remote-User', 'j\u00c3\u00bcrgen', 'Broken', '\u00ff', '__proto__', 'p'],
]);

describe('HeaderView', () => {
  test('keeps the lines of one name apart, and never splits at commas', () => {
    expect(view.values('x-remote-GROUP')).toEqual(['a, b', 'c', '']);
    expect(view.get('X-REMOTE-GROUP')).toBe('a, b');
  });

  test('reads the bytes of a value as UTF-8', () => {
    expect(view.get('x-remote-user')).toBe('jürgen');
    expect(view.get('broken')).toBe('\udcff');
  });

  test('knows nothing that was not sent', () => {
    expect(view.get('authorization')).toBeUndefined();
    expect(view.values('constructor')).toEqual([]);
    expect(view.get('__proto__')).toBe('p');
  });

  test('finds lines by the beginning of their name', () => {
    expect(view.withPrefix('X-Remote-')).toEqual([
      { rest: 'group', value: 'a, b' },
      { rest: 'group', value: 'c' },
      { rest: 'group', value: '' },
      { rest: 'user', value: 'jürgen' },
    ]);
  });
});
