import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Admission, type Place } from '../../../src/scraper/admission.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

/** So many scrapes that wait for a place; those that have one, in order. */
function crowd(count: number) {
  const admission = new Admission();
  const begun: number[] = [];
  const places: Place[] = [];
  for (let nth = 0; nth < count; nth++) {
    places.push(admission.enter(() => begun.push(nth)));
  }
  return { begun, leave: (nth: number) => places[nth]?.leave() };
}

describe('Admission', () => {
  test('lets 32 in at once, and one for each that leaves, in order', () => {
    const { begun, leave } = crowd(40);
    const before = begun.length;

    leave(3);
    leave(17);

    expect(before).toBe(32);
    expect(begun.slice(32)).toEqual([32, 33]);
  });

  test('gives the places of the slow ones away after half a second', () => {
    const { begun } = crowd(200);
    const seen = [];

    for (const ms of [499, 1, 500]) {
      jest.advanceTimersByTime(ms);
      seen.push(begun.length);
    }

    expect(seen).toEqual([32, 64, 96]);
  });

  test('counts a slow one once when it ends at last', () => {
    const { begun, leave } = crowd(200);
    jest.advanceTimersByTime(500);

    for (let nth = 0; nth < 32; nth++) leave(nth);

    expect(begun).toHaveLength(64);
  });

  test('forgets one that leaves before its turn', () => {
    const { begun, leave } = crowd(34);

    leave(32);
    leave(0);

    expect(begun.slice(32)).toEqual([33]);
  });

  test('leaves no timer behind', () => {
    const { leave } = crowd(3);

    for (let nth = 0; nth < 3; nth++) leave(nth);

    expect(jest.getTimerCount()).toBe(0);
  });
});
