import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quoteJson, toJsonText } from '../../../src/apimachinery/json-text.ts';

const anyText = fc.string({ unit: 'binary' });

describe('quoteJson', () => {
  test.each([
    ['web-0', '"web-0"'],
    ['<a> & b', String.raw`"\u003ca\u003e \u0026 b"`],
    ['"\\/', String.raw`"\"\\/"`],
    ['\b\f\n\r\t\0\x1f', String.raw`"\b\f\n\r\t\u0000\u001f"`],
    ['\x7f\x80\u00e9\u{1F600}', '"\x7f\x80\u00e9\u{1F600}"'],
    ['\u2028\u2029', String.raw`"\u2028\u2029"`],
    ['\ud800x', String.raw`"\ufffdx"`],
    [String.raw`\ud800`, String.raw`"\\ud800"`],
  ])('writes %j as Go does', (text, quoted) => {
    expect(quoteJson(text)).toBe(quoted);
  });

  test('writes any text so that JSON.parse reads it back', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(JSON.parse(quoteJson(text))).toBe(text.toWellFormed());
      }),
    );
  });
});

describe('toJsonText', () => {
  test('escapes every string and key of a value as quoteJson does, and keeps the order of keys', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        expect(toJsonText({ [`k${one}`]: [other], a: 1 })).toBe(
          `{${quoteJson(`k${one}`)}:[${quoteJson(other)}],"a":1}`,
        );
      }),
    );
  });
});
