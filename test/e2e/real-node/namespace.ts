import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { SERVICE_RANGE } from '../plane-flags.ts';
import { NodeCgroup } from './cgroups.ts';
import type { NodePrograms } from './programs.ts';

const run = promisify(execFile);

/** Says that this process is inside, and which cgroup is the node's. */
const MARK = 'METRICS_SERVER_E2E_CGROUP';
/** Kubelets refuse one in 127/8. */
const NODE_ADDRESS = '10.99.0.1';
/** A folder in memory of the namespace's own. */
export const OWN_RUN = '/run';
/** Written to by programs that cannot be told another place. */
const OWN_FOLDERS = [OWN_RUN, '/var/lib/kubelet', '/var/lib/cni', '/var/log/containers'];
/** A kubelet sets these for the whole machine. */
const OWN_SYSCTLS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];
/** Between 0, which is usual, and -20. */
const PRIORITY = -10;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The place in which the first process of the namespaces finds itself. */
export interface Namespace {
  /** Of the node, on lo; nothing else is reachable. */
  readonly address: string;
  /** For everything that the kubelet starts, below the root of each hierarchy. */
  readonly cgroup: string;
}

/**
 * Starts this program once more, with the same words, in namespaces of its own for network, mounts and processes,
 * and resolves with its exit code. Everything that it starts ends with it, and it ends with us, however we end.
 * Signals are handed on, cgroups taken away.
 */
export async function startAgainInside(words: readonly string[]): Promise<number> {
  await using cgroup = await NodeCgroup.create();
  const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', '--propagation', 'private'],
      ...['--pid', '--fork', '--kill-child', '--mount-proc', '--', ...program, ...words],
    ],
    {
      // A session of its own: what the terminal sends reaches us alone, and is handed on once.
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [MARK]: cgroup.name },
    },
  );
  return await exitCodeOf(child);
}

async function exitCodeOf(child: ChildProcess): Promise<number> {
  const handOn = (signal: NodeJS.Signals): void => {
    if (child.connected) child.send({ signal });
  };
  for (const name of SIGNALS) process.on(name, handOn);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
  } finally {
    for (const name of SIGNALS) process.off(name, handOn);
  }
}

/** Whether startAgainInside started this process. */
export function isInside(env: NodeJS.ProcessEnv): boolean {
  return env[MARK] !== undefined && process.pid === 1;
}

/**
 * Makes a place for a node of the namespaces that startAgainInside made: lo with the node's address and a way to
 * services, folders and settings of the machine that are only copies.
 */
export async function furnishNamespace(
  env: NodeJS.ProcessEnv,
  programs: NodePrograms,
): Promise<Namespace> {
  const cgroup = env[MARK];
  if (cgroup === undefined || !isInside(env)) {
    throw new Error('Only the first process of new namespaces may change what is mounted');
  }
  receiveSignals();
  preferOverOthers();
  const ip = (...words: readonly string[]): Promise<unknown> =>
    run(programs.path('ip'), words, { env: programs.env });
  await ip('link', 'set', 'lo', 'up');
  await ip('address', 'add', `${NODE_ADDRESS}/32`, 'dev', 'lo');
  await ip('route', 'add', SERVICE_RANGE, 'dev', 'lo', 'src', NODE_ADDRESS);
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  const copied = new Set<string>();
  for (const folder of OWN_FOLDERS) await hide(folder, copied);
  await copySettings();
  return { address: NODE_ADDRESS, cgroup };
}

/** Seconds are to be those of what is tried, not of a compiler that runs beside it: everything started from now on inherits this. */
function preferOverOthers(): void {
  try {
    setPriority(PRIORITY);
  } catch (error) {
    // A container may not always do so; then this is a machine of its own, or a slow one.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
  }
}

/** Signals come by the channel: unshare, which stands between, does not hand them on. */
function receiveSignals(): void {
  process.on('message', ({ signal }: { signal: NodeJS.Signals }) => {
    process.emit(signal);
  });
  process.channel?.unref();
}

/** Puts an empty folder over one of the machine, which may not even exist: then over a copy of the one above it. */
async function hide(folder: string, copied: Set<string>): Promise<void> {
  if (!existsSync(folder)) {
    const above = dirname(folder);
    if (!copied.has(above)) await mountCopy(above);
    copied.add(above);
    await mkdir(folder);
  }
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder]);
}

/** What is written there from now on is seen by nobody outside. */
async function mountCopy(folder: string): Promise<void> {
  const own = await mkdtemp(join(OWN_RUN, 'copy-'));
  const [upper, work] = [join(own, 'upper'), join(own, 'work')];
  await mkdir(upper);
  await mkdir(work);
  const options = `lowerdir=${folder},upperdir=${upper},workdir=${work}`;
  await run('mount', ['-t', 'overlay', '-o', options, 'overlay', folder]);
}

/** A kubelet writes to them, and finds again what it wrote; the machine goes on as it is. */
async function copySettings(): Promise<void> {
  for (const name of OWN_SYSCTLS) {
    const file = join('/proc/sys', name);
    if (!existsSync(file)) continue;
    const copy = join(OWN_RUN, name.replaceAll('/', '.'));
    await writeFile(copy, await readFile(file));
    await run('mount', ['--bind', copy, file]);
  }
}
