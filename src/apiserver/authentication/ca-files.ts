import { readFile } from 'node:fs/promises';
import type { Logger } from '../../log.ts';
import { CaBundle } from '../../pki/chain.ts';
import { fileErrorText } from '../file-error.ts';
import { watchFiles } from '../file-watch.ts';
import type { PemSource } from './trust.ts';

/** A CA bundle in a file, read again when it changes. What cannot be read later on is ignored: the last good text stays. */
export class CaFile implements PemSource, Disposable {
  readonly #path: string;
  readonly #log: Logger;
  readonly #watch: Disposable;
  #pem: string;
  #generation = 1;
  #problem = '';

  private constructor(path: string, pem: string, log: Logger) {
    this.#path = path;
    this.#pem = pem;
    this.#log = log;
    this.#watch = watchFiles([path], () => void this.#check());
  }

  /**
   * Reads the file for the first time. `purpose` begins the message of the error, as upstream's
   * `unable to load client CA provider`, and `bundle` is what it calls the file: `client-ca-bundle`.
   * @throws Error when the file cannot be read or holds no certificates.
   */
  static async open(
    path: string,
    { purpose, bundle }: { readonly purpose: string; readonly bundle: string },
    log: Logger,
  ): Promise<CaFile> {
    try {
      const pem = await readFile(path, 'utf8');
      if (pem === '') throw new Error(`missing content for CA bundle "${bundle}::${path}"`);
      CaBundle.parse(pem);
      return new CaFile(path, pem, log);
    } catch (err) {
      const text = err instanceof SyntaxError ? `${path}: ${err.message}` : fileErrorText(err);
      throw new Error(`${purpose}: ${text}`, { cause: err });
    }
  }

  get pem(): string {
    return this.#pem;
  }

  /** Grows with every change. */
  get generation(): number {
    return this.#generation;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #check(): Promise<void> {
    try {
      const pem = await readFile(this.#path, 'utf8');
      this.#problem = '';
      if (pem === this.#pem) return;
      CaBundle.parse(pem);
      this.#pem = pem;
      this.#generation += 1;
      this.#log.info({ file: this.#path }, 'Reloaded a CA bundle');
    } catch (err) {
      this.#ignored(err);
    }
  }

  /** Once for each problem: the check repeats every minute. */
  #ignored(err: unknown): void {
    const problem = fileErrorText(err);
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#log.warn({ file: this.#path, err }, 'Kept the last good CA bundle of a file');
  }
}
