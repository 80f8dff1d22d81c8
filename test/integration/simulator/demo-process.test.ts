import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '../../support/wait-for.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/simulator/main.ts');

describe('the process of the demo', () => {
  let folder: string;
  let demo: ChildProcess;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-process-'));
    demo = spawn(process.execPath, [MAIN, '--nodes=1', `--folder=${folder}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  });
  afterEach(async () => {
    demo.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  /** The pid of the metrics server, from the progress that the demo shows. */
  async function serverPid(): Promise<number> {
    if (!demo.stderr) throw new Error('The demo has no standard error');
    for await (const line of createInterface({ input: demo.stderr })) {
      const [, pid] = /metrics-server process: pid (\d+)/.exec(line) ?? [];
      if (pid !== undefined) return Number(pid);
    }
    throw new Error('The demo ended before it said so');
  }

  function exists(pid: number): boolean {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }

  test('ends, and the server with it, when nobody reads it any more', async () => {
    const pid = await serverPid();

    demo.stdout?.destroy();

    expect(await once(demo, 'exit')).toEqual([0, null]);
    expect(exists(pid)).toBe(false);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends with 0 after %s, even while it starts',
    async (signal) => {
      const pid = await serverPid();

      demo.kill(signal);

      expect(await once(demo, 'exit')).toEqual([0, null]);
      await waitFor(() => !exists(pid));
    },
  );
});
