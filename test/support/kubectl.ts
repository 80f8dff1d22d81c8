import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface KubectlAnswer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The real kubectl with a kubeconfig and a cache of its own. */
export class Kubectl implements AsyncDisposable {
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Rejects, and does not skip, when there is no kubectl: then nothing has been shown. */
  static async create(kubeconfig: string): Promise<Kubectl> {
    try {
      await run('kubectl', ['version', '--client']);
    } catch (cause) {
      throw new Error('These tests need the real kubectl on PATH', { cause });
    }
    const folder = await mkdtemp(join(tmpdir(), 'kubectl-'));
    await writeFile(join(folder, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    return new Kubectl(folder);
  }

  async run(...words: readonly string[]): Promise<KubectlAnswer> {
    const flags = [
      `--kubeconfig=${join(this.folder, 'kubeconfig')}`,
      `--cache-dir=${join(this.folder, 'cache')}`,
    ];
    return askKubectl([...flags, ...words], { timeoutMs: 20_000 });
  }

  /** What it printed on success, in lines. */
  async lines(...words: readonly string[]): Promise<string[]> {
    const { code, out, err } = await this.run(...words);
    if (code !== 0) throw new Error(`kubectl ${words.join(' ')} ended with ${code}: ${err}`);
    return out.trimEnd().split('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The words that start a program, the program's own arguments left out. */
export type Command = readonly [program: string, ...words: string[]];

interface KubectlQuestion {
  /** Which kubectl; the one on PATH unless told. */
  readonly command?: Command;
  readonly timeoutMs: number;
  readonly input?: string | undefined;
}

/** What the real kubectl said, whatever its exit code. Rejects when it could not be run or did not end in time. */
export async function askKubectl(
  words: readonly string[],
  { command: [program, ...first] = ['kubectl'], timeoutMs, input }: KubectlQuestion,
): Promise<KubectlAnswer> {
  const asked = run(program, [...first, ...words], {
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  asked.child.stdin?.end(input);
  try {
    const { stdout, stderr } = await asked;
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, out: stdout ?? '', err: stderr ?? '' };
  }
}
