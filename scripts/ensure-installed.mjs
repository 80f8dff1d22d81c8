// Installs the locked packages when they are missing or older than the lock file, so that the README's
// commands work on a fresh clone. Runs on whatever Node the machine has; the project brings its own (26).
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

const root = new URL('../', import.meta.url);

function changedMs(path) {
  return statSync(new URL(path, root), { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
}

// npm writes the second one when an installation, whoever asked for it, is complete.
if (changedMs('package-lock.json') > changedMs('node_modules/.package-lock.json')) {
  process.stderr.write('Installing the locked packages (once, about half a minute) ...\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    process.stderr.write('Cannot install the packages: "npm ci" failed (see above)\n');
    process.exit(1);
  }
}
