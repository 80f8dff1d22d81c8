import { describe, expect, test } from '@jest/globals';
import {
  believableStartMs,
  isBelievableRate,
  isFresh,
  isStale,
  judgedAtMs,
  presenceOf,
  type Prospects,
  standingOf,
  verdictOn,
} from '../../../src/storage/retention.ts';

const UNKNOWN = Number.NaN;

describe('presenceOf', () => {
  test.each([
    { name: 'both figures 0', time: 1, cpu: 0, memory: 0, presence: 'finished' },
    { name: 'both 0 and no time', time: UNKNOWN, cpu: 0, memory: 0, presence: 'finished' },
    { name: 'both figures', time: 1, cpu: 1, memory: 1, presence: 'measured' },
    { name: 'CPU 0 with memory', time: 1, cpu: 0, memory: 1, presence: 'measured' },
    { name: 'memory 0 with CPU', time: 1, cpu: 1, memory: 0, presence: 'silent' },
    { name: 'no CPU', time: 1, cpu: UNKNOWN, memory: 1, presence: 'silent' },
    { name: 'no memory', time: 1, cpu: 1, memory: UNKNOWN, presence: 'silent' },
    { name: 'memory 0 and no CPU', time: 1, cpu: UNKNOWN, memory: 0, presence: 'silent' },
    { name: 'CPU 0 and no memory', time: 1, cpu: 0, memory: UNKNOWN, presence: 'silent' },
    { name: 'no figures', time: 1, cpu: UNKNOWN, memory: UNKNOWN, presence: 'silent' },
    { name: 'no time', time: UNKNOWN, cpu: 1, memory: 1, presence: 'silent' },
  ])('is $presence with $name', ({ time, cpu, memory, presence }) => {
    expect(presenceOf(time, cpu, 0, memory)).toBe(presence);
  });

  test('counts a nanosecond of CPU as CPU', () => {
    expect(presenceOf(1, 0, 1, 0)).toBe('silent');
    expect(presenceOf(1, 0, 1, 1)).toBe('measured');
  });
});

describe('believableStartMs', () => {
  test.each([
    { name: 'before the reading', start: 1, believed: 1 },
    { name: 'at the reading', start: 2, believed: 2 },
    { name: 'after the reading', start: 3, believed: UNKNOWN },
    { name: 'unknown', start: UNKNOWN, believed: UNKNOWN },
  ])('is $believed for a start $name', ({ start, believed }) => {
    expect(believableStartMs(start, 2)).toBe(believed);
  });
});

describe('verdictOn', () => {
  const last = { startMs: 50_000, timeMs: 100_000, cpuSeconds: 10, cpuNanos: 500 };
  const lapse = { wasOlder: false, elapsedMs: 15_000 };

  test.each([
    { name: 'the same again', change: {}, verdict: 'repeated' },
    { name: 'older by a minute', change: { timeMs: 40_000 }, verdict: 'repeated' },
    { name: 'older by more than a minute', change: { timeMs: 39_999 }, verdict: 'older' },
    { name: 'newer by less than 5 s', change: { timeMs: 104_999 }, verdict: 'close' },
    { name: 'newer by 5 s', change: { timeMs: 105_000 }, verdict: 'next' },
    {
      name: 'newer, the counter fell by a nanosecond',
      change: { timeMs: 115_000, cpuNanos: 499 },
      verdict: 'fell',
    },
    {
      name: 'newer by less than 5 s, and the counter fell',
      change: { timeMs: 101_000, cpuSeconds: 9 },
      verdict: 'fell',
    },
    {
      name: 'newer, started at the last time',
      change: { startMs: 100_000, timeMs: 115_000 },
      verdict: 'restarted',
    },
    {
      name: 'newer, started later than the life before, and the counter fell',
      change: { startMs: 90_000, timeMs: 115_000, cpuSeconds: 1 },
      verdict: 'restarted',
    },
    {
      name: 'newer, start moved by a second, the counter grew',
      change: { startMs: 51_000, timeMs: 115_000, cpuSeconds: 11 },
      verdict: 'next',
    },
    { name: 'newer, start lost', change: { startMs: UNKNOWN, timeMs: 115_000 }, verdict: 'next' },
  ])('is $verdict: $name', ({ change, verdict }) => {
    expect(verdictOn({ ...last, ...change }, last, lapse)).toBe(verdict);
  });

  test('is next after a reading of the very second of the start', () => {
    const newborn = { startMs: 50_000, timeMs: 50_000, cpuSeconds: 0, cpuNanos: 17_636_089 };

    expect(verdictOn({ ...newborn, timeMs: 56_000 }, newborn, lapse)).toBe('next');
  });

  test('is first when nothing is stored', () => {
    expect(verdictOn(last, { ...last, timeMs: UNKNOWN }, lapse)).toBe('first');
  });

  test('is a clock set back when the point before was older by so much, too', () => {
    expect(verdictOn({ ...last, timeMs: 30_000 }, last, { ...lapse, wasOlder: true })).toBe(
      'setBack',
    );
    expect(verdictOn({ ...last, timeMs: 90_000 }, last, { ...lapse, wasOlder: true })).toBe(
      'repeated',
    );
  });
});

