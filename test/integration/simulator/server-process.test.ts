import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ServerProcess, startServerProcess } from '../../../src/simulator/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('ServerProcess', () => {
  let folder: string;
  let logFile: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'server-process-'));
    logFile = join(folder, 'log');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function start(script: string, graceMs = 5000): Promise<ServerProcess> {
    return startServerProcess({
      command: process.execPath,
      arguments: ['-e', script],
      env: process.env,
      logFile,
      graceMs,
    });
  }

  /** Waits until the script has written something. */
  async function begun(): Promise<void> {
    for (;;) {
      if ((await readFile(logFile, 'utf8')) !== '') return;
      await once(AbortSignal.timeout(10), 'abort');
    }
  }

  function exists(pid: number): boolean {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }

  test('tells how it ended and what it said last', async () => {
    const server = await start(
      'for (let i = 1; i <= 20; i++) console.error("line " + i); process.exitCode = 7',
    );

    expect(await server.ended).toEqual({ reason: 'ended with code 7' });
    expect(await server.lastWords(2)).toBe('line 19\nline 20');
    await server[Symbol.asyncDispose]();
  });

  test('is asked to end, and then gone', async () => {
    const server = await start('setInterval(() => {}, 1000); console.log("up")');
    await begun();
    const { pid } = server;

    await server[Symbol.asyncDispose]();

    expect(await server.ended).toEqual({ reason: 'was ended by SIGTERM' });
    expect(exists(pid)).toBe(false);
  });

  test('is killed when it does not listen', async () => {
    const script =
      'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")';
    const server = await start(script, 50);
    await begun();
    const { pid } = server;

    await server[Symbol.asyncDispose]();

    expect(await server.ended).toEqual({ reason: 'was ended by SIGKILL' });
    expect(exists(pid)).toBe(false);
  });

  test('says so when it cannot be started at all', async () => {
    const server = await startServerProcess({
      command: join(folder, 'no-such-program'),
      arguments: [],
      env: {},
      logFile,
    });

    const { reason } = await server.ended;

    expect(reason).toMatch(/^could not be started: .*ENOENT/);
    expect(server.pid).toBe(0);
    await server[Symbol.asyncDispose]();
    await waitFor(() => server.pid === 0);
  });
});
