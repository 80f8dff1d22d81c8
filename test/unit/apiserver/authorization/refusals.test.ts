import { describe, expect, test } from '@jest/globals';
import { Refusals } from '../../../../src/apiserver/authorization/refusals.ts';
import { handClock } from '../authentication/peers.ts';

describe('Refusals', () => {
  test.each([
    { name: 'the usual time', keptMs: 10_000, doubted: 10 },
    { name: 'a long time', keptMs: 300_000, doubted: 10 },
    { name: 'a short time', keptMs: 2_500, doubted: 3 },
  ])(
    'of what was allowed are kept for a second at first, then for $name',
    ({ keptMs, doubted }) => {
      const clock = handClock();
      const refusals = new Refusals({ maxEntries: 8, keptMs, clock });
      refusals.allowed('bob');

      for (let second = 0; second < doubted; second++) {
        expect(refusals.refused('bob')).toBe(1_000);
        clock.advance(1_000);
      }
      expect(refusals.refused('bob')).toBe(keptMs);
      clock.advance(keptMs);
      expect(refusals.refused('bob')).toBe(keptMs);
    },
  );

  test.each([0, 400])('are never kept for longer than %i ms where that was asked for', (keptMs) => {
    const refusals = new Refusals({ maxEntries: 8, keptMs, clock: handClock() });
    refusals.allowed('bob');

    expect(refusals.refused('bob')).toBe(keptMs);
  });

  test('of what was not allowed before, or too long ago to be remembered, are not doubted', () => {
    const refusals = new Refusals({ maxEntries: 2, keptMs: 10_000, clock: handClock() });
    for (const key of ['bob', 'eve', 'ann']) refusals.allowed(key);

    expect(refusals.refused('bob')).toBe(10_000);
    expect(refusals.refused('joe')).toBe(10_000);
    expect(refusals.refused('eve')).toBe(1_000);
  });

  test('of what is allowed again are doubted anew', () => {
    const clock = handClock();
    const refusals = new Refusals({ maxEntries: 8, keptMs: 10_000, clock });
    refusals.allowed('bob');
    refusals.refused('bob');
    clock.advance(9_000);
    refusals.allowed('bob');

    clock.advance(9_000);
    expect(refusals.refused('bob')).toBe(1_000);
  });
});
