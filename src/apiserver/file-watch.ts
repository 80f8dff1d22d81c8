import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

const EVERY_MS = 60_000;
/** Writers make several changes at once; one look after the last is enough. */
const QUIET_MS = 100;

/**
 * Calls `check` soon after something changed in the folders of the files, and every minute in any case.
 * The folders are watched, not the files: a Secret is replaced by turning a symbolic link in its folder.
 * Does not keep the process alive.
 */
export function watchFiles(paths: readonly string[], check: () => void): Disposable {
  let soon: NodeJS.Timeout | undefined;
  const checkSoon = (): void => {
    soon ??= setTimeout(() => {
      soon = undefined;
      check();
    }, QUIET_MS).unref();
  };
  const watchers = [...new Set(paths.map((path) => dirname(path)))].map((folder) =>
    watchFolder(folder, checkSoon),
  );
  const regularly = setInterval(check, EVERY_MS).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(regularly);
      clearTimeout(soon);
      for (const watcher of watchers) watcher?.close();
    },
  };
}

/** Undefined where folders cannot be watched (limits of the system, network file systems): the minute remains. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    return watcher.on('error', () => {
      watcher.close();
    });
  } catch (err) {
    if (Error.isError(err) && 'errno' in err) return undefined;
    throw err;
  }
}
