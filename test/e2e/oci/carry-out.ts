import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { programOnPath } from '../programs.ts';
import { CANNOT_MOUNT } from './stages.ts';

const WITHIN_MS = 15 * 60_000;
const PROGRESS_MS = 15_000;
const LAST_WORDS = 30;

/** The image cannot be made on this machine. The message is one sentence with the remedy. */
export class NoImageBuildError extends Error {
  override readonly name = 'NoImageBuildError';

  constructor(missing: string, remedy: string) {
    super(`Cannot build the image: ${missing}: ${remedy}`);
  }
}

/** @throws NoImageBuildError when this is no machine that stages can be carried out on */
export function refuseMachine(env: NodeJS.ProcessEnv): void {
  if (process.platform !== 'linux') {
    throw new NoImageBuildError('this is not Linux', 'use a Debian 12 machine');
  }
  if (process.getuid?.() !== 0) {
    throw new NoImageBuildError('only root may mount and chroot', 'run this as root');
  }
  const programs = ['apt-get', 'chroot', 'dpkg', 'mount', 'npm', 'tar', 'unshare'];
  const missing = programs.filter((name) => programOnPath(name, env) === undefined);
  if (missing.length > 0) {
    throw new NoImageBuildError(
      `there is no ${missing.join(' and no ')} on PATH`,
      'use a Debian 12 machine with Node and npm',
    );
  }
}

/** How the network is reached, and by what mark our processes are found should we end in haste. */
const PASSED_ON =
  /^(?:METRICS_SERVER_E2E|(?:https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|npm_config_(?:registry|userconfig|globalconfig|cache|cafile))$/i;

/** What a command in a stage knows of its surroundings. */
export function environmentOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // npm puts the checkout's own programs first, which a stage must not see.
  const folders = (env['PATH'] ?? '').split(':').filter((path) => !path.includes('node_modules'));
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.test(name))),
    PATH: folders.join(':'),
    // where npm's settings are
    HOME: env['HOME'] ?? '/root',
  };
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Runs the script of a recipe in namespaces of its own, which end with it, and with them all that it started and mounted.
 * @param folders the script's parameters; the first one is made here
 * @throws NoImageBuildError when it may not mount; otherwise Error with the last words
 */
export async function carryOut(
  script: string,
  folders: readonly [stages: string, context: string, root: string],
  { env, signal, say }: Surroundings,
): Promise<void> {
  await mkdir(folders[0]);
  const tooLate = AbortSignal.timeout(WITHIN_MS);
  const namespaces = ['--mount', '--propagation=private', '--pid', '--fork', '--kill-child'];
  const child = spawn('unshare', [...namespaces, '/bin/sh', '-c', script, 'sh', ...folders], {
    env: environmentOf(env),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, tooLate]),
    // unshare itself holds SIGTERM back.
    killSignal: 'SIGKILL',
  });
  const [, output, errors, steps] = child.stdio as [null, Readable, Readable, Readable, undefined];
  const talk = follow([output, errors], steps, say);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    // Without namespaces the script has not even begun.
    if (code === CANNOT_MOUNT || (code !== 0 && talk.steps === 0)) {
      throw new NoImageBuildError(
        `mounting is not allowed here (${talk.words.join(' ')})`,
        'in a container, run it with --privileged',
      );
    }
    if (code !== 0) {
      throw new Error(
        [`Cannot build the image: exit code ${code ?? 'none'}`, ...talk.words].join('\n'),
      );
    }
  } catch (error) {
    if (!tooLate.aborted) throw error;
    const limit = `Cannot build the image within ${WITHIN_MS / 60_000} minutes`;
    throw new Error([limit, ...talk.words].join('\n'), { cause: error });
  } finally {
    talk.end();
  }
}

interface Talk {
  /** The last ones of all commands. */
  readonly words: readonly string[];
  /** How many were begun. */
  readonly steps: number;
  end(): void;
}

/** Says each step, and what a long one said last. */
function follow(outputs: readonly Readable[], steps: Readable, say: (line: string) => void): Talk {
  const startedMs = performance.now();
  const sayAt = (line: string): void => {
    say(`  ${Math.round((performance.now() - startedMs) / 1000)} s: ${line}`);
  };
  const talk = { words: [] as string[], steps: 0 };
  for (const output of outputs) {
    createInterface({ input: output }).on('line', (line) => {
      if (line.trim() !== '') talk.words.push(line);
      if (talk.words.length > LAST_WORDS) talk.words.shift();
    });
  }
  createInterface({ input: steps }).on('line', (line) => {
    talk.steps += 1;
    sayAt(line);
  });
  const progress = setInterval(() => {
    sayAt(`... ${talk.words.at(-1) ?? 'nothing said yet'}`);
  }, PROGRESS_MS);
  return Object.assign(talk, {
    end: () => {
      clearInterval(progress);
    },
  });
}
