const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const CLOCK = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;
const MONTH = '(?<month>[a-z]{3})';
const SHORT_DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';

/** RFC 9110 section 5.6.7: what is written today, what RFC 850 wrote, and what C's asctime writes. */
const FORMS = [
  new RegExp(`^${SHORT_DAY}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${CLOCK} GMT$`, 'i'),
  new RegExp(`^${LONG_DAY}, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${CLOCK} (?:GMT|UTC)$`, 'i'),
  new RegExp(`^${SHORT_DAY} ${MONTH} (?<day>[ \\d]\\d) ${CLOCK} (?<year>\\d{4})$`, 'i'),
];

/** As a header of HTTP has it: `Sat, 21 Nov 2026 02:12:45 GMT`. Whole seconds; what is beyond is cut off. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** Milliseconds since the epoch; undefined for what is no date, or no date that exists. */
export function parseHttpDate(text: string): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts) return msOf(parts);
  }
  return undefined;
}

function msOf(parts: Readonly<Record<string, string | undefined>>): number | undefined {
  const read = (name: string): number => Number(parts[name]);
  const month = MONTHS.indexOf((parts['month'] ?? '').toLowerCase());
  const [day, hour, minute, second] = [read('day'), read('hour'), read('minute'), read('second')];
  const year = fullYear(parts['year'] ?? '');
  if (month === -1 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour, minute, second);
  // A day that the month does not have would have moved on into the next one.
  return date.getUTCMonth() === month && date.getUTCDate() === day ? date.getTime() : undefined;
}

/** Two digits mean 1969 to 2068, as Go reads them. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length !== 2) return year;
  return year >= 69 ? 1900 + year : 2000 + year;
}
