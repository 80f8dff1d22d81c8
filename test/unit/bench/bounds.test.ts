import { describe, expect, test } from '@jest/globals';
import {
  type Bound,
  busyBounds,
  idleBounds,
  isKept,
  peerBounds,
  roundBounds,
  sentenceOf,
} from '../../bench/bounds.ts';
import type { FigureName, Figures } from '../../bench/figures.ts';
import type { Reference } from '../../bench/reference.ts';

const REFERENCE: Reference = {
  parseMs: 0.4,
  answers: new Map(
    (['allJson', 'allProtobuf', 'allTable', 'selector', 'pod'] as const).map((name) => [
      name,
      { cpuMs: 2, p50Ms: 4 },
    ]),
  ),
};

/** What a healthy server shows. */
const HEALTHY: Partial<Record<FigureName, number>> = {
  cpuMsPerScrapeYoung: 1.2,
  allJsonP50: 12,
  allJsonCpu: 8,
  allProtobufCpu: 8,
  allTableCpu: 8,
  selectorCpu: 20,
  podCpu: 20,
  residentLists: 180,
  anonymousLists: 120,
  secondsToPods: 1.5,
  podRoundUsualP99: 5,
  loopDelayRest: 50,
  loopDelayLists: 50,
  benchDelayRest: 20,
  benchDelayLists: 80,
  wrongFigures: 0,
  checkedFigures: 300,
  failures: 0,
};

function figures(changed: Partial<Record<FigureName, number>> = {}): Figures {
  return new Map(Object.entries({ ...HEALTHY, ...changed }) as [FigureName, number][]);
}

function broken(bounds: readonly Bound[]): string[] {
  return bounds.filter((bound) => !isKept(bound)).map(({ name }) => name);
}

describe('busyBounds', () => {
  test('are all kept by a healthy server', () => {
    expect(broken(busyBounds(figures(), REFERENCE))).toEqual([]);
  });

  test.each<[FigureName, string]>([
    ['cpuMsPerScrapeYoung', 'CPU of one scrape'],
    ['allJsonCpu', 'CPU of all pods as JSON'],
    ['allProtobufCpu', 'CPU of all pods as protobuf'],
    ['allTableCpu', 'CPU of all pods as Table'],
    ['selectorCpu', 'CPU of namespace and label selector'],
    ['podCpu', 'CPU of one pod'],
    ['residentLists', 'resident memory after lists'],
    ['anonymousLists', 'anonymous memory after lists'],
    ['secondsToPods', 'time to the figures of all pods'],
  ])('%s ten times as large breaks "%s"', (name, bound) => {
    const changed = { [name]: 10 * (HEALTHY[name] ?? Number.NaN) };

    expect(broken(busyBounds(figures(changed), REFERENCE))).toEqual([bound]);
  });

  test.each<[FigureName, number, string]>([
    ['loopDelayRest', 1500, "longest event-loop delay at rest, beyond the bench's own"],
    ['loopDelayLists', 1500, "longest event-loop delay during lists, beyond the bench's own"],
    ['benchDelayRest', Number.NaN, "longest event-loop delay at rest, beyond the bench's own"],
    ['allJsonP50', 250, 'p50 of all pods as JSON'],
    ['wrongFigures', 1, 'nodes and pods with wrong figures'],
    ['checkedFigures', 0, 'figures checked'],
    ['failures', 1, 'failed requests'],
  ])('%s of %d breaks "%s"', (name, value, bound) => {
    expect(broken(busyBounds(figures({ [name]: value }), REFERENCE))).toEqual([bound]);
  });

  test('blame no server for a time in which the bench stood still as well', () => {
    const still = { loopDelayRest: 2_050, benchDelayRest: 2_000 };
    const blocked = { loopDelayRest: 2_050, benchDelayRest: 900 };

    expect(broken(busyBounds(figures(still), REFERENCE))).toEqual([]);
    expect(broken(busyBounds(figures(blocked), REFERENCE))).toHaveLength(1);
  });

  test('judge by plain work: a machine half as fast breaks none', () => {
    const slow = figures({ cpuMsPerScrapeYoung: 9, allJsonCpu: 100 });
    const reference = {
      parseMs: 0.8,
      answers: new Map([...REFERENCE.answers, ['allJson', { cpuMs: 4, p50Ms: 8 }] as const]),
    };

    expect(broken(busyBounds(slow, REFERENCE))).toHaveLength(2);
    expect(broken(busyBounds(slow, reference))).toEqual([]);
  });
});

describe('roundBounds', () => {
  test.each([
    { podRoundUsualP99: 5, expected: [] },
    { podRoundUsualP99: 150, expected: ['p99 of one pod during a round'] },
  ])('$podRoundUsualP99 ms breaks $expected', ({ podRoundUsualP99, expected }) => {
    expect(broken(roundBounds(figures({ podRoundUsualP99 })))).toEqual(expected);
  });
});

describe('peerBounds', () => {
  test('are kept by a server that is as dear as the other one', () => {
    expect(broken(peerBounds(figures(), figures()))).toEqual([]);
  });

  test('are broken by one that is ten times as dear, and by what only one of them shows', () => {
    const dear = figures({ cpuMsPerScrapeYoung: 12 });
    const without = new Map(figures());
    without.delete('podCpu');

    expect(broken(peerBounds(dear, without))).toEqual(['CPU of one scrape', 'CPU of one pod']);
  });
});

describe('idleBounds', () => {
  test('are broken by what was not measured', () => {
    const without = new Map(figures());
    without.delete('residentLists');

    expect(broken(idleBounds(without))).toEqual(['resident memory after lists']);
  });
});

describe('sentenceOf', () => {
  test('names figure, value and bound', () => {
    const bound: Bound = { name: 'idle CPU', is: 'at most', bound: 5, unit: 'ms', value: 7.25 };

    expect(sentenceOf(bound)).toBe('idle CPU is 7.25, and may be at most 5 ms');
    expect(sentenceOf({ ...bound, value: Number.NaN })).toBe(
      'idle CPU was not measured, and may be at most 5 ms',
    );
  });
});
