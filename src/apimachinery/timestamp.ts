const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** 0001-01-01T00:00:00Z, which Go writes for "no time". */
const GO_ZERO_TIME_MS = -62_135_596_800_000;

const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => `${value}`.padStart(2, '0'));
const DAY_SECONDS = 86_400;

/**
 * RFC 3339 in UTC with whole seconds; what is beyond the second is cut off, as upstream.
 *
 * Every item of a list has one, so the calendar is reckoned here: a Date takes five times as long.
 * @throws RangeError when `ms` is not a time that a Date can hold.
 */
export function formatTimestamp(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (!(seconds >= 0 && seconds < YEAR_10000_SECONDS)) return formatDistantTime(seconds);
  const days = Math.floor(seconds / DAY_SECONDS);
  const second = seconds - days * DAY_SECONDS;
  return `${formatDay(days)}T${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}Z`;
}

const YEAR_10000_SECONDS = 253_402_300_800;

/** Before 1970 Dates are good enough, and beyond the year 9999 too, where Go writes the plain number of the year. */
function formatDistantTime(seconds: number): string {
  const text = new Date(seconds * 1000).toISOString();
  return `${text.replace(/^\+0*/, '').slice(0, -5)}Z`;
}

/**
 * The date of a day since the epoch, by counting in eras of 400 years that begin on a 1 March, so that
 * the leap day is the last one of its year (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
function formatDay(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${two(Math.floor(year / 100))}${two(year % 100)}-${two(month)}-${two(day)}`;
}

function two(value: number): string {
  return TWO_DIGITS[value] ?? '';
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
