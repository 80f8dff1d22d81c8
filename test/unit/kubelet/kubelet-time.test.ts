import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTimestamp } from '../../../src/apimachinery/timestamp.ts';
import { KubeletTime } from '../../../src/kubelet/kubelet-time.ts';

const reader = new KubeletTime();

/** NaN where the reader gives it back to others. */
function read(text: string): number {
  const bytes = Buffer.from(`"${text}"`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return reader.read(view, 1) ? reader.ms : Number.NaN;
}

describe('KubeletTime.read', () => {
  test('agrees with the plain parser on every time of whole seconds', () => {
    const dates = fc.date({
      min: new Date(1000),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });

    fc.assert(
      fc.property(dates, (date) => {
        const text = `${date.toISOString().slice(0, 19)}Z`;
        expect(read(text)).toBe(parseTimestamp(text));
      }),
    );
  });

  test('agrees with it whatever bytes are changed, or leaves the text to it', () => {
    const change = fc.record({
      at: fc.nat(19),
      letter: fc.constantFrom(...Buffer.from('0123456789-:TZz. +')),
    });

    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const letters = Buffer.from('2026-11-21T02:24:30Z');
        for (const { at, letter } of changes) letters[at] = letter;
        const text = letters.toString();
        expect([parseTimestamp(text), Number.NaN]).toContainEqual(read(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['', '2026-11-21T02:24:30', '2026-11-21T02:24:3'])(
    'does not read behind the end: %j',
    (text) => {
      expect(read(text)).toBeNaN();
    },
  );

  test('does not take the day of the time before for that of the next', () => {
    expect([
      read('2026-11-21T00:00:00Z'),
      read('2026-11-22T00:00:00Z'),
      read('2026-12-21T00:00:00Z'),
    ]).toEqual(['2026-11-21', '2026-11-22', '2026-12-21'].map((day) => Date.parse(day)));
  });
});
