/** `2026-11-21T02:24:30Z`, the one form in which kubelets write times: whole seconds in UTC. */
export const TIME_BYTES = 20;

/** Where the second half of the date begins, as eight bytes like the first: both together are `2026-11-21T`. */
const DATE_REST = 3;
const TIME_OF_DAY = 11;

const ZERO = 0x30;
const HYPHEN = 0x2d;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
const COLON = 0x3a;
const DAY_MS = 86_400_000;
/** Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar. */
const EPOCH_DAY = 719_468;
const DAYS_PER_ERA = 146_097;

/**
 * Reads times from bytes without allocating. Most times of one answer have the same date, and many are the same second:
 * what was found last is remembered as the bytes it was found in.
 */
export class KubeletTime {
  /** The time read last, in ms since the epoch. A property, because a double that is returned would be allocated. */
  ms = Number.NaN;

  private dateStart = 0;
  private dateRest = 0;
  private dayMs = Number.NaN;

  /**
   * Reads the time that takes the TIME_BYTES bytes at `at`. False when they are anything else than a time of that form
   * that exists and is after the epoch.
   */
  read(view: DataView, at: number): boolean {
    if (at + TIME_BYTES > view.byteLength) return false;
    // Doubles of different bits differ, but for zeros and NaN, which no bytes of a date make.
    const dateStart = view.getFloat64(at, true);
    const dateRest = view.getFloat64(at + DATE_REST, true);
    if (dateStart !== this.dateStart || dateRest !== this.dateRest) {
      const dayMs = readDay(view, at);
      if (Number.isNaN(dayMs)) return false;
      this.dateStart = dateStart;
      this.dateRest = dateRest;
      this.dayMs = dayMs;
    }
    this.ms = this.dayMs + readTimeOfDay(view, at + TIME_OF_DAY);
    return this.ms > 0;
  }
}

/** The ms of the day's begin, from `2026-11-21T`; NaN when there is no such day. */
function readDay(view: DataView, at: number): number {
  if (
    view.getUint8(at + 4) !== HYPHEN ||
    view.getUint8(at + 7) !== HYPHEN ||
    view.getUint8(at + 10) !== LETTER_T
  ) {
    return Number.NaN;
  }
  const year = twoDigits(view, at) * 100 + twoDigits(view, at + 2);
  const month = twoDigits(view, at + 5);
  const day = twoDigits(view, at + 8);
  // Comparisons with NaN are false, so that a byte that is no digit is refused too.
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  return exists ? dayNumber(year, month, day) * DAY_MS : Number.NaN;
}

/** The ms since the day's begin, from `02:24:30Z`; NaN when there is no such time. */
function readTimeOfDay(view: DataView, at: number): number {
  const hour = twoDigits(view, at);
  const minute = twoDigits(view, at + 3);
  const second = twoDigits(view, at + 6);
  const exists =
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    view.getUint8(at + 2) === COLON &&
    view.getUint8(at + 5) === COLON &&
    view.getUint8(at + 8) === LETTER_Z;
  return exists ? ((hour * 60 + minute) * 60 + second) * 1000 : Number.NaN;
}

function twoDigits(view: DataView, at: number): number {
  const tens = view.getUint8(at) - ZERO;
  const ones = view.getUint8(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since the epoch: years begin in March, so that the leap day is their last one; an era has 400 years. */
function dayNumber(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_DAY;
}
