import { describe, expect, test } from '@jest/globals';
import { Query, percentDecode } from '../../../src/apiserver/query.ts';

describe('Query', () => {
  test.each([
    ['a=1&a=2', 'a', '1'],
    ['a', 'a', ''],
    ['a=', 'a', ''],
    ['a=b=c', 'a', 'b=c'],
    ['a+b=c+d', 'a b', 'c d'],
    ['%61=%2B', 'a', '+'],
    ['a=%c3%BC', 'a', 'ü'],
    ['a=%ff', 'a', '\udcff'],
    ['a=%f0%9fx', 'a', '\udcf0\udc9fx'],
    ['a=%zz', 'a', undefined],
    ['a=%2', 'a', undefined],
    ['a%=1', 'a%', undefined],
    ['a=1;b=2', 'a', undefined],
    ['a=1;b&a=2', 'a', '2'],
    ['', '', undefined],
    ['__proto__=1', '__proto__', '1'],
  ])('of "%s", the value of "%s" is %j', (text, name, value) => {
    const query = Query.parse(text);

    expect(query.get(name)).toBe(value);
    expect(query.has(name)).toBe(value !== undefined);
  });
});

describe('percentDecode', () => {
  test.each([
    ['plain', 'plain'],
    ['a+b', 'a+b'],
    ['%E2%82%AC', '€'],
    ['a%2Fb', 'a/b'],
    ['\xc3\xa9%41', 'éA'],
    ['\xc3%a9', 'é'],
    ['%C3\xa9\xa9', 'é\udca9'],
    ['%ed%a0%80', '\udced\udca0\udc80'],
    ['%', undefined],
    ['%4', undefined],
    ['%4g', undefined],
  ])('reads "%s" as %j', (text, decoded) => {
    expect(percentDecode(text)).toBe(decoded);
  });
});
