import { describe, expect, test } from '@jest/globals';
import { SharedLoad } from '../../../src/simulator/shared-load.ts';
import { cpuNanosOfLife, memoryBytesAt } from '../../../src/simulator/workloads.ts';

const MIB = 1024 * 1024;
const SECOND_NS = 1_000_000_000n;

describe('SharedLoad', () => {
  test('gives all of it to the only member', () => {
    const load = new SharedLoad({ milliCores: 300, memoryMib: 96 });

    const only = load.join('a', 0);

    expect(cpuNanosOfLife(only, 10_000)).toBe(3n * SECOND_NS);
    expect(memoryBytesAt(only, 10_000)).toBe(96 * MIB);
  });

  test('takes from the others what a new member gets, from then on', () => {
    const load = new SharedLoad({ milliCores: 300, memoryMib: 96 });

    const first = load.join('a', 0);
    const second = load.join('b', 10_000);

    expect(cpuNanosOfLife(first, 20_000)).toBe(3n * SECOND_NS + (3n * SECOND_NS) / 2n);
    expect(cpuNanosOfLife(second, 10_000)).toBe((3n * SECOND_NS) / 2n);
    expect([memoryBytesAt(first, 9_999), memoryBytesAt(first, 10_000)]).toEqual([
      96 * MIB,
      48 * MIB,
    ]);
  });

  test('leaves to the others what a member had that goes', () => {
    const load = new SharedLoad({ milliCores: 300, memoryMib: 96 });
    const first = load.join('a', 0);
    load.join('b', 0);

    load.leave('b', 10_000);
    load.leave('nobody', 15_000);

    expect(cpuNanosOfLife(first, 20_000)).toBe((3n * SECOND_NS) / 2n + 3n * SECOND_NS);
  });

  test('changes nothing of what was used before the total changes', () => {
    const load = new SharedLoad({ milliCores: 100, memoryMib: 8 });
    const only = load.join('a', 0);

    load.set({ milliCores: 500, memoryMib: 16 }, 10_000);

    expect(cpuNanosOfLife(only, 10_000)).toBe(SECOND_NS);
    expect(cpuNanosOfLife(only, 11_000)).toBe(SECOND_NS + SECOND_NS / 2n);
  });

  test('counts ages from the start of a container, which may come after it joined', () => {
    const load = new SharedLoad({ milliCores: 100, memoryMib: 8 });
    const late = load.join('a', 0);
    load.startsAt('a', 2_000);

    load.set({ milliCores: 300, memoryMib: 8 }, 12_000);

    expect(cpuNanosOfLife(late, 10_000)).toBe(SECOND_NS);
    expect(cpuNanosOfLife(late, 20_000)).toBe(4n * SECOND_NS);
  });
});
