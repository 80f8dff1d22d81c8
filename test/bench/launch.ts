import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import process from 'node:process';

/** Which processors the server has for itself, and which everybody else. */
export interface Pins {
  readonly server: string;
  readonly others: string;
}

/** How far this machine lets us start both servers as a cluster would. */
export interface Means {
  /** Undefined on a machine that cannot pin, or has but one processor. */
  readonly pins: Pins | undefined;
  /** Whether a server can get files of its own where a pod has its service account. */
  readonly canBePod: boolean;
}

/** Where a pod finds its service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Gives what it starts the folder of its first word as a service account; nobody else sees it. */
const AS_POD = `set -e
mount -t tmpfs none /var/run
mkdir -p ${SERVICE_ACCOUNT}
mount --bind "$1" ${SERVICE_ACCOUNT}
shift
exec "$@"`;

export function findMeans(): Means {
  return {
    pins: canRun('taskset', ['-c', '0', 'true']) ? pinsOf(availableParallelism()) : undefined,
    canBePod:
      process.getuid?.() === 0 &&
      canRun('unshare', [...MOUNTS_OF_ITS_OWN, 'mount', '-t', 'tmpfs', 'none', '/var/run']),
  };
}

function canRun(program: string, words: readonly string[]): boolean {
  return spawnSync(program, words, { stdio: 'ignore' }).status === 0;
}

const MOUNTS_OF_ITS_OWN = ['--mount', '--propagation', 'private'];

/** The first processor is the server's. Undefined where there is but one. */
export function pinsOf(processors: number): Pins | undefined {
  if (processors < 2) return undefined;
  return { server: '0', others: processors === 2 ? '1' : `1-${processors - 1}` };
}

/** The words that start a command on these processors. All processes of it are one, with one pid. */
export function pinned(command: readonly string[], processors: string | undefined): string[] {
  return processors === undefined ? [...command] : ['taskset', '-c', processors, ...command];
}

/** The words that start a command which finds the folder's files where a pod has its service account. */
export function asPod(command: readonly string[], folder: string): string[] {
  return ['unshare', ...MOUNTS_OF_ITS_OWN, 'sh', '-c', AS_POD, 'sh', folder, ...command];
}
