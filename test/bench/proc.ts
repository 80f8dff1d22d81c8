import { readFileSync, readdirSync } from 'node:fs';

/** What of a process is in memory, in MB of 1,000,000 bytes. */
export interface Memory {
  readonly resident: number;
  /** What no file could bring back: what a limit of memory counts of a process at any rate. */
  readonly anonymous: number;
  /** The most that was ever resident. */
  readonly peak: number;
}

const BYTES_PER_KB = 1024;
const BYTES_PER_MB = 1e6;

/** Reads the text of /proc/PID/status. NaN for what it does not tell. */
export function memoryOf(status: string): Memory {
  const megabytes = (name: string): number => {
    const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return kilobytes === undefined ? Number.NaN : (Number(kilobytes) * BYTES_PER_KB) / BYTES_PER_MB;
  };
  return {
    resident: megabytes('VmRSS'),
    anonymous: megabytes('RssAnon'),
    peak: megabytes('VmHWM'),
  };
}

/** Reads the text of /proc/PID/task/TID/schedstat: ms on a CPU. */
export function cpuMsOf(schedstat: string): number {
  const [nanos = ''] = schedstat.split(' ');
  return nanos === '' ? Number.NaN : Number(nanos) / 1e6;
}

/** @throws Error when there is no such process. */
export function readMemory(pid: number): Memory {
  return memoryOf(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/**
 * CPU of all threads that live, in ms: finer than the ticks of /proc/PID/stat. Neither of the servers ends
 * threads in its life.
 * @throws Error when there is no such process.
 */
export function readCpuMs(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    sum += cpuMsOf(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'));
  }
  return sum;
}
