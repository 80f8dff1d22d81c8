import { readFileSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Logger } from './log.ts';

/** From here on V8's threads have enough to do that requests wait for them. */
const MANY_NODES = 2_000;
/** A third of the weight of the thread that answers. With 10 the collection of garbage falls behind (docs/benchmarks.md). */
const NICENESS = 5;
const THREADS = '/proc/self/task';
/** As Node names the threads of V8's platform: node-V8Worker. */
const WORKER = 'V8Worker';

/**
 * Lets V8's own threads, which collect garbage and compile, give way to the one that answers, once there are many nodes. On
 * one processor they stop it in the midst of its work otherwise, for up to 60 ms. Returns what is to be told how many
 * nodes there are. Linux only, where each thread has a priority of its own.
 */
export function yieldingWorkers(
  log: Pick<Logger, 'debug'>,
  platform: string = process.platform,
): (nodes: number) => void {
  let isDone = platform !== 'linux';
  return (nodes) => {
    if (isDone || nodes <= MANY_NODES) return;
    isDone = true;
    try {
      for (const thread of readdirSync(THREADS)) {
        const name = readFileSync(`${THREADS}/${thread}/comm`, 'utf8').trim();
        if (name.endsWith(WORKER)) setPriority(Number(thread), NICENESS);
      }
    } catch (err) {
      log.debug({ err }, "Could not lower the priority of V8's threads");
    }
  };
}
