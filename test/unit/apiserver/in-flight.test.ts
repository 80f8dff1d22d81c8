import { describe, expect, test } from '@jest/globals';
import { InFlightLimit } from '../../../src/apiserver/in-flight.ts';

describe('InFlightLimit', () => {
  test('gives a place back when its holder leaves', () => {
    const limit = new InFlightLimit({ readOnly: 1, mutating: 1 });
    const leave = limit.enter('list', false);

    expect(limit.enter('get', false)).toBeUndefined();
    leave?.();
    expect(limit.enter('watch', false)).toBeDefined();
    expect(limit.counts).toEqual({ readOnly: 1, mutating: 0 });
  });

  test.each(['create', 'delete', 'post', 'head', ''])('"%s" does not crowd out readers', (verb) => {
    const limit = new InFlightLimit({ readOnly: 1, mutating: 1 });
    limit.enter(verb, false);

    expect(limit.enter(verb, false)).toBeUndefined();
    expect(limit.enter('get', false)).toBeDefined();
  });

  test('lets the exempt in when it is full, without counting them', () => {
    const limit = new InFlightLimit({ readOnly: 1, mutating: 1 });
    limit.enter('get', false);
    const leave = limit.enter('get', true);

    expect(leave).toBeDefined();
    leave?.();
    expect(limit.counts.readOnly).toBe(1);
  });

  test('0 means no limit', () => {
    const limit = new InFlightLimit({ readOnly: 0, mutating: 0 });
    for (let at = 0; at < 1000; at++) expect(limit.enter('get', false)).toBeDefined();
    expect(limit.counts.readOnly).toBe(1000);
  });
});

describe('the peaks of what is in flight', () => {
  test('are remembered for about a second, and a long request for as long as it takes', () => {
    let nowMs = 0;
    const limit = new InFlightLimit({ readOnly: 0, mutating: 0 }, () => nowMs);

    const leaves = [limit.enter('get', false), limit.enter('list', false)];
    limit.enter('post', false);
    for (const leave of leaves) leave?.();
    const seen = [0, 999, 1000, 1999, 2000, 9000].map((atMs) => {
      nowMs = atMs;
      return limit.peaks;
    });

    expect(seen.map(({ readOnly }) => readOnly)).toEqual([2, 2, 2, 2, 0, 0]);
    expect(seen.map(({ mutating }) => mutating)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('know what was in flight when nobody looked for long', () => {
    let nowMs = 0;
    const limit = new InFlightLimit({ readOnly: 0, mutating: 0 }, () => nowMs);
    const leave = limit.enter('get', false);

    nowMs = 7500;
    leave?.();

    expect(limit.peaks.readOnly).toBe(1);
  });
});
