import { expect, test } from '@jest/globals';
import { strayByte, textOfBytes } from '../../../src/apimachinery/byte-text.ts';

test.each([
  ['', ''],
  ['plain', 'plain'],
  ['\xc3\xa9', 'é'],
  ['\xe2\x82\xac', '€'],
  ['\xf0\x9f\x98\x80', '😀'],
  ['\xef\xbf\xbd', '\ufffd'],
  ['\xff', '\udcff'],
  ['\xe2\x82x', '\udce2\udc82x'],
  ['\xc0\xaf', '\udcc0\udcaf'],
  ['\xed\xa0\x80', '\udced\udca0\udc80'],
  ['\xf4\x90\x80\x80', '\udcf4\udc90\udc80\udc80'],
  ['\xf0\x8f\xbf\xbf', '\udcf0\udc8f\udcbf\udcbf'],
])('textOfBytes reads %j as %j', (bytes, text) => {
  expect(textOfBytes(bytes)).toBe(text);
});

test.each([
  [0xdcff, 0xff],
  [0xdc80, 0x80],
  [0xdc7f, undefined],
  [0xdd00, undefined],
  [0xff, undefined],
])('strayByte of %d is %s', (code, byte) => {
  expect(strayByte(code)).toBe(byte);
});
