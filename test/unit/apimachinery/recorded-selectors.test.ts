import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { compareBytes } from '../../../src/apimachinery/byte-order.ts';
import { parseFieldSelector } from '../../../src/apimachinery/field-selector.ts';
import { parseLabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { LabelSet } from '../../../src/apimachinery/label-set.ts';
import { SelectorError } from '../../../src/apimachinery/selector-error.ts';

interface Recorded {
  readonly objects: readonly Readonly<Record<string, string>>[];
  readonly selectors: readonly {
    readonly selector: string;
    readonly error?: string;
    readonly requirements?: readonly (readonly string[])[];
    readonly matches?: string;
  }[];
}

function recorded(name: string): Recorded {
  const url = new URL(`../../fixtures/apimachinery/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Recorded;
}

function titled(selectors: Recorded['selectors']) {
  return selectors.map((expected) => [JSON.stringify(expected.selector), expected] as const);
}

/** The same record as the recorded one; Go hands out requirements in the order of their keys. */
function answerOf(
  selector: string,
  read: () => { requirements: string[][]; matches: boolean[] },
): object {
  try {
    const { requirements, matches } = read();
    const sorted = requirements.sort(([left = ''], [right = '']) => compareBytes(left, right));
    return {
      selector,
      requirements: sorted,
      matches: matches.map((isMatch) => (isMatch ? 'x' : '.')).join(''),
    };
  } catch (error) {
    if (error instanceof SelectorError) return { selector, error: error.message };
    throw error;
  }
}

describe('parseLabelSelector', () => {
  const { objects, selectors } = recorded('label-selectors');
  const labels = objects.map((object) => LabelSet.of(Object.entries(object)));

  test.each(titled(selectors))('makes of %s what Go makes of it', (_, expected) => {
    const answer = answerOf(expected.selector, () => {
      const selector = parseLabelSelector(expected.selector);
      return {
        requirements: selector.requirements.map(({ key, operator, values }) => {
          return [key, operator, ...values];
        }),
        matches: labels.map((set) => selector.matches(set)),
      };
    });

    expect(answer).toEqual(expected);
  });
});

describe('parseFieldSelector', () => {
  const { objects, selectors } = recorded('field-selectors');
  const fields = objects.map((object) => new Map(Object.entries(object)));

  test.each(titled(selectors))('makes of %s what Go makes of it', (_, expected) => {
    const answer = answerOf(expected.selector, () => {
      const selector = parseFieldSelector(expected.selector, [
        'metadata.name',
        'metadata.namespace',
      ]);
      return {
        requirements: selector.requirements.map(({ field, operator, value }) => {
          return [field, operator, value];
        }),
        matches: fields.map((values) => selector.matches((field) => values.get(field) ?? '')),
      };
    });

    expect(answer).toEqual(expected);
  });
});
