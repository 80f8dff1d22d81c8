import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { parseDemoOptions } from '../../../src/simulator/demo-options.ts';
import { DemoError, runDemo } from '../../../src/simulator/demo.ts';

describe('the demo', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function aScreen() {
    let text = '';
    return { write: (more: string) => (text += more), text: () => text };
  }

  /** Runs it with a server that is the given script; returns why it could not go on. */
  async function failure(words: readonly string[], script = 'setInterval(() => {}, 1000)') {
    const serverEntry = join(folder, 'server.mjs');
    await writeFile(serverEntry, script);
    const err = aScreen();
    const running = runDemo(parseDemoOptions([`--folder=${join(folder, 'out')}`, ...words]), {
      out: aScreen(),
      err,
      clock: systemClock,
      env: process.env,
      execPath: process.execPath,
      serverEntry,
      signal: AbortSignal.timeout(20_000),
      atExit: () => undefined,
    });
    const reason: unknown = await running.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(reason instanceof DemoError)) throw new Error('Not refused', { cause: reason });
    return { message: reason.message, progress: err.text() };
  }

  test('explains a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;

    const { message } = await failure([`--port=${port}`]);

    expect(message).toBe(
      `--port: cannot listen on 127.0.0.1:${port}: another process listens there. Choose another port, or none for any free one.`,
    );
    await new Promise((resolve) => other.close(resolve));
  });

  test('says how the server ended, and its last words', async () => {
    const script = 'console.error("Error: no such flag"); process.exit(2)';

    const { message, progress } = await failure(['--nodes=1'], script);

    expect(message).toBe('metrics-server ended with code 2. Its last words:\nError: no such flag');
    expect(progress).toMatch(/^✓ Simulated cluster: 1 nodes, \d+ running pods \(\d+\.\d s\)\n/);
    expect(progress).toMatch(/✗ Metrics API available \(\d+\.\d s\)\n$/);
  });

  test.each([
    [['--fault=slow:node-9'], '--fault: there is no node "node-9"'],
    [['--world=no/such/folder'], /^--world: .*no\/such\/folder/],
    [['--replay', 'no/such/file.json'], /^--replay: .*no\/such\/file\.json/],
    [
      ['--folder=/proc/demo'],
      /^--folder: ENOENT: no such file or directory, mkdir '\/proc\/demo'$/,
    ],
    [
      ['--folder=/dev/null/demo'],
      /^--folder: ENOTDIR: not a directory, mkdir '\/dev\/null\/demo'$/,
    ],
  ])('refuses %j', async (words, expected) => {
    expect((await failure(words)).message).toMatch(expected);
  });
});
