import { describe, expect, test } from '@jest/globals';
import {
  burst,
  cpuIntegral,
  cpuNanosOfAllLives,
  cpuNanosOfLife,
  idle,
  leak,
  lifeAt,
  memoryBytesAt,
  restarting,
  steady,
  wave,
} from '../../../src/simulator/workloads.ts';
import type { Workload } from '../../../src/simulator/workloads.ts';

const MIB = 1024 * 1024;
const SECOND_NS = 1_000_000_000n;

const WAVE = wave({ lowMilliCores: 100, highMilliCores: 300, memoryMib: 64, periodMs: 40_000 });
const BURST = burst({
  lowMilliCores: 10,
  highMilliCores: 500,
  memoryMib: 64,
  periodMs: 60_000,
  busyMs: 20_000,
});
const CRASH = restarting({ milliCores: 100, memoryMib: 32, runMs: 30_000, maxBackOffMs: 40_000 });
const LEAK = leak({ milliCores: 50, memoryMib: 64, limitMib: 124, mibPerMinute: 60 });

const STEPS: Workload = {
  ...steady({ milliCores: 0, memoryMib: 0 }),
  cpu: {
    shape: 'steps',
    steps: [
      { fromMs: 10_000, amount: 100_000 },
      { fromMs: 20_000, amount: 300_000 },
    ],
  },
};

describe('cpuIntegral', () => {
  test.each([
    {
      name: 'an idle container works while starting and never again',
      workload: idle(),
      atMs: 3_600_000,
      nanos: 17_099_058n,
    },
    {
      name: 'half of the startup work is done after half of the startup',
      workload: idle(),
      atMs: 50,
      nanos: 8_549_529n,
    },
    {
      name: 'steps count each for as long as it lasts',
      workload: STEPS,
      atMs: 40_000,
      nanos: 7n * SECOND_NS,
    },
    {
      name: 'before its first step a container does nothing',
      workload: STEPS,
      atMs: 10_000,
      nanos: 0n,
    },
    {
      name: '250 millicores for 40 s are 10 core-seconds',
      workload: steady({ milliCores: 250, memoryMib: 1 }),
      atMs: 40_000,
      nanos: 10n * SECOND_NS,
    },
    {
      name: 'a whole wave between 100 and 300 is as 200 all the time',
      workload: WAVE,
      atMs: 40_000,
      nanos: 8n * SECOND_NS,
    },
    {
      name: 'the first quarter of a wave rises from 100 to 200',
      workload: WAVE,
      atMs: 10_000,
      nanos: (3n * SECOND_NS) / 2n,
    },
    {
      name: 'the third quarter of a wave falls from 300 to 200: 1.5 + 2.5 + 2.5 core-seconds',
      workload: WAVE,
      atMs: 30_000,
      nanos: (13n * SECOND_NS) / 2n,
    },
    {
      name: 'ten waves and a quarter',
      workload: WAVE,
      atMs: 410_000,
      nanos: 80n * SECOND_NS + (3n * SECOND_NS) / 2n,
    },
    {
      name: 'a burst of 20 s at 500 and then 40 s at 10',
      workload: BURST,
      atMs: 60_000,
      nanos: 10n * SECOND_NS + (4n * SECOND_NS) / 10n,
    },
    {
      name: 'in the middle of the second burst',
      workload: BURST,
      atMs: 70_000,
      nanos: 10n * SECOND_NS + (4n * SECOND_NS) / 10n + 5n * SECOND_NS,
    },
  ])('$name', ({ workload, atMs, nanos }) => {
    expect(cpuIntegral(workload.cpu, atMs)).toBe(nanos);
  });

  test('starts in the middle of a period when it has a phase', () => {
    const { cpu } = burst({
      lowMilliCores: 0,
      highMilliCores: 1000,
      memoryMib: 1,
      periodMs: 60_000,
      busyMs: 20_000,
      phaseMs: 15_000,
    });

    // 5 s are left of the burst, then 40 s of calm, then the next burst.
    expect([5_000, 45_000, 46_000].map((ageMs) => cpuIntegral(cpu, ageMs))).toEqual([
      5n * SECOND_NS,
      5n * SECOND_NS,
      6n * SECOND_NS,
    ]);
  });

  test.each<{ name: string; workload: Workload }>([
    { name: 'idle', workload: idle() },
    {
      name: 'wave',
      workload: { ...WAVE, cpu: { ...WAVE.cpu, phaseMs: 12_345 } as typeof WAVE.cpu },
    },
    {
      name: 'burst',
      workload: { ...BURST, cpu: { ...BURST.cpu, phaseMs: 777 } as typeof BURST.cpu },
    },
  ])('begins at zero and never falls: $name', ({ workload }) => {
    const counters = Array.from({ length: 400 }, (_, step) =>
      cpuIntegral(workload.cpu, step * 371),
    );

    expect(counters[0]).toBe(0n);
    expect(counters.filter((nanos, at) => nanos < (counters[at - 1] ?? 0n))).toEqual([]);
  });

  test('is exact beyond 2^53 ns', () => {
    const { cpu } = steady({ milliCores: 96_000, memoryMib: 1 });

    expect(cpuIntegral(cpu, 100 * 86_400_000 + 1)).toBe(829_440_000_096_000_000n);
  });
});

