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
