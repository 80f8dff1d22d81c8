import { describe, expect, test } from '@jest/globals';
import { goPattern } from '../../../src/config/go-pattern.ts';

describe('goPattern', () => {
  test.each([
    {
      pattern: '^https://a\\.test$',
      takes: ['https://a.test'],
      leaves: ['https://a-test', 'https://a.test.b'],
    },
    { pattern: '^https://(?P<host>a|b)$', takes: ['https://b'], leaves: ['https://c'] },
    {
      pattern: '(?i)^https://a(:|$)',
      takes: ['HTTPS://A', 'https://a:8443'],
      leaves: ['https://ab'],
    },
    { pattern: '^https://(?i)a$', takes: ['https://A'], leaves: ['HTTPS://a'] },
    { pattern: '^(?i:https)://a$', takes: ['HTTPS://a'], leaves: ['https://A'] },
    {
      pattern: '^https://\\Qa.b+\\E$',
      takes: ['https://a.b+'],
      leaves: ['https://axb+', 'https://a.bb'],
    },
    { pattern: '\\Ahttps://a\\z', takes: ['https://a'], leaves: ['xhttps://a', 'https://ab'] },
    { pattern: '^https://a{2$', takes: ['https://a{2'], leaves: ['https://aa'] },
    {
      pattern: '^https://[\\w\\-.]+\\.test$',
      takes: ['https://x-y.test'],
      leaves: ['https://x_/y.test'],
    },
  ])('$pattern means what it means in Go', ({ pattern, takes, leaves }) => {
    const translated = RegExp(goPattern(pattern));

    expect(takes.filter((text) => !translated.test(text))).toEqual([]);
    expect(leaves.filter((text) => translated.test(text))).toEqual([]);
  });

  test.each([
    ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
    ['(?!a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?!`'],
    ['(?>a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?>`'],
    ['(a)\\1', 'error parsing regexp: invalid escape sequence: `\\1`'],
    ['a(?i)b|c', 'error parsing regexp: invalid or unsupported Perl syntax: `(?i)`'],
    ['(a', 'error parsing regexp: Invalid regular expression: /(a/: Unterminated group'],
  ])('refuses %s', (pattern, message) => {
    expect(() => goPattern(pattern)).toThrow(message);
  });
});
