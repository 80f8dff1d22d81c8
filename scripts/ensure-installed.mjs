// Installs the locked packages when they are missing or out of date, so that the README's commands
// work on a fresh clone. Runs on whatever Node the machine has; the project brings its own (26).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const stamp = new URL('node_modules/.installed-lock', root);
const wanted = createHash('sha256')
  .update(readFileSync(new URL('package-lock.json', root)))
  .digest('hex');

function installed() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined; // no node_modules yet
  }
}

if (installed() !== wanted) {
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
  writeFileSync(stamp, wanted);
}
