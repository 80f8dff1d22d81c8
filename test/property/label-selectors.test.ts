import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseLabelSelector } from '../../src/apimachinery/label-selector.ts';
import type { LabelSelector } from '../../src/apimachinery/label-selector.ts';
import { SelectorError } from '../../src/apimachinery/selector-error.ts';
import { labelSelectors, labelSets } from './cases/label-selectors.ts';
import { labelsMatch, readLabelSelector } from './references/label-selector.ts';
import type { Requirement } from './references/label-selector.ts';
import { forAll } from '../support/properties.ts';

function parsed(text: string): LabelSelector | undefined {
  try {
    return parseLabelSelector(text);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

function comparable({ requirements }: LabelSelector): Requirement[] {
  return requirements.map(({ key, operator, values }) => [
    key,
    operator === '==' ? '=' : operator,
    values,
  ]);
}

describe('label selectors', () => {
  test('are read or refused as the grammar says, and mean what it says', () => {
    forAll(fc.tuple(labelSelectors, labelSets), ([text, labels]) => {
      const expected = readLabelSelector(text);

      const selector = parsed(text);

      expect(selector && comparable(selector)).toEqual(expected);
      expect(selector?.matches(labels)).toBe(expected && labelsMatch(expected, labels));
    });
  });
});
