import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { goesWithUs } from './last-resort.ts';

/**
 * The folder of that name in the cache of these tests, filled by `make` when it is not there yet. The name has to
 * say of what it was made. Rejects as `make` does.
 */
export async function cacheFolder(
  env: NodeJS.ProcessEnv,
  name: string,
  make: (draft: string) => Promise<void>,
): Promise<string> {
  const caches = env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(caches, 'metrics-server-e2e', name);
  if (existsSync(folder)) return folder;
  await mkdir(join(folder, '..'), { recursive: true });
  // What was made in part is never taken for the whole: the folder gets its name at the end.
  const draft = goesWithUs(await mkdtemp(`${folder}-`));
  try {
    await make(draft);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Somebody else made the same thing in the meantime.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
