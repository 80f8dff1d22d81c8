import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LabelSet, LabelSetInterner } from '../../../src/apimachinery/label-set.ts';

describe('LabelSet', () => {
  test('keeps keys in byte order, with their values', () => {
    const labels = LabelSet.of([
      ['b', '2'],
      ['a', '1'],
      ['\u{1F600}', 'four bytes'],
      ['\uff5e', 'three bytes'],
      ['B', '3'],
    ]);

    expect(labels.entries()).toEqual([
      ['B', '3'],
      ['a', '1'],
      ['b', '2'],
      ['\uff5e', 'three bytes'],
      ['\u{1F600}', 'four bytes'],
    ]);
  });

  test('is written as a JSON object, escaped as Go does', () => {
    expect(
      LabelSet.of([
        ['b', '<2>'],
        ['a', '1'],
      ]).json,
    ).toBe(String.raw`{"a":"1","b":"\u003c2\u003e"}`);
    expect(LabelSet.empty.json).toBe('{}');
  });

  test('finds only its own keys', () => {
    const labels = LabelSet.of([['a', '']]);

    expect([labels.get('a'), labels.has('a')]).toEqual(['', true]);
    expect([labels.get('constructor'), labels.has('constructor')]).toEqual([undefined, false]);
  });

  test('keeps keys that are numbers in byte order, too', () => {
    const labels = LabelSet.of([
      ['9', 'nine'],
      ['10', 'ten'],
    ]);

    expect(labels.json).toBe('{"10":"ten","9":"nine"}');
    expect(labels.entries().map(([key]) => key)).toEqual(['10', '9']);
  });

  test('finds what it was made of, whatever keys and values hold, as a map does', () => {
    const text = fc.oneof(
      fc.stringMatching(/^[a-z./-]{0,3}$/),
      fc.string({ unit: fc.constantFrom('a', '"', ':', ',', '{', '}', '\\', 'é', '<') }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), text, (entries, other) => {
        const labels = LabelSet.of(entries);
        const known = new Map(entries);

        for (const key of [...known.keys(), other]) {
          expect(labels.get(key)).toBe(known.get(key));
          expect(labels.has(key)).toBe(known.has(key));
        }
        expect(new Map(labels.entries())).toEqual(known);
        expect(labels.size).toBe(known.size);
      }),
    );
  });

  test('lets the last of equal keys win', () => {
    const labels = LabelSet.of([
      ['a', '1'],
      ['a', '2'],
    ]);

    expect([labels.size, labels.get('a')]).toEqual([1, '2']);
  });
});

describe('LabelSetInterner', () => {
  test('gives equal labels one set, in whatever order they come', () => {
    const interner = new LabelSetInterner();

    const first = interner.intern([
      ['a', '1'],
      ['b', '2'],
    ]);
    const second = interner.intern([
      ['b', '2'],
      ['a', '1'],
    ]);

    expect(second).toBe(first);
    expect(interner.size).toBe(1);
  });

  test('forgets a set when its last holder has released it', () => {
    const interner = new LabelSetInterner();
    const held = interner.intern([['a', '1']]);
    interner.intern([['a', '1']]);

    interner.release(held);
    expect(interner.size).toBe(1);
    interner.release(held);

    expect(interner.size).toBe(0);
    expect(() => {
      interner.release(held);
    }).toThrow('Cannot release labels: not held');
  });

  test('does not count the empty set', () => {
    const interner = new LabelSetInterner();
    const none = interner.intern([]);

    interner.release(none);

    expect(none).toBe(LabelSet.empty);
    expect(interner.size).toBe(0);
  });
});
