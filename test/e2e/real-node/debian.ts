import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../cache-folder.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 300_000;

interface Wanted {
  /** Names of Debian packages. */
  readonly packages: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * A folder with the files of these packages and of those that they depend on and that are not installed; nothing is
 * installed. Kept in the cache folder: what was unpacked once needs no network.
 * Rejects when this machine is no Debian, or when apt cannot get them.
 */
export async function unpackedPackages({ packages, env, signal, say }: Wanted): Promise<string> {
  return cacheFolder(env, `debian-${await digestOf(packages)}`, async (draft) => {
    say(`Unpacking the Debian packages ${packages.join(', ')} (once) ...`);
    await unpack(packages, draft, { env, signal });
  });
}

/** Of the packages, and of the release that they are of. */
async function digestOf(packages: readonly string[]): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8');
  return createHash('sha256')
    .update(`${process.arch}\n${release}\n${packages.toSorted().join('\n')}`)
    .digest('hex')
    .slice(0, 16);
}

async function unpack(
  packages: readonly string[],
  folder: string,
  { env, signal }: Pick<Wanted, 'env' | 'signal'>,
): Promise<void> {
  const options = {
    cwd: folder,
    env: { ...env, LC_ALL: 'C' },
    signal,
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  const simulate = ['install', '--simulate', '--no-install-recommends', ...packages];
  const download = async (): Promise<void> => {
    const names = packagesIn((await run('apt-get', simulate, options)).stdout);
    await run('apt-get', ['download', '--quiet=2', ...names], options);
  };
  try {
    await download();
  } catch {
    signal.throwIfAborted();
    // A fresh machine has no lists of packages, or old ones; what is wrong else is wrong again.
    await run('apt-get', ['update', '--quiet=2'], options);
    await download();
  }
  const archives = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
  for (const archive of archives) {
    await run('dpkg-deb', ['--extract', archive, '.'], options);
    await rm(join(folder, archive));
  }
}

/** Names of what `apt-get install --simulate` would install. */
export function packagesIn(simulation: string): string[] {
  return [...simulation.matchAll(/^Inst (\S+) /gm)].map(([, name = '']) => name);
}
