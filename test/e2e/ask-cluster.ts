import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, type KubectlAnswer, askKubectl } from '../support/kubectl.ts';
import { goesWithUs } from './last-resort.ts';

const TIMEOUT_MS = 60_000;

/** The real kubectl as the user of a kubeconfig file, with a discovery cache of its own. */
export class ClusterKubectl implements AsyncDisposable {
  readonly kubeconfig: string;
  private readonly command: Command;
  private readonly cache: string;

  private constructor(kubeconfig: string, command: Command, cache: string) {
    this.kubeconfig = kubeconfig;
    this.command = command;
    this.cache = cache;
  }

  /** The kubectl on PATH unless told. */
  static async create(kubeconfig: string, command: Command = ['kubectl']): Promise<ClusterKubectl> {
    const cache = goesWithUs(await mkdtemp(join(tmpdir(), 'e2e-kubectl-')));
    return new ClusterKubectl(kubeconfig, command, cache);
  }

  /** What it said, whatever its exit code. Rejects when it could not be run or did not end. */
  async ask(words: readonly string[], input?: string): Promise<KubectlAnswer> {
    const flags = [`--kubeconfig=${this.kubeconfig}`, `--cache-dir=${this.cache}`];
    const { command } = this;
    return askKubectl([...flags, ...words], { command, timeoutMs: TIMEOUT_MS, input });
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
