import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Cgroups of ours begin so; the id of the process that answers for them follows. */
const PREFIX = 'metrics-server-e2e-';
const ROOT = '/sys/fs/cgroup';
/** What a kubelet expects in version 2. */
const CONTROLLERS = ['cpu', 'cpuset', 'hugetlb', 'memory', 'pids'];
/** The largest share of a busy processor, in version 1 and in version 2. */
const HEAVIEST = [
  ['cpu.shares', '262144'],
  ['cpu.weight', '10000'],
] as const;
/** The kernel takes a moment until an ended process has left its cgroup. */
const ATTEMPTS = 50;
const ATTEMPT_MS = 100;

/**
 * A cgroup of its own for everything that a kubelet starts, so that no other kubelet of this machine meets it, in
 * every hierarchy of version 1 or in the one of version 2. Disposing it takes it away, and puts controllers back.
 */
export class NodeCgroup implements AsyncDisposable {
  /** Below the root of each hierarchy. */
  readonly name: string;
  private readonly hierarchies: readonly string[];
  private readonly enabled: readonly string[];

  private constructor(hierarchies: readonly string[], enabled: readonly string[]) {
    this.name = `${PREFIX}${process.pid}`;
    this.hierarchies = hierarchies;
    this.enabled = enabled;
  }

  /** Takes away first what a run left behind that was killed. */
  static async create(): Promise<NodeCgroup> {
    const hierarchies = await mountedHierarchies();
    for (const hierarchy of hierarchies) await removeOrphans(hierarchy);
    const enabled = existsSync(join(ROOT, 'cgroup.controllers')) ? await enableControllers() : [];
    const cgroup = new NodeCgroup(hierarchies, enabled);
    for (const hierarchy of hierarchies) {
      const folder = join(hierarchy, cgroup.name);
      await mkdir(folder);
      await preferOverOthers(folder);
    }
    return cgroup;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const hierarchy of this.hierarchies) await removeTree(join(hierarchy, this.name));
    await switchControllers('-', this.enabled);
  }
}

/** Where the hierarchies are: `/sys/fs/cgroup` in version 2, a folder in it for each one of version 1. */
async function mountedHierarchies(): Promise<string[]> {
  return hierarchiesIn(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** Mount points of cgroups below /sys/fs/cgroup of a text like /proc/self/mountinfo (proc(5)). */
export function hierarchiesIn(mountinfo: string): string[] {
  const points = mountinfo.split('\n').flatMap((line) => {
    const [mount = '', source = ''] = line.split(' - ');
    const point = mount.split(' ')[4] ?? '';
    return /^cgroup2? /.test(source) && point.startsWith(ROOT) ? [point] : [];
  });
  return [...new Set(points)].toSorted();
}

/** Limits are to hold back what runs there, and nothing else: not a compiler that runs beside it. */
async function preferOverOthers(folder: string): Promise<void> {
  for (const [name, most] of HEAVIEST) {
    const file = join(folder, name);
    if (existsSync(file)) await writeFile(file, most);
  }
}

/** @returns those that were not enabled before. */
async function enableControllers(): Promise<string[]> {
  const words = async (file: string): Promise<string[]> =>
    (await readFile(join(ROOT, file), 'utf8')).trim().split(/\s+/);
  const before = await words('cgroup.subtree_control');
  const available = await words('cgroup.controllers');
  const wanted = CONTROLLERS.filter((name) => available.includes(name) && !before.includes(name));
  await switchControllers('+', wanted);
  return wanted;
}

async function switchControllers(sign: '+' | '-', names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const text = names.map((name) => `${sign}${name}`).join(' ');
  await writeFile(join(ROOT, 'cgroup.subtree_control'), text);
}

async function removeOrphans(hierarchy: string): Promise<void> {
  const names = (await readdir(hierarchy)).filter((name) => isOrphan(name));
  for (const name of names) await removeTree(join(hierarchy, name));
}

function isOrphan(name: string): boolean {
  const [, pid] = new RegExp(`^${PREFIX}(\\d+)$`).exec(name) ?? [];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

/** Rejects with the name of the cgroup in which a process still lives. */
async function removeTree(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const inside = await readdir(folder, { withFileTypes: true });
  for (const entry of inside) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      await rmdir(folder);
      return;
    } catch (cause) {
      if (attempt === ATTEMPTS) {
        throw new Error(`Cannot remove the cgroup ${basename(folder)}: ${folder} is in use`, {
          cause,
        });
      }
      await sleep(ATTEMPT_MS);
    }
  }
}
