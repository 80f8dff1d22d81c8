import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ServerProcess, startServerProcess } from '../../src/simulator/server-process.ts';
import { endsWithUs } from '../e2e/last-resort.ts';
import { type Pins, pinned } from './launch.ts';

const END_WITHIN_MS = 10_000;
const NODE_FLAGS = ['--max-semi-space-size=16', '--disable-warning=ExperimentalWarning'];

/** What a run starts; all of it ends with the house that it is given. */
export class Children {
  readonly #pins: Pins | undefined;
  readonly #house: AsyncDisposableStack;

  constructor(pins: Pins | undefined, house: AsyncDisposableStack) {
    this.#pins = pins;
    this.#house = house;
  }

  /** One of our own scripts. Its standard input is ours, and its end is its end. */
  startScript(
    file: string,
    args: readonly string[],
    talk: 'lines' | 'ipc',
    where: 'server' | 'others' = 'others',
  ): ChildProcess {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const words = pinned([process.execPath, ...NODE_FLAGS, path, ...args], this.#pins?.[where]);
    const [command = '', ...rest] = words;
    const child = spawn(command, rest, {
      stdio: ['pipe', 'pipe', 'inherit', ...(talk === 'ipc' ? (['ipc'] as const) : [])],
      detached: true,
    });
    this.#house.defer(() => endChild(child));
    return child;
  }

  /** A metrics server, on its own processor. */
  async startServer(
    command: readonly string[],
    env: NodeJS.ProcessEnv,
    logFile: string,
  ): Promise<ServerProcess> {
    const [program = '', ...words] = pinned(command, this.#pins?.server);
    return this.#house.use(
      endsWithUs(
        await startServerProcess({
          command: program,
          arguments: words,
          env,
          logFile,
          graceMs: END_WITHIN_MS,
          isApart: true,
        }),
      ),
    );
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
  await ended;
  clearTimeout(late);
}

/** The first line that a process writes. Rejects when it ends before. */
export async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('Cannot read from a process without standard output');
  const ended = once(child, 'exit').then(() => {
    throw new Error(`Cannot measure: ${child.spawnargs.join(' ')} ended early`);
  });
  const line = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  return (await Promise.race([line, ended]))[0];
}
