import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitCommaList } from '../../../src/config/comma-list.ts';

describe('splitCommaList', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [',', ['', '']],
    ['a,', ['a', '']],
    [' a, b ', [' a', ' b ']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a ""quoted"" word"', ['a "quoted" word']],
    ['""', ['']],
    ['"two\nlines",b', ['two\nlines', 'b']],
    ['a\nb', ['a']],
    ['\n\na', ['a']],
  ])('splits %j', (text, values) => {
    expect(splitCommaList(text)).toEqual(values);
  });

  test.each([
    ['a"b', 'parse error on line 1, column 2: bare " in non-quoted-field'],
    ['é,a"b', 'parse error on line 1, column 5: bare " in non-quoted-field'],
    ['"a"b', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'],
    ['"a', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'],
    ['\n', 'EOF'],
  ])('refuses %j with the words of Go', (text, message) => {
    expect(() => splitCommaList(text)).toThrow(new SyntaxError(message));
  });

  test('gives back any values that were quoted and joined', () => {
    const value = fc.string().map((text) => text.replaceAll('\r\n', '\n'));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (values) => {
        const joined = values.map((text) => `"${text.replaceAll('"', '""')}"`).join(',');
        expect(splitCommaList(joined)).toEqual(values);
      }),
    );
  });
});
