import process from 'node:process';
import type { ServerProcess } from '../../src/simulator/server-process.ts';

const running = new Set<ServerProcess>();

process.once('exit', () => {
  for (const child of running) child.kill();
});

/** Kills the child with this process, should it end in haste; in good order somebody disposes it before. */
export function endsWithUs(child: ServerProcess): ServerProcess {
  running.add(child);
  void child.ended.then(() => running.delete(child));
  return child;
}
