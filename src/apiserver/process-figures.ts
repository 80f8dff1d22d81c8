import { readFile, readdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import process from 'node:process';

/** Seconds of CPU since the start, in user and kernel mode. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** When the process began, in whole seconds since 1970. */
export function startSeconds(): number {
  return Math.floor(performance.timeOrigin / 1000);
}

/** What the kernel says of our memory. */
export interface MemoryFigures {
  /** What the container may take, in bytes. Undefined: as much as there is. */
  readonly limitBytes: number | undefined;
  /** What is resident now, in bytes: all that a limit counts of us, and Node's own program. */
  readonly residentBytes: () => number;
}

/** The limit is that of the control group, version 1 or 2; one that is larger than the machine is none. */
export function memoryFigures(): MemoryFigures {
  const limit = process.constrainedMemory();
  return {
    limitBytes: limit > 0 && limit < totalmem() ? limit : undefined,
    residentBytes: () => process.memoryUsage.rss(),
  };
}

// What only the kernel knows follows. Undefined where there is no /proc, or it does not say.

/** Address space, in bytes. */
export async function virtualBytes(): Promise<number | undefined> {
  const [, kibibytes] = /^VmSize:\s+(\d+) kB$/m.exec(await textOf('status')) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

export function maxVirtualBytes(): Promise<number | undefined> {
  return limitOf('Max address space');
}

/** Sockets included. */
export function openFiles(): Promise<number | undefined> {
  return readdir('/proc/self/fd').then(
    (names) => names.length,
    () => undefined,
  );
}

export function maxOpenFiles(): Promise<number | undefined> {
  return limitOf('Max open files');
}

/** Of the interfaces that the process sees, which in a pod are the pod's; loopback included, as upstream. */
export function receivedBytes(): Promise<number | undefined> {
  return networkSum(0);
}

export function sentBytes(): Promise<number | undefined> {
  return networkSum(8);
}

/** '' for what cannot be read. */
function textOf(name: string): Promise<string> {
  return readFile(`/proc/self/${name}`, 'utf8').catch(() => '');
}

/** No limit is the highest number that there is, as Prometheus' own clients say it. */
const UNLIMITED = 2 ** 64;

async function limitOf(name: string): Promise<number | undefined> {
  const [, soft] =
    new RegExp(`^${name} +(\\d+|unlimited) `, 'm').exec(await textOf('limits')) ?? [];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? UNLIMITED : Number(soft);
}

/** Adds up one of the 16 columns of all interfaces: eight of what was received, eight of what was sent. */
async function networkSum(column: number): Promise<number | undefined> {
  const rows = [...(await textOf('net/dev')).matchAll(/^\s*[^\s:]+:\s*(\d[\d ]*)$/gm)];
  if (rows.length === 0) return undefined;
  return rows
    .map(([, figures = '']) => Number(figures.trim().split(/ +/)[column]))
    .reduce((sum, bytes) => sum + bytes, 0);
}
