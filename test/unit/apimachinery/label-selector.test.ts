import { describe, expect, test } from '@jest/globals';
import { parseLabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { LabelSet } from '../../../src/apimachinery/label-set.ts';
import { SelectorError } from '../../../src/apimachinery/selector-error.ts';

const KEY_SYNTAX =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_SYNTAX =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

describe('parseLabelSelector', () => {
  test.each<[string, object[]]>([
    ['', []],
    [' \t\r\n', []],
    ['app', [{ key: 'app', operator: 'exists', values: [] }]],
    ['!app', [{ key: 'app', operator: '!', values: [] }]],
    ['a=b', [{ key: 'a', operator: '=', values: ['b'] }]],
    ['a==b', [{ key: 'a', operator: '==', values: ['b'] }]],
    ['a=', [{ key: 'a', operator: '=', values: [''] }]],
    ['a!=', [{ key: 'a', operator: '!=', values: [''] }]],
    ['zone in ()', [{ key: 'zone', operator: 'in', values: [''] }]],
    ['zone in (,)', [{ key: 'zone', operator: 'in', values: [''] }]],
    ['zone in (b, a,b)', [{ key: 'zone', operator: 'in', values: ['a', 'b'] }]],
    ['zone notin (a,,b)', [{ key: 'zone', operator: 'notin', values: ['', 'a', 'b'] }]],
    ['in in (in,notin)', [{ key: 'in', operator: 'in', values: ['in', 'notin'] }]],
    ['notin', [{ key: 'notin', operator: 'exists', values: [] }]],
    ['cores>4', [{ key: 'cores', operator: 'gt', values: ['4'] }]],
    ['cores<4', [{ key: 'cores', operator: 'lt', values: ['4'] }]],
    [
      'a=1, example.com/b ,!c',
      [
        { key: 'a', operator: '=', values: ['1'] },
        { key: 'example.com/b', operator: 'exists', values: [] },
        { key: 'c', operator: '!', values: [] },
      ],
    ],
  ])('reads %j', (text, requirements) => {
    expect(parseLabelSelector(text).requirements).toEqual(requirements);
  });

  test.each([
    ['zone in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['zone in (a,', "unable to parse requirement: found '', expected: ',', or identifier"],
    ['zone in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    ['zone in a', "unable to parse requirement: found 'a' expected: '('"],
    ['=', "found '=', expected: !, identifier, or 'end of string'"],
    [',', "found ',', expected: !, identifier, or 'end of string'"],
    ['zone,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['!!a', "unable to parse requirement: found '!', expected: identifier"],
    ['a===b', "unable to parse requirement: found '=', expected: identifier"],
    ['a=(b', "unable to parse requirement: found '(', expected: identifier"],
    [
      'a>x',
      `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
    ['-a=b', `unable to parse requirement: <nil>: Invalid value: "-a": name part ${KEY_SYNTAX}`],
    [
      'foo/bar/baz=b',
      `unable to parse requirement: <nil>: Invalid value: "foo/bar/baz": a valid label key ${KEY_SYNTAX} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ],
    [
      'foo="x"',
      `unable to parse requirement: values[0][foo]: Invalid value: "\\"x\\"": ${VALUE_SYNTAX}`,
    ],
    [
      `app=${'x'.repeat(64)}`,
      `unable to parse requirement: values[0][app]: Invalid value: "${'x'.repeat(64)}": must be no more than 63 bytes`,
    ],
    [
      'a in (-x,ok,y-)',
      `unable to parse requirement: [values[0][a]: Invalid value: "-x": ${VALUE_SYNTAX}, values[2][a]: Invalid value: "y-": ${VALUE_SYNTAX}]`,
    ],
    [
      '/a',
      `unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty`,
    ],
    [
      'a/',
      `unable to parse requirement: <nil>: Invalid value: "a/": name part must be non-empty; name part ${KEY_SYNTAX}`,
    ],
  ])('refuses %j with the words of Go', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(new SelectorError(message));
  });
});

describe('LabelSelector', () => {
  const labels = LabelSet.of([
    ['app', 'web'],
    ['cores', '8'],
    ['canary', ''],
  ]);

  test.each([
    ['', true],
    ['app', true],
    ['constructor', false],
    ['!app', false],
    ['!other', true],
    ['app=web', true],
    ['app==db', false],
    ['app!=web', false],
    ['app!=db', true],
    ['other!=db', true],
    ['app in (db,web)', true],
    ['other in (db)', false],
    ['other in ()', false],
    ['canary in ()', true],
    ['canary=', true],
    ['app notin (web)', false],
    ['other notin (web)', true],
    ['cores>7', true],
    ['cores>8', false],
    ['cores<9', true],
    ['app>1', false],
    ['other<1', false],
    ['app=web,cores>7,!other', true],
    ['app=web,other', false],
  ])('of %j matches: %j', (text, expected) => {
    expect(parseLabelSelector(text).matches(labels)).toBe(expected);
  });

  test('is everything only when it requires nothing', () => {
    expect(parseLabelSelector('').isEverything).toBe(true);
    expect(parseLabelSelector('a').isEverything).toBe(false);
  });
});
