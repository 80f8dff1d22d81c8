const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** 0001-01-01T00:00:00Z, which Go writes for "no time". */
const GO_ZERO_TIME_MS = -62_135_596_800_000;

/**
 * RFC 3339 in UTC with whole seconds; what is beyond the second is cut off, as upstream.
 * @throws RangeError when `ms` is not a time that a Date can hold.
 */
export function formatTimestamp(ms: number): string {
  const text = new Date(Math.floor(ms / 1000) * 1000).toISOString();
  // Beyond the year 9999 ECMAScript writes a sign and six digits, Go the plain number.
  return `${text.replace(/^\+0*/, '').slice(0, -5)}Z`;
}

/**
 * Milliseconds since the epoch of an RFC 3339 time with any offset, finer fractions cut off.
 * NaN when the text is not one, and for Go's zero time, which means that there is none.
 */
export function parseTimestamp(text: string): number {
  const match = RFC_3339.exec(text);
  if (!match) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] =
    match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as Six;
  if (mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 59) {
    return Number.NaN;
  }
  const offset = sign === undefined ? 0 : offsetMs(sign, Number(offsetHour), Number(offsetMinute));
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d); // unlike Date.UTC, takes the years 0 to 99 as they are
  const ms = date.setUTCHours(h, mi, s, Number(fraction.slice(0, 3).padEnd(3, '0'))) - offset;
  return ms === GO_ZERO_TIME_MS ? Number.NaN : ms;
}

type Six = [number, number, number, number, number, number];

function offsetMs(sign: string, hours: number, minutes: number): number {
  if (hours > 24 || minutes > 60) return Number.NaN; // the limits of Go's package time
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
