import { describe, expect, test } from '@jest/globals';
import { type Seen, type Sight, compareEnds } from '../../../bench/soak/verdict.ts';

const MINUTE = 60_000;
const HEAP = { usedMb: 30, backingMb: 10 };

/** Twenty minutes, looked at every 30 s; `change` gets the minute. */
function seen(change: (minute: number) => Partial<Sight>, heapEnd = HEAP): Seen {
  const sights = Array.from({ length: 41 }, (_, at): Sight => {
    const atMs = (at * MINUTE) / 2;
    return {
      ...{ atMs, residentMb: 100, anonymousMb: 60, heapMb: 40, externalMb: 5 },
      ...{ openFiles: 200, metricLines: 1_000, loopDelayMs: 12 },
      ...change(atMs / MINUTE),
    };
  });
  return { sights, durationMs: 20 * MINUTE, heapMiddle: HEAP, heapEnd };
}

function broken(of: Seen): string[] {
  return compareEnds(of)
    .filter(({ isKept }) => !isKept)
    .map(({ what }) => what);
}

describe('compareEnds', () => {
  test('finds nothing in a server that stays as it is', () => {
    expect(broken(seen(() => ({})))).toEqual([]);
  });

  test('compares minutes 9 to 11 with the last two, by their medians', () => {
    const [resident] = compareEnds(seen((minute) => ({ residentMb: 100 + minute })));

    expect(resident).toMatchObject({ middle: 110, end: 119, isKept: false });
  });

  test.each<{ name: string; change: (minute: number) => Partial<Sight>; what: string[] }>([
    {
      name: 'resident memory that grows by 4 MB in ten minutes',
      change: (minute) => ({ residentMb: 100 + minute * 0.4 }),
      what: [],
    },
    {
      name: 'resident memory that grows by 9 MB',
      change: (minute) => ({ residentMb: 100 + minute }),
      what: ['resident, MB'],
    },
    {
      name: 'one look at ten times as much',
      change: (minute) => ({ residentMb: minute === 19 ? 1_000 : 100 }),
      what: [],
    },
    {
      name: 'sockets that are left open',
      change: (minute) => ({ openFiles: 200 + 5 * minute }),
      what: ['open files and sockets'],
    },
    {
      name: 'series of nodes that are gone',
      change: (minute) => ({ metricLines: 1_000 + 20 * minute }),
      what: ['lines of self-metrics'],
    },
    {
      name: 'memory that went down',
      change: (minute) => ({ residentMb: 200 - minute }),
      what: [],
    },
    {
      name: 'a figure that could not be read',
      change: () => ({ residentMb: Number.NaN }),
      what: ['resident, MB'],
    },
  ])('judges $name', ({ change, what }) => {
    expect(broken(seen(change))).toEqual(what);
  });

  test('tells growth of what lives from memory that is not given back', () => {
    const grown = { usedMb: 34, backingMb: 10 };

    expect(broken(seen(() => ({}), grown))).toEqual(['live heap after a collection, MB']);
    expect(broken(seen(() => ({}), { usedMb: 33, backingMb: 16 }))).toEqual([
      'live array buffers, MB',
    ]);
  });
});
