import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseFieldSelector } from '../../src/apimachinery/field-selector.ts';
import type { FieldSelector } from '../../src/apimachinery/field-selector.ts';
import { SelectorError } from '../../src/apimachinery/selector-error.ts';
import { forAll } from '../support/properties.ts';
import { fieldSelectors, fieldSets } from './cases/field-selectors.ts';
import { readFieldSelector } from './references/field-selector.ts';
import type { Term } from './references/field-selector.ts';

const SUPPORTED = ['metadata.name', 'metadata.namespace'];

function parsed(text: string): FieldSelector | undefined {
  try {
    return parseFieldSelector(text, SUPPORTED);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

/** As a set: the order of terms means nothing. */
function sorted(terms: readonly Term[] | undefined): string[] | undefined {
  return terms?.map((term) => JSON.stringify(term)).sort();
}

describe('field selectors', () => {
  test('are read or refused as the grammar says, and mean what it says', () => {
    forAll(fc.tuple(fieldSelectors, fieldSets), ([text, fields]) => {
      const expected = readFieldSelector(text);

      const selector = parsed(text);

      const terms = selector?.requirements.map(({ field, operator, value }): Term => [
        field,
        operator,
        value,
      ]);
      expect(sorted(terms)).toEqual(sorted(expected));
      if (!expected) return;
      const values = new Map(Object.entries(fields));
      expect(selector?.matches((field) => values.get(field) ?? '')).toBe(
        expected.every(([field, operator, value]) =>
          operator === '=' ? values.get(field) === value : values.get(field) !== value,
        ),
      );
    });
  });
});
