import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../e2e/main.ts', import.meta.url));
const STARTED_WITHIN_MS = 15_000;
const GONE_WITHIN_MS = 10_000;

/** Scripts in the place of programs, which write their process ids down and run until they are ended. */
const PROGRAMS = {
  // A compiler that goes on when its parent is ended.
  build: [['go', 'sleep 300 &\necho $! >>"$PIDS"\nwait']],
  plane: [
    ['etcd', 'exec sleep 300'],
    ['kube-apiserver', 'exec sleep 300'],
  ],
  'stubborn plane': [
    ['etcd', 'exec sleep 300'],
    ['kube-apiserver', 'trap "" TERM\nexec sleep 300'],
  ],
} as const;

let folder: string;
let runner: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ends-'));
  for (const name of ['tmp', 'cache', 'bin']) await mkdir(join(folder, name));
});

afterEach(async () => {
  runner?.kill('SIGKILL');
  for (const pid of pids()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Starts `npm run e2e` without npm, and waits until it has started everything that it starts in a phase. */
async function start(phase: keyof typeof PROGRAMS): Promise<ChildProcess> {
  for (const [name, words] of PROGRAMS[phase]) {
    const text = `#!/bin/sh\necho $$ >>"$PIDS"\n${words}\n`;
    await writeFile(join(folder, 'bin', name), text, { mode: 0o755 });
  }
  // Without one nothing is started at all.
  await writeFile(join(folder, 'bin', 'kubectl'), '#!/bin/sh\n', { mode: 0o755 });
  const child = spawn(process.execPath, [MAIN], {
    // A process group of its own, as a terminal gives to what is started there.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CI: '',
      E2E_KUBECONFIG: '',
      PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      PIDS: join(folder, 'pids'),
      TMPDIR: join(folder, 'tmp'),
      XDG_CACHE_HOME: join(folder, 'cache'),
      KUBEBUILDER_ASSETS: phase === 'build' ? '' : join(folder, 'bin'),
    },
  });
  runner = child;
  await until(() => pids().length === 2, STARTED_WITHIN_MS);
  return child;
}

function pids(): number[] {
  const file = join(folder, 'pids');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').trim().split('\n').map(Number);
}

/** Who is dead, and only waits for a parent to take notice, lives no more. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith(
      'Z',
    );
  } catch {
    return false; // ps found nobody
  }
}

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`Not so within ${withinMs} ms`);
    await sleep(20);
  }
}

async function end(child: ChildProcess): Promise<{ code: number | null; err: string }> {
  let err = '';
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdout?.resume();
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err };
}

/** Processes and files that are still there. */
function remains(): object {
  const drafts = join(folder, 'cache', 'metrics-server-e2e');
  return {
    alive: pids().filter(isAlive),
    files: readdirSync(join(folder, 'tmp')),
    drafts: existsSync(drafts) ? readdirSync(drafts) : [],
  };
}

const NOTHING = { alive: [], files: [], drafts: [] };

describe('nothing is left, and the exit code is 130,', () => {
  test.each([
    ['build', 'SIGINT', 'to the process'],
    ['build', 'SIGINT', 'to all of its group'],
    ['build', 'SIGTERM', 'to all of its group'],
    ['build', 'SIGHUP', 'to the process'],
    ['plane', 'SIGINT', 'to all of its group'],
    ['plane', 'SIGTERM', 'to the process'],
    ['plane', 'SIGHUP', 'to all of its group'],
  ] as const)('while the %s starts, after %s %s', async (phase, signal, whom) => {
    const child = await start(phase);
    const ended = end(child);
    process.kill(whom === 'to the process' ? (child.pid ?? 0) : -(child.pid ?? 0), signal);

    expect(await ended).toEqual({ code: 130, err: `Ended by ${signal}\n` });
    expect(remains()).toEqual(NOTHING);
  });

  test('at once with the second Ctrl-C', async () => {
    const child = await start('stubborn plane');
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = end(child);
    child.kill('SIGINT');
    await until(() => said.includes('Ending everything after SIGINT'), STARTED_WITHIN_MS);
    // npm passes on what the terminal has sent already: that is the same one, for half a second.
    child.kill('SIGINT');
    await sleep(600);

    expect(child.exitCode).toBeNull();
    const secondMs = performance.now();
    child.kill('SIGINT');

    expect(await ended).toEqual({ code: 130, err: '' });
    // With the first one alone the stubborn one would have had 2.4 s more, of 3.
    expect(performance.now() - secondMs).toBeLessThan(2_200);
    expect(remains()).toEqual(NOTHING);
  });
});

test.each(['build', 'plane'] as const)(
  'nothing is left soon after it was killed while the %s starts',
  async (phase) => {
    const child = await start(phase);
    const ended = end(child);
    child.kill('SIGKILL');
    await ended;
    await until(() => JSON.stringify(remains()) === JSON.stringify(NOTHING), GONE_WITHIN_MS);

    expect(remains()).toEqual(NOTHING);
  },
);

test('nothing is left when nobody takes its output any more', async () => {
  const child = await start('plane');
  child.stdout?.destroy();
  const ended = end(child);
  // It says something only when it ends, or goes on.
  process.kill(child.pid ?? 0, 'SIGINT');

  expect((await ended).code).toBe(130);
  expect(remains()).toEqual(NOTHING);
});
