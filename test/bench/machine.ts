import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { type CpuInfo, cpus, release, totalmem } from 'node:os';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Means } from './launch.ts';

/** Date, commit, Node and machine, in one line. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, commit ${commit()}, Node ${process.versions.node}, ${cpus().length} x ${cpu?.model ?? 'unknown'}, ${memory}, Linux ${release()}`;
}

/** `unknown` outside of a repository, or where git does not trust it. */
function commit(): string {
  const words = ['describe', '--always', '--dirty'];
  const { status, stdout } = spawnSync('git', words, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}

const LOOK_MS = 2_000;

/** How busy the processors are with something else than us, in percent, over two seconds. */
export async function percentBusy(): Promise<number> {
  const before = cpus();
  await sleep(LOOK_MS);
  return percentBusyBetween(before, cpus());
}

/** Of all processors together, from two looks at their times. */
export function percentBusyBetween(before: readonly Times[], after: readonly Times[]): number {
  const sum = (looks: readonly Times[], pick: (times: Times['times']) => number): number =>
    looks.reduce((total, { times }) => total + pick(times), 0);
  const all = ({ user, nice, sys, idle, irq }: Times['times']): number =>
    user + nice + sys + idle + irq;
  const idle = sum(after, (times) => times.idle) - sum(before, (times) => times.idle);
  const total = sum(after, all) - sum(before, all);
  return total > 0 ? 100 * (1 - idle / total) : Number.NaN;
}

type Times = Pick<CpuInfo, 'times'>;

/** How both servers were started, in sentences. */
export function surroundingsText({ pins, canBePod }: Means): string {
  const where = pins
    ? `Each server had processor ${pins.server} for itself, the simulated cluster and the load client ${pins.others}.`
    : 'Nothing was pinned to a processor.';
  const how = canBePod
    ? 'Both found a service account as in a pod.'
    : 'Both were given a kubeconfig, for which ours loads a library that it does not need in a pod.';
  return `${where} ${how}`;
}

const PIECE_BYTES = 1 << 20;
const OVERLAP_BYTES = 512;

/** What a program written in Go says of its own module, as "NAME VERSION"; undefined of any other program. */
export function goModule(path: string): string | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = statSync(path);
    const piece = Buffer.alloc(PIECE_BYTES + OVERLAP_BYTES);
    for (let at = 0; at < size; at += PIECE_BYTES) {
      const length = readSync(file, piece, 0, piece.length, at);
      const found = moduleIn(piece.toString('latin1', 0, length));
      if (found !== undefined) return found;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** Of a piece of a program's bytes, one character each (Go: runtime/debug.BuildInfo). */
export function moduleIn(text: string): string | undefined {
  const [, name, version] = /\nmod\t([^\t\n]+)\t(v[^\t\n]+)\t/.exec(text) ?? [];
  return name === undefined ? undefined : `${name} ${version ?? ''}`;
}
