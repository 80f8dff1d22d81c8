import { describe, expect, test } from '@jest/globals';
import { parseTarget } from '../../../src/apiserver/request-target.ts';

describe('parseTarget', () => {
  test.each([
    ['GET', '/a/b?c=d', '/a/b', 'c=d'],
    ['GET', '/a?', '/a', ''],
    ['GET', '/a??b', '/a', '?b'],
    ['GET', '//a', '//a', ''],
    ['GET', '/a%20b%2Fc', '/a b/c', ''],
    ['GET', '/\xc3\xa9%c3%a9', '/éé', ''],
    ['GET', '/%ff\xfe', '/\udcff\udcfe', ''],
    ['GET', '*', '*', ''],
    ['OPTIONS', '*', '*', ''],
    ['GET', 'http://x', '', ''],
    ['GET', 'http://x?a', '', 'a'],
    ['GET', 'http://x/a?b', '/a', 'b'],
    ['GET', 'http:///a', '/a', ''],
    ['GET', 'http:/a', '/a', ''],
    ['GET', 'http:a?b', '', 'b'],
    ['GET', 'a+b-c.d://x/y', '/y', ''],
    ['GET', 'http://u:p@[::1]:443/y', '/y', ''],
    ['GET', 'http://[fe80::1%25eth0]/y', '/y', ''],
    ['GET', 'http://%c3%a9/y', '/y', ''],
    ['CONNECT', 'x:443', '', ''],
    ['CONNECT', 'x:443/y', '/y', ''],
    ['CONNECT', '/y', '/y', ''],
    ['CONNECT', '', '', ''],
  ])('%s %s is a path of %j and a query of %j', (method, text, path, query) => {
    expect(parseTarget(method, text)).toEqual({ path, query });
  });

  test.each([
    ['GET', ''],
    ['GET', 'a'],
    ['GET', '?a'],
    ['GET', '*?a'],
    ['GET', '*/a'],
    ['GET', '://x/a'],
    ['GET', '1x://x/a'],
    ['GET', '/%'],
    ['GET', '/%4'],
    ['GET', '/%4g'],
    ['GET', 'http://x/%zz'],
    ['GET', 'http://%zz/a'],
    ['GET', 'http://%41/a'],
    ['GET', 'http://x:a/'],
    ['GET', 'http://x:1:2/'],
    ['GET', 'http://a{b/'],
    ['GET', 'http://[::1/a'],
    ['GET', 'http://[::g]/a'],
    ['GET', 'http://[1.2.3.4]/a'],
    ['GET', 'http://u%zz@x/a'],
    ['GET', 'http://u{@x/a'],
    ['CONNECT', 'x:abc'],
  ])('%s %s is none', (method, text) => {
    expect(parseTarget(method, text)).toBeUndefined();
  });
});
