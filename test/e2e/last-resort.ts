import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import type { ServerProcess } from '../../src/simulator/server-process.ts';

/** Inherited by whoever is started by us, and by whom they start: kubectl, Go's compilers, other servers. */
const MARK = 'METRICS_SERVER_E2E';

/**
 * Takes the mark, and folders, one a line. Ends every process that bears the mark (Linux tells who does),
 * again until there is none, since each may start another one until it is gone; then removes the folders, but
 * none with something mounted below it.
 */
const SWEEP = `
mark=$1; shift
while IFS= read -r folder; do set -- "$@" "$folder"; done
round=0
while [ "$round" -lt 20 ]; do
  marked=$(grep -lzsxF -- "$mark" /proc/[0-9]*/environ | cut -d / -f 3)
  [ -n "$marked" ] || break
  kill -KILL $marked 2>/dev/null
  round=$((round + 1))
  sleep 0.1
done
for folder; do
  grep -qsF " $folder/" /proc/self/mountinfo || rm -rf -- "$folder"
done
`;

const running = new Set<ServerProcess>();
const folders = new Set<string>();
let tellWatch: ((folder: string) => void) | undefined;

/**
 * From now on nothing outlives this process, however it ends: what it started is killed, and the folders of
 * `goesWithUs` are removed. Where it ends by SIGKILL a shell does that, which runs beside it and notices.
 */
export function leaveNothingBehind(): void {
  const mark = randomUUID();
  const words = ['-c', SWEEP, 'last-resort', `${MARK}=${mark}`];
  // It bears no mark itself, and Ctrl-C in a terminal, which reaches a session, does not reach it.
  const watch = spawn('sh', words, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watch.unref();
  // Without a shell the sweep below cannot be had either, and children are killed one by one.
  watch.on('error', () => undefined);
  watch.stdin.on('error', () => undefined);
  tellWatch = (folder) => watch.stdin.write(`${folder}\n`);
  process.env[MARK] = mark;
  process.once('exit', () => {
    for (const child of running) child.kill();
    const { PATH } = process.env;
    const input = [...folders].map((folder) => `${folder}\n`).join('');
    spawnSync('sh', words, { input, env: { PATH } });
  });
}

/** Kills the child with this process, should it end in haste; in good order somebody disposes it before. */
export function endsWithUs(child: ServerProcess): ServerProcess {
  running.add(child);
  void child.ended.then(() => running.delete(child));
  return child;
}

/** Removes the folder with this process, should it end in haste; in good order somebody removes it before. */
export function goesWithUs(folder: string): string {
  folders.add(folder);
  tellWatch?.(folder);
  return folder;
}
