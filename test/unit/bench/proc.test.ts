import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { cpuMsOf, memoryOf, readCpuMs, readMemory } from '../../bench/proc.ts';

describe('memoryOf', () => {
  test("reads the kernel's kilobytes as MB of a million bytes", () => {
    const status = 'Name:\tnode\nVmHWM:\t  200000 kB\nVmRSS:\t  100000 kB\nRssAnon:\t   50000 kB\n';

    expect(memoryOf(status)).toEqual({ resident: 102.4, anonymous: 51.2, peak: 204.8 });
  });

  test('knows nothing of what is not told', () => {
    expect(memoryOf('Name:\tkthreadd\n')).toEqual({
      resident: Number.NaN,
      anonymous: Number.NaN,
      peak: Number.NaN,
    });
  });
});

describe('cpuMsOf', () => {
  test('takes the first figure, in nanoseconds', () => {
    expect(cpuMsOf('1500000 48588 1\n')).toBe(1.5);
  });

  test('knows nothing of an empty file', () => {
    expect(cpuMsOf('')).toBeNaN();
  });
});

describe('a running process', () => {
  test('has memory, and CPU that grows as it works', () => {
    const before = readCpuMs(process.pid);
    const { resident, anonymous, peak } = readMemory(process.pid);
    for (let wasted = 0; process.cpuUsage().user < 0 || wasted < 2_000_000; wasted++);

    expect(anonymous).toBeGreaterThan(1);
    expect(resident).toBeGreaterThanOrEqual(anonymous);
    expect(peak).toBeGreaterThanOrEqual(resident);
    expect(readCpuMs(process.pid)).toBeGreaterThan(before);
  });

  test('that does not exist cannot be measured', () => {
    expect(() => readMemory(2 ** 30)).toThrow('ENOENT');
  });
});
