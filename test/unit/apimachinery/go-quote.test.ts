import { expect, test } from '@jest/globals';
import { goQuote } from '../../../src/apimachinery/go-quote.ts';

test.each([
  ['bob', '"bob"'],
  ['', '""'],
  ['a"b\\c', String.raw`"a\"b\\c"`],
  ['\x07\b\f\n\r\t\v', String.raw`"\a\b\f\n\r\t\v"`],
  ['\0\x1b\x7f', String.raw`"\x00\x1b\x7f"`],
  ['grüße 世界 😀', '"grüße 世界 😀"'],
  ['\u00a0\u200b\u2028', String.raw`"\u00a0\u200b\u2028"`],
  ['\u{e0001}', String.raw`"\U000e0001"`],
  ['\ud800', String.raw`"\ufffd"`],
  ['a\udcff\udc80', String.raw`"a\xff\x80"`],
  ["it's <&>", `"it's <&>"`],
])('goQuote writes %j as strconv.Quote does', (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});