describe('verdictOn a clock that was set forward', () => {
  const last = { startMs: 50_000, timeMs: 100_000, cpuSeconds: 10, cpuNanos: 500 };

  test.each([
    { name: 'as much as ours went on', advanced: 3_600_000, elapsed: 3_600_000, verdict: 'next' },
    { name: 'two minutes more', advanced: 135_000, elapsed: 15_000, verdict: 'next' },
    { name: 'beyond two minutes more', advanced: 135_001, elapsed: 15_000, verdict: 'setForward' },
    { name: 'an hour', advanced: 3_615_000, elapsed: 15_000, verdict: 'setForward' },
    { name: 'less than ours', advanced: 15_000, elapsed: 3_600_000, verdict: 'next' },
  ])('is $verdict when the sample is newer by $name', ({ advanced, elapsed, verdict }) => {
    const arrived = { ...last, timeMs: last.timeMs + advanced, cpuSeconds: 11 };

    expect(verdictOn(arrived, last, { wasOlder: false, elapsedMs: elapsed })).toBe(verdict);
  });

  test('is a new life, or a counter that fell, before all else', () => {
    const lapse = { wasOlder: false, elapsedMs: 15_000 };
    const later = { ...last, timeMs: 4_000_000 };

    expect(verdictOn({ ...later, startMs: 3_990_000, cpuSeconds: 0 }, last, lapse)).toBe(
      'restarted',
    );
    expect(verdictOn({ ...later, cpuSeconds: 1 }, last, lapse)).toBe('fell');
  });
});

describe('isFresh', () => {
  test.each([
    { age: 9_999, fresh: false },
    { age: 10_000, fresh: true },
    { age: 29_999, fresh: true },
    { age: 30_000, fresh: false },
    { age: UNKNOWN, fresh: false },
  ])('is $fresh at $age ms of age and a resolution of 15 s', ({ age, fresh }) => {
    expect(isFresh(1_000, 1_000 + age, 15_000)).toBe(fresh);
  });
});

describe('isBelievableRate', () => {
  test.each([
    { name: 'positive, 10 s old', rate: 1, age: 10_000, believed: true },
    { name: 'positive, younger', rate: 1, age: 9_999, believed: false },
    { name: 'positive, of unknown age', rate: 1, age: UNKNOWN, believed: false },
    { name: '0', rate: 0, age: 60_000, believed: false },
    { name: 'unknown', rate: UNKNOWN, age: 60_000, believed: false },
  ])('is $believed for a rate $name', ({ rate, age, believed }) => {
    expect(isBelievableRate(rate, 0, age)).toBe(believed);
  });
});

describe('standingOf', () => {
  const nothing = {
    complete: false,
    startedOver: false,
    keepable: false,
    bootstrappable: false,
  } satisfies Prospects;

  test.each([
    { name: 'rates', change: { complete: true }, standing: 'rate' },
    {
      name: 'rates before all else',
      change: { complete: true, keepable: true, bootstrappable: true },
      standing: 'rate',
    },
    {
      name: 'what stood before',
      change: { keepable: true, bootstrappable: true },
      standing: 'kept',
    },
    { name: 'the kubelet’s rates', change: { bootstrappable: true }, standing: 'bootstrap' },
    { name: 'nothing', change: {}, standing: 'none' },
    {
      name: 'nothing of before a clock that was set back',
      change: { keepable: true, startedOver: true },
      standing: 'none',
    },
    {
      name: 'the kubelet’s rates after a clock was set back',
      change: { keepable: true, startedOver: true, bootstrappable: true },
      standing: 'bootstrap',
    },
  ])('serves $name', ({ change, standing }) => {
    expect(standingOf({ ...nothing, ...change })).toBe(standing);
  });
});

describe('isStale', () => {
  const defaults = { stalenessMs: 60_000, resolutionMs: 15_000 };
  const long = { stalenessMs: 190_000, resolutionMs: 60_000 };
  const short = { stalenessMs: 20_000, resolutionMs: 15_000 };

  test.each([
    { name: 'answered, unchanged', age: 120, silence: 15, limits: defaults, stale: false },
    { name: 'answered, unchanged too long', age: 121, silence: 1, limits: defaults, stale: true },
    { name: 'missed scrapes', age: 60, silence: 60, limits: defaults, stale: false },
    { name: 'missed too many', age: 61, silence: 61, limits: defaults, stale: true },
    { name: 'unchanged, then one missed', age: 90, silence: 30, limits: defaults, stale: false },
    { name: 'unchanged, then two missed', age: 90, silence: 31, limits: defaults, stale: true },
    { name: 'a longer staleness', age: 190, silence: 190, limits: long, stale: false },
    { name: 'more than a longer one', age: 191, silence: 1, limits: long, stale: true },
    { name: 'more than a shorter one', age: 21, silence: 21, limits: short, stale: true },
    { name: 'answered with a shorter one', age: 100, silence: 15, limits: short, stale: false },
  ])('is $stale: $name', ({ age, silence, limits, stale }) => {
    expect(isStale(age * 1000, silence * 1000, limits)).toBe(stale);
  });
});

describe('judgedAtMs', () => {
  test.each([
    { name: 'now without an excuse', excusedAt: undefined, now: 1_000, judgedAt: 1_000 },
    { name: 'the beginning of an excuse', excusedAt: 100, now: 110, judgedAt: 100 },
    { name: 'so for five minutes', excusedAt: 100, now: 400, judgedAt: 100 },
    { name: 'five minutes ago from then on', excusedAt: 100, now: 401, judgedAt: 101 },
  ])('is $name', ({ excusedAt, now, judgedAt }) => {
    const excusedAtMs = excusedAt === undefined ? undefined : excusedAt * 1000;

    expect(judgedAtMs(now * 1000, excusedAtMs)).toBe(judgedAt * 1000);
  });
});
