import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mergedAfter } from '../../../src/kube/merged-names.ts';

interface Entry {
  readonly name: string;
}

const parts = fc
  .uniqueArray(fc.stringMatching(/^[a-c.-]{1,4}$/), { maxLength: 60 })
  .chain((names) =>
    fc
      .array(fc.nat({ max: 9 }), { minLength: names.length, maxLength: names.length })
      .map((places) =>
        Array.from({ length: 10 }, (_, place) =>
          names
            .filter((_name, at) => places[at] === place)
            .sort()
            .map((name): Entry => ({ name })),
        ),
      ),
  );

describe('mergedAfter', () => {
  test('gives what sorting all parts would give, from any name on', () => {
    fc.assert(
      fc.property(parts, fc.option(fc.stringMatching(/^[a-c.-]{0,4}$/)), (lists, after) => {
        const all = lists.flat().map(({ name }) => name);
        const expected = all.sort().filter((name) => after === null || name > after);

        const merged = [...mergedAfter(lists, after ?? undefined)];

        expect(merged.map(({ name }) => name)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('reads of long parts only what is taken', () => {
    let read = 0;
    const lists = ['a', 'b', 'c'].map((letter) =>
      Array.from({ length: 10_000 }, (_, at) => ({
        get name() {
          read++;
          return `${String(at).padStart(5, '0')}${letter}`;
        },
      })),
    );

    const merged = mergedAfter(lists, '05000a');
    const taken = Array.from({ length: 6 }, () => merged.next().value as unknown as Entry);

    expect(taken.map(({ name }) => name)).toEqual([
      '05000b',
      '05000c',
      '05001a',
      '05001b',
      '05001c',
      '05002a',
    ]);
    expect(read).toBeLessThan(150);
  });
});
