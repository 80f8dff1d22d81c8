import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import process from 'node:process';
import type { Means } from './launch.ts';

/** Date, commit, Node and machine, in one line. */
export function machine(): string {
  const [cpu] = cpus();
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' });
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, commit ${commit.trim()}, Node ${process.versions.node}, ${cpus().length} x ${cpu?.model ?? 'unknown'}, ${memory}, Linux ${release()}`;
}

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
