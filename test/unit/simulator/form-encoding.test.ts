import { describe, expect, test } from '@jest/globals';
import { encodeQuery } from '../../../src/simulator/form-encoding.ts';

describe('encodeQuery', () => {
  test.each([
    ['/a%2Fb', '/a%2Fb'],
    ['/a?', '/a'],
    ['/a?b=1&a=2', '/a?a=2&b=1'],
    ['/a?x=2&x=1', '/a?x=2&x=1'],
    ['/a?labelSelector=app in (web,db)', '/a?labelSelector=app+in+%28web%2Cdb%29'],
    ['/a?labelSelector=app%20in%20%28web%29', '/a?labelSelector=app+in+%28web%29'],
    ['/a?x=1+1', '/a?x=1+1'],
    ['/a?x=a~b_c.d-e', '/a?x=a~b_c.d-e'],
    ['/a?watch', '/a?watch='],
    ['/a?bad=%zz&good=1', '/a?good=1'],
    ['/a?one;two=1&good=1', '/a?good=1'],
    ['/a?utf=%C3%A4', '/a?utf=%C3%A4'],
    ['/a?bytes=%ff', '/a?bytes=%FF'],
  ])('sends %s on as %s', (url, expected) => {
    expect(encodeQuery(url)).toBe(expected);
  });
});
