import { describe, expect, test } from '@jest/globals';
import { backoffMs, PhasePlan, secondScrapeDelayMs } from '../../../src/scraper/schedule.ts';

const RESOLUTION_MS = 15_000;

function sizes(phases: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const phase of phases) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  return [...counts.values()].sort((one, other) => one - other);
}

describe('backoffMs', () => {
  test.each([
    [1, 5_000],
    [2, 10_000],
    [4, 40_000],
    [5, 60_000],
    [5_000, 60_000],
  ])('after failure number %i in a row is %i ms', (failures, ms) => {
    expect(backoffMs(failures)).toBe(ms);
  });
});

describe('secondScrapeDelayMs', () => {
  test.each([
    [10_000, 10_000],
    [15_000, 10_000],
    [300_000, 10_000],
  ])('with a resolution of %i ms is %i ms', (resolutionMs, ms) => {
    expect(secondScrapeDelayMs(resolutionMs)).toBe(ms);
  });
});

describe('PhasePlan', () => {
  test('fills one group before it opens the next, and opens it far from the others', () => {
    const plan = new PhasePlan(0, RESOLUTION_MS);

    const phases = Array.from({ length: 32 }, () => plan.join());

    expect([...new Set(phases)]).toEqual([0, 32, 16, 48]);
    expect(sizes(phases)).toEqual([8, 8, 8, 8]);
  });

  test('spreads evenly what does not fit into small groups', () => {
    const plan = new PhasePlan(0, RESOLUTION_MS);

    const phases = Array.from({ length: 5_000 }, () => plan.join());

    expect(sizes(phases)).toHaveLength(60);
    expect(new Set(sizes(phases))).toEqual(new Set([83, 84]));
  });

  test('gives the places of those that left to those that come', () => {
    const plan = new PhasePlan(0, RESOLUTION_MS);
    const phases = Array.from({ length: 16 }, () => plan.join());

    for (const phase of phases.splice(4, 8)) plan.leave(phase);
    for (let at = 0; at < 8; at++) phases.push(plan.join());

    expect(sizes(phases)).toEqual([8, 8]);
  });

  test.each([
    { name: 'the next moment', started: 0, now: 100, next: 15_000 },
    { name: 'not one that is too near', started: 12_000, now: 12_100, next: 30_000 },
    { name: 'one that is far enough', started: 10_000, now: 10_100, next: 15_000 },
    { name: 'not one that was overrun', started: 15_000, now: 31_000, next: 45_000 },
    { name: 'also before the origin', started: -20_000, now: -19_000, next: -15_000 },
  ])('turns at $name', ({ started, now, next }) => {
    const plan = new PhasePlan(0, RESOLUTION_MS);

    expect(plan.nextMs(0, started, now)).toBe(next);
    expect(plan.nextMs(3, started + 750, now + 750)).toBe(next + 750);
  });

  test('has one phase at least', () => {
    const plan = new PhasePlan(0, 100);

    expect([plan.join(), plan.join()]).toEqual([0, 0]);
  });
});
