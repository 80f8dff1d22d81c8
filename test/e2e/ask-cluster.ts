import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

export interface KubectlAnswer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The real kubectl as the user of a kubeconfig file, with a discovery cache of its own. */
export class ClusterKubectl implements AsyncDisposable {
  readonly kubeconfig: string;
  private readonly cache: string;

  private constructor(kubeconfig: string, cache: string) {
    this.kubeconfig = kubeconfig;
    this.cache = cache;
  }

  static async create(kubeconfig: string): Promise<ClusterKubectl> {
    return new ClusterKubectl(kubeconfig, await mkdtemp(join(tmpdir(), 'e2e-kubectl-')));
  }

  /** What it said, whatever its exit code. Rejects when it could not be run or did not end. */
  async ask(words: readonly string[], input?: string): Promise<KubectlAnswer> {
    const asked = run(
      'kubectl',
      [`--kubeconfig=${this.kubeconfig}`, `--cache-dir=${this.cache}`, ...words],
      { timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 },
    );
    asked.child.stdin?.end(input);
    try {
      const { stdout, stderr } = await asked;
      return { code: 0, out: stdout, err: stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as {
        code?: unknown;
        stdout?: string;
        stderr?: string;
      };
      if (typeof code !== 'number') throw error;
      return { code, out: stdout ?? '', err: stderr ?? '' };
    }
  }

  /** What it printed. Rejects with what it complained of. */
  async run(...words: readonly string[]): Promise<string> {
    const { code, out, err } = await this.ask(words);
    if (code !== 0) throw new Error(`kubectl ${words.join(' ')} ended with ${code}: ${err || out}`);
    return out;
  }

  /** Creates or changes objects. */
  async apply(...objects: readonly object[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    const { code, err } = await this.ask(['apply', '-f', '-'], JSON.stringify(list));
    if (code !== 0) throw new Error(`kubectl apply ended with ${code}: ${err}`);
  }

  async json(...words: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.run(...words, '-o', 'json'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.cache, { recursive: true, force: true });
  }
}