describe('lifeAt', () => {
  test.each([
    { ageMs: 0, restarts: 0, fromMs: 0, running: true },
    { ageMs: 29_999, restarts: 0, fromMs: 0, running: true },
    { ageMs: 30_000, restarts: 0, fromMs: 0, running: false },
    // The waits are 10, 20, 40 and from then on always 40 s.
    { ageMs: 40_000, restarts: 1, fromMs: 40_000, running: true },
    { ageMs: 89_999, restarts: 1, fromMs: 40_000, running: false },
    { ageMs: 90_000, restarts: 2, fromMs: 90_000, running: true },
    { ageMs: 160_000, restarts: 3, fromMs: 160_000, running: true },
    { ageMs: 229_999, restarts: 3, fromMs: 160_000, running: false },
    { ageMs: 230_000, restarts: 4, fromMs: 230_000, running: true },
    { ageMs: 160_000 + 70_000 * 1000, restarts: 1003, fromMs: 70_160_000, running: true },
  ])('a crash loop of 30 s is at $ageMs ms in its life $restarts', ({ ageMs, ...life }) => {
    expect(lifeAt(CRASH, ageMs)).toEqual({ ...life, untilMs: life.fromMs + 30_000 });
  });

  test('a workload without lives never ends', () => {
    expect(lifeAt(steady({ milliCores: 1, memoryMib: 1 }), 1e12)).toEqual({
      restarts: 0,
      fromMs: 0,
      untilMs: Number.POSITIVE_INFINITY,
      running: true,
    });
  });
});

describe('a restarting workload', () => {
  test('counts its CPU from zero in every life, and all lives together for its pod', () => {
    // 10 s into the second life, which began at 40 s, at 100 millicores.
    expect(cpuNanosOfLife(CRASH, 50_000)).toBe(SECOND_NS);
    expect(cpuNanosOfAllLives(CRASH, 50_000)).toBe(4n * SECOND_NS);
  });

  test('stands still while it waits', () => {
    expect(cpuNanosOfLife(CRASH, 39_999)).toBe(3n * SECOND_NS);
    expect(cpuNanosOfAllLives(CRASH, 39_999)).toBe(3n * SECOND_NS);
    expect(memoryBytesAt(CRASH, 39_999)).toBe(0);
  });

  test('has no step in the sum of its lives where one begins', () => {
    expect(cpuNanosOfAllLives(CRASH, 40_000)).toBe(cpuNanosOfAllLives(CRASH, 30_000));
  });
});

describe('memoryBytesAt', () => {
  test.each([
    { name: 'flat', workload: steady({ milliCores: 1, memoryMib: 64 }), ageMs: 5, bytes: 64 * MIB },
    { name: 'a wave at its crest', workload: WAVE, ageMs: 20_000, bytes: 80 * MIB },
    { name: 'a wave half way up', workload: WAVE, ageMs: 10_000, bytes: 72 * MIB },
    { name: 'a leak of 1 MiB a second', workload: LEAK, ageMs: 30_000, bytes: 94 * MIB },
    { name: 'a leak that met its limit after a minute', workload: LEAK, ageMs: 60_000, bytes: 0 },
    {
      name: 'a leak that was started again 10 s later',
      workload: LEAK,
      ageMs: 75_000,
      bytes: 69 * MIB,
    },
  ])('$name', ({ workload, ageMs, bytes }) => {
    expect(memoryBytesAt(workload, ageMs)).toBe(bytes);
  });

  test('gives whole pages', () => {
    const bytes = Array.from({ length: 50 }, (_, step) => memoryBytesAt(LEAK, step * 137));

    expect(bytes.filter((value) => value % 4096 !== 0)).toEqual([]);
  });
});
