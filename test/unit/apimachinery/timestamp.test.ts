import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTimestamp, parseTimestamp } from '../../../src/apimachinery/timestamp.ts';

describe('formatTimestamp', () => {
  test.each([
    [Date.UTC(2026, 0, 1, 0, 0, 50, 123), '2026-01-01T00:00:50Z'],
    [Date.UTC(2026, 0, 1, 0, 1, 0, 987.654321), '2026-01-01T00:01:00Z'],
    [0, '1970-01-01T00:00:00Z'],
    [-1, '1969-12-31T23:59:59Z'],
    [Date.UTC(12026, 0, 1), '12026-01-01T00:00:00Z'],
  ])('writes %d as %s', (ms, text) => {
    expect(formatTimestamp(ms)).toBe(text);
  });

  test('writes every day and any second as a Date does', () => {
    const wrong: number[] = [];
    for (let ms = 0; ms < Date.UTC(2401, 0, 1); ms += 86_400_000) {
      if (!new Date(ms).toISOString().startsWith(formatTimestamp(ms).slice(0, 10))) wrong.push(ms);
    }
    expect(wrong).toEqual([]);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 253_402_300_799_999 }), (ms) => {
        expect(formatTimestamp(ms)).toBe(new Date(ms).toISOString().replace(/\.\d+/, ''));
      }),
      { numRuns: 2000 },
    );
  });

  test('refuses what is no time', () => {
    expect(() => formatTimestamp(Number.NaN)).toThrow(RangeError);
  });
});

describe('parseTimestamp', () => {
  test.each([
    ['2026-01-01T00:00:50Z', Date.UTC(2026, 0, 1, 0, 0, 50)],
    ['2026-01-01T00:00:50.123456789Z', Date.UTC(2026, 0, 1, 0, 0, 50, 123)],
    ['2026-01-01T00:00:50.5Z', Date.UTC(2026, 0, 1, 0, 0, 50, 500)],
    ['2026-01-01T02:00:50+02:00', Date.UTC(2026, 0, 1, 0, 0, 50)],
    ['2025-12-31T18:30:50-05:30', Date.UTC(2026, 0, 1, 0, 0, 50)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['0001-01-02T00:00:00Z', -62_135_510_400_000],
  ])('reads %s', (text, ms) => {
    expect(parseTimestamp(text)).toBe(ms);
  });

  test.each([
    '',
    'null',
    'yesterday',
    '2026-01-01',
    '2026-01-01T00:00:50',
    '2026-1-1T00:00:50Z',
    '2026-13-01T00:00:50Z',
    '2026-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+25:00',
    '2026-01-01T00:00:00Z ',
    '0001-01-01T00:00:00Z',
    '0001-01-01T01:00:00+01:00',
  ])('has no time for %j', (text) => {
    expect(parseTimestamp(text)).toBeNaN();
  });

  test('reads back whatever formatTimestamp writes, to the second', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, max: new Date('9999-12-31') }), (date) => {
        fc.pre(date.getTime() >= -62_135_596_799_000);
        expect(parseTimestamp(formatTimestamp(date.getTime()))).toBe(
          Math.floor(date.getTime() / 1000) * 1000,
        );
      }),
    );
  });
});
