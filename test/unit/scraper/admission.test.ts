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
  const come = (more: number): void => {
    const first = places.length;
    for (let nth = first; nth < first + more; nth++) {
      places.push(admission.enter(() => begun.push(nth)));
    }
  };
  come(count);
  return { admission, begun, come, leave: (nth: number) => places[nth]?.leave() };
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

  test.each([
    { nodes: 1, resolutionMs: 15_000, places: 32 },
    { nodes: 960, resolutionMs: 15_000, places: 32 },
    { nodes: 5_000, resolutionMs: 15_000, places: 167 },
    { nodes: 5_000, resolutionMs: 60_000, places: 42 },
  ])('has $places places for $nodes nodes every $resolutionMs ms', (row) => {
    const { admission, begun, come } = crowd(300);

    admission.carry(row.nodes, row.resolutionMs);
    const atOnce = begun.length;
    come(1);
    const afterOne = begun.length;
    come(200);

    expect([atOnce, afterOne]).toEqual([32, Math.min(33, row.places)]);
    expect(begun).toHaveLength(row.places);
  });

  test('carries 5,000 kubelets that take 400 ms, once in 15 s', () => {
    const admission = new Admission();
    admission.carry(5_000, 15_000);
    let begun = 0;

    for (let nth = 0; nth < 5_000; nth++) {
      const place = admission.enter(() => {
        begun++;
        setTimeout(() => {
          place.leave();
        }, 400);
      });
      jest.advanceTimersByTime(3);
    }

    expect(begun).toBe(5_000);
  });

  test('takes no place back from a scrape when there are fewer nodes', () => {
    const { admission, begun, come, leave } = crowd(300);
    admission.carry(5_000, 15_000);
    come(200);
    admission.carry(100, 15_000);

    for (let nth = 0; nth < 135; nth++) leave(nth);
    const before = begun.length;
    leave(135);

    expect(before).toBe(167);
    expect(begun).toHaveLength(168);
  });

  test('begins nothing more once it is closed', () => {
    const { admission, begun, leave } = crowd(40);

    admission.close();
    leave(0);
    leave(35);
    jest.advanceTimersByTime(1_000);

    expect(begun).toHaveLength(32);
  });
});
