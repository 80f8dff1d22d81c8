import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { indentJson } from '../../../../src/apiserver/encoding/indent-json.ts';

describe('indentJson', () => {
  test('lays out any value as JSON.stringify does with two spaces', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  test('leaves what stands in strings alone, escapes as they are', () => {
    const compact = '{"a":"{\\"b\\":[1,2],\\\\","c\\u003cd":"e:f, g"}';

    expect(indentJson(compact)).toBe(
      '{\n  "a": "{\\"b\\":[1,2],\\\\",\n  "c\\u003cd": "e:f, g"\n}',
    );
  });

  test('indents for the depth at which the text will stand', () => {
    expect(indentJson('{"a":[1]}', 2)).toBe('{\n      "a": [\n        1\n      ]\n    }');
  });
});
