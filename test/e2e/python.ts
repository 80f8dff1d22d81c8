import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.ts';
import { programOnPath } from './programs.ts';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('python/', import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;
const ASK_TIMEOUT_MS = 30_000;
/** Fails where a package with venv or pip was left out, as Debian does. */
const PROBE = 'import sys, venv, ensurepip; print(sys.executable); print(sys.version)';

/** A Python 3 that has venv and pip. */
export interface Python {
  /** Path of the program itself, behind links and wrappers. */
  readonly program: string;
  readonly version: string;
}

/** The Python 3 on PATH; undefined when there is none, or one without venv or pip. */
export async function findPython(env: NodeJS.ProcessEnv): Promise<Python | undefined> {
  const found = programOnPath('python3', env);
  if (found === undefined) return undefined;
  try {
    const { stdout } = await run(found, ['-c', PROBE], { env });
    const [program = '', version = ''] = stdout.split('\n');
    return { program, version };
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'number') return undefined;
    throw error;
  }
}

/** Python's official client in an environment of its own. */
export class PythonClient {
  private readonly program: string;
  private readonly kubeconfig: string;

  private constructor(program: string, kubeconfig: string) {
    this.program = program;
    this.kubeconfig = kubeconfig;
  }

  /** Installs it first, once for each state of requirements.txt. Rejects with the complaint of pip. */
  static async create(
    python: Python,
    kubeconfig: string,
    env: NodeJS.ProcessEnv,
  ): Promise<PythonClient> {
    const requirements = join(FOLDER, 'requirements.txt');
    const digest = createHash('sha256')
      .update(`${python.program}\0${python.version}\0`)
      .update(await readFile(requirements))
      .digest('hex');
    const folder = await cacheFolder(env, `python-${digest.slice(0, 16)}`, async (draft) => {
      const options = { env, timeout: INSTALL_TIMEOUT_MS };
      await run(python.program, ['-m', 'venv', draft], options);
      // Nothing is built here, and nothing comes that is not in the list.
      const flags = ['--require-hashes', '--only-binary=:all:', '--no-input', '--quiet'];
      const words = ['-m', 'pip', 'install', ...flags, '-r', requirements];
      await run(join(draft, 'bin', 'python'), words, options);
    });
    return new PythonClient(join(folder, 'bin', 'python'), kubeconfig);
  }

  /** What a method of CustomObjectsApi gives for metrics.k8s.io (python/ask.py). Rejects with Python's complaint. */
  async ask(method: string, given: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const words = [join(FOLDER, 'ask.py'), this.kubeconfig, method, JSON.stringify(given)];
    // -I: no packages but those of the environment.
    const { stdout } = await run(this.program, ['-I', ...words], { timeout: ASK_TIMEOUT_MS });
    return JSON.parse(stdout);
  }
}
