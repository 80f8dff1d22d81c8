import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CORE_SCHEMA, load } from 'js-yaml';
import { toJsonText } from '../../../../src/apimachinery/json-text.ts';
import { YAML, yamlDocument } from '../../../../src/apiserver/encoding/yaml.ts';
import { compareYamlKeys } from '../../../../src/apiserver/encoding/yaml-keys.ts';

/** What Go's library writes; test/fixtures/apiserver/README.md says where it is from. */
const recorded = JSON.parse(
  readFileSync(new URL('../../../fixtures/apiserver/yaml.json', import.meta.url), 'utf8'),
) as [json: string, yaml: string][];

describe('yamlDocument', () => {
  test('has many examples to be equal to', () => {
    expect(recorded.length).toBeGreaterThan(200);
  });

  test.each(recorded)('writes %s as Go does', (json, yaml) => {
    expect(yamlDocument(JSON.parse(json) as object)).toBe(yaml);
  });

  test('leaves out members without a value, as JSON does', () => {
    expect(yamlDocument({ a: undefined, b: 1 })).toBe('b: 1\n');
    expect(yamlDocument({ a: undefined })).toBe('{}\n');
  });

  test('writes a lone surrogate as U+FFFD', () => {
    expect(yamlDocument({ a: '\udc00b' })).toBe('a: \ufffdb\n');
  });

  // Go's library reads the JSON as YAML first, and fails on the first two and folds the third.
  test.each([
    ['\x7f', '"\\x7F"'],
    ['\x9b', '"\\x9B"'],
    ['a\x85b', '"a\\Nb"'],
  ])('writes %j as an escape', (text, yaml) => {
    expect(yamlDocument({ a: text })).toBe(`a: ${yaml}\n`);
  });

  test('is read back as it was by a library that is not ours', () => {
    const piece = fc.constantFrom(
      ...['a', 'B', '1', '0', '9', '.', '-', '+', '_', 'e', 'x', ':', ': ', ' ', '  ', '\n', '\t'],
      ...['#', ' #', "'", '"', '\\', ',', '[', ']', '{', '}', '?', '!', '&', '*', '|', '>', '%'],
      ...[
        '@',
        '`',
        '~',
        'true',
        'null',
        'no',
        '2026-01-01',
        '0x',
        'é',
        '日',
        '😀',
        '\u00a0',
        'word',
      ],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
      fc.stringMatching(/^[-+]?[\d._:eExobTZ-]{1,12}$/),
      fc.string({ unit: 'grapheme' }),
    );
    const number = fc.oneof(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        text,
        number,
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(text, tie('value'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(text, value, { maxKeys: 5 }), (document) => {
        const plain = JSON.parse(toJsonText(document)) as object;
        expect(load(yamlDocument(plain), { schema: CORE_SCHEMA })).toEqual(plain);
      }),
      { numRuns: 3000, seed: 20_261_121 },
    );
  });
});

describe('YAML', () => {
  const textOf = (item: unknown): string => JSON.stringify(item);

  test.each(['items', 'rows', 'zzz'])('lays out elements one by one below %s', (key) => {
    const members = { apiVersion: 'v1', kind: 'List', metadata: {} };
    const items = [{ b: 1, a: [{ c: 'x\ny' }] }, {}, { a: '1' }];
    const pieces = [...YAML.array({ members, key, whenEmpty: '[]', items, textOf })];

    expect(pieces.join('')).toBe(yamlDocument({ ...members, [key]: items }));
    expect(pieces.length).toBeGreaterThanOrEqual(items.length);
  });

  test.each(['[]', 'null'] as const)('writes %s where there are none', (whenEmpty) => {
    const document = { members: { kind: 'List' }, key: 'items', whenEmpty, items: [], textOf };

    expect([...YAML.array(document)].join('')).toBe(`items: ${whenEmpty}\nkind: List\n`);
  });

  test('may pause', () => {
    const items = [undefined, { a: 1 }, undefined];
    const document = { members: {}, key: 'items', whenEmpty: '[]' as const, items, textOf };

    expect([...YAML.array(document)]).toContain('');
    expect([...YAML.array(document)].join('')).toBe('items:\n- a: 1\n');
  });
});

describe('compareYamlKeys', () => {
  test.each([
    { what: 'numbers by their value', keys: ['app1', 'app2', 'app10', 'app100'] },
    { what: 'letters after everything else', keys: ['', '-', '.', '1', 'A', 'a', 'é'] },
    { what: 'a key before what it begins', keys: ['a', 'a-', 'a1', 'ab'] },
    { what: 'leading zeros by their number', keys: ['a1', 'a01', 'a2', 'a02'] },
    { what: 'zeros inside a number as digits', keys: ['v100', 'v101', 'v110'] },
    { what: 'versions of the API', keys: ['v1', 'v1alpha1', 'v1beta1', 'v2'] },
  ])('puts $what', ({ keys }) => {
    expect([...keys].reverse().sort(compareYamlKeys)).toEqual(keys);
  });
});
