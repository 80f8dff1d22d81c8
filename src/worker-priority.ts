import { readFileSync, readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import type { Logger } from './log.ts';

/** From here on V8's threads have enough to do that requests wait for them. */
const MANY_NODES = 2_000;
/** Less than the thread that answers, which makes a third of its weight. With 10 the collection of garbage falls behind (docs/benchmarks.md). */
const NICER_BY = 5;
const NICEST = 19;
const THREADS = '/proc/self/task';
/** As Node names the threads of V8's platform: node-V8Worker. */
const WORKER = 'V8Worker';

/**
 * Lets V8's own threads, which collect garbage and compile, give way to the one that answers, once there are many nodes. On
 * one processor they stop it in the midst of its work otherwise, for up to 90 ms. Returns what is to be told how many
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
      const niceness = Math.min(getPriority() + NICER_BY, NICEST);
      for (const thread of readdirSync(THREADS)) {
        const name = readFileSync(`${THREADS}/${thread}/comm`, 'utf8').trim();
        if (name.endsWith(WORKER)) setPriority(Number(thread), niceness);
      }
    } catch (err) {
      log.debug({ err }, "Could not lower the priority of V8's threads");
    }
  };
}
