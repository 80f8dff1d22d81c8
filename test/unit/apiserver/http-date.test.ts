import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatHttpDate, parseHttpDate } from '../../../src/apiserver/http-date.ts';

const NOON_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('parseHttpDate', () => {
  test.each([
    ['as it is written today', 'Sun, 06 Nov 1994 08:49:37 GMT', NOON_MS],
    ['as RFC 850 wrote it', 'Sunday, 06-Nov-94 08:49:37 GMT', NOON_MS],
    ['as asctime writes it', 'Sun Nov  6 08:49:37 1994', NOON_MS],
    ['on another day of the week', 'Mon, 06 Nov 1994 08:49:37 GMT', NOON_MS],
    [
      'with a year of two digits in this century',
      'Monday, 02-Jan-50 15:04:05 GMT',
      Date.UTC(2050, 0, 2, 15, 4, 5),
    ],
    ['on a leap day', 'Tue, 29 Feb 2028 00:00:00 GMT', Date.UTC(2028, 1, 29)],
  ])('reads a date %s', (_how, text, ms) => {
    expect(parseHttpDate(text)).toBe(ms);
  });

  test.each([
    '',
    '0',
    '2050-01-01',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:60 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 31 Nov 1994 08:49:37 GMT',
    'Wed, 29 Feb 2023 00:00:00 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Foo, 06 Nov 1994 08:49:37 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
  ])('does not read %j', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });

  test('reads what formatHttpDate writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseHttpDate(formatHttpDate(seconds * 1000 + 999))).toBe(seconds * 1000);
      }),
    );
  });
});
