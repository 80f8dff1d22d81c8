import { execFile } from 'node:child_process';
import { getPriority } from 'node:os';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';

const MODULE = new URL('../../src/worker-priority.ts', import.meta.url).href;
/** Field of /proc/PID/stat behind the name in brackets: niceness is the 19th of all. */
const NICENESS_BEHIND_NAME = 19 - 3;

interface Thread {
  readonly name: string;
  readonly niceness: number;
}

/** The threads of a process that was told so many nodes. */
async function threadsWith(nodes: number, platform: string): Promise<Thread[]> {
  const program = `
    import { readFileSync, readdirSync } from 'node:fs';
    const { yieldingWorkers } = await import(${JSON.stringify(MODULE)});
    const log = { debug: (fields) => { throw fields.err; } };
    yieldingWorkers(log, ${JSON.stringify(platform)})(${nodes});
    const threads = readdirSync('/proc/self/task').map((id) => {
      const [, name, rest] = /\\((.*)\\) (.*)/s.exec(readFileSync('/proc/self/task/' + id + '/stat', 'utf8'));
      return { name, niceness: Number(rest.split(' ')[${NICENESS_BEHIND_NAME}]) };
    });
    console.log(JSON.stringify(threads));
  `;
  const words = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return JSON.parse(stdout) as Thread[];
}

/** Of this process, and so of its children. */
const own = getPriority();
const lower = Math.min(own + 5, 19);

const isWorker = ({ name }: Thread): boolean => name.endsWith('V8Worker');

describe("the priority of V8's threads", () => {
  test('is lower than that of the main thread with many nodes', async () => {
    const threads = await threadsWith(2_001, 'linux');

    expect(threads.filter(isWorker).length).toBeGreaterThan(0);
    for (const thread of threads) expect(thread.niceness).toBe(isWorker(thread) ? lower : own);
  });

  test.each([
    ['with fewer nodes', 2_000, 'linux'],
    ['where threads have no priority of their own', 5_000, 'darwin'],
  ])('is the same %s', async (_, nodes, platform) => {
    const threads = await threadsWith(nodes, platform);

    for (const { niceness } of threads) expect(niceness).toBe(own);
  });
});
