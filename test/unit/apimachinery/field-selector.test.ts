import { describe, expect, test } from '@jest/globals';
import { parseFieldSelector, parseFieldTerms } from '../../../src/apimachinery/field-selector.ts';
import { SelectorError } from '../../../src/apimachinery/selector-error.ts';

const SUPPORTED = ['metadata.name', 'metadata.namespace'];
const UNKNOWN = 'is not a known field selector: only "metadata.name", "metadata.namespace"';

describe('parseFieldSelector', () => {
  test.each<[string, object[]]>([
    ['', []],
    [',', []],
    ['=,!=,==', []],
    ['metadata.name=a', [{ field: 'metadata.name', operator: '=', value: 'a' }]],
    ['metadata.name==a', [{ field: 'metadata.name', operator: '=', value: 'a' }]],
    ['metadata.name!=a', [{ field: 'metadata.name', operator: '!=', value: 'a' }]],
    ['metadata.name=', [{ field: 'metadata.name', operator: '=', value: '' }]],
    [',metadata.name=a,', [{ field: 'metadata.name', operator: '=', value: 'a' }]],
    [
      String.raw`metadata.name=a\,b\=c\\d`,
      [{ field: 'metadata.name', operator: '=', value: 'a,b=c\\d' }],
    ],
  ])('reads %j', (text, requirements) => {
    expect(parseFieldSelector(text, SUPPORTED).requirements).toEqual(requirements);
  });

  test.each([
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['spec.foo=x', `"spec.foo" ${UNKNOWN}`],
    ['status.phase!=Running', `"status.phase" ${UNKNOWN}`],
    ['metadata.labels.x=1', `"metadata.labels.x" ${UNKNOWN}`],
    ['=x', `"" ${UNKNOWN}`],
    ['z=1,b=2', `"b" ${UNKNOWN}`],
    [
      String.raw`metadata.name=no\de1`,
      String.raw`invalid field selector: invalid escape sequence: \d`,
    ],
    ['metadata.name=a\\', 'invalid field selector: invalid escape sequence: \\'],
    ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
  ])('refuses %j with the words of Go', (text, message) => {
    expect(() => parseFieldSelector(text, SUPPORTED)).toThrow(new SelectorError(message));
  });
});

describe('parseFieldTerms', () => {
  test('takes any field', () => {
    expect(parseFieldTerms('spec.nodeName=n1').requirements).toEqual([
      { field: 'spec.nodeName', operator: '=', value: 'n1' },
    ]);
  });

  test('refuses what is no term', () => {
    expect(() => parseFieldTerms('spec')).toThrow(SelectorError);
  });
});

describe('FieldSelector', () => {
  const fields = new Map([
    ['metadata.name', 'web-0'],
    ['metadata.namespace', 'default'],
  ]);
  const valueOf = (field: string): string => fields.get(field) ?? '';

  test.each([
    ['', true],
    ['metadata.name=web-0', true],
    ['metadata.name!=web-0', false],
    ['metadata.name=web-0,metadata.namespace=default', true],
    ['metadata.name=web-0,metadata.namespace=other', false],
    ['metadata.name=web-0,metadata.name=web-1', false],
    ['metadata.name=', false],
  ])('of %j matches: %j', (text, expected) => {
    expect(parseFieldSelector(text, SUPPORTED).matches(valueOf)).toBe(expected);
  });

  test.each([
    ['', undefined],
    ['metadata.name=a', 'a'],
    ['metadata.namespace=b,metadata.name==a', 'a'],
    ['metadata.name!=a', undefined],
    ['metadata.name=', ''],
  ])('of %j pins the name to %j', (text, expected) => {
    expect(parseFieldTerms(text).requiresExactMatch('metadata.name')).toBe(expected);
  });
});
