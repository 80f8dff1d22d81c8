import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Logger } from '../log.ts';
import { fileErrorText } from './file-error.ts';
import { watchFiles } from './file-watch.ts';

/** PEM; intermediates stand after the leaf. */
export interface ServingPair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate and key to serve with, as they are now; `generation` grows with every change. */
export interface CertificateSource extends Disposable {
  readonly generation: number;
  current(): ServingPair;
}

/**
 * The pair in two files, read again when they change. While they do not fit each other, as between
 * the two writes of a rotation, the last good pair is served.
 * @throws Error with Go's text when they cannot be read or do not fit at the start.
 */
export async function openCertificateFiles(
  certFile: string,
  keyFile: string,
  log: Logger,
): Promise<CertificateSource> {
  if (certFile === '' || keyFile === '') throw new Error('missing filename for serving cert');
  const read = (): Promise<ServingPair> => readPair(certFile, keyFile);
  return new ReloadedCertificate({ first: await read(), read, paths: [certFile, keyFile], log });
}

/** @throws Error with Go's text when the files cannot be read or are not a certificate and its key. */
export async function readPair(certFile: string, keyFile: string): Promise<ServingPair> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    return checkedPair({ cert, key });
  } catch (err) {
    throw new Error(fileErrorText(err), { cause: err });
  }
}

/** As Go's tls.X509KeyPair. */
function checkedPair(pair: ServingPair): ServingPair {
  const certificates = pair.cert.match(
    /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g,
  );
  const [leaf] = (certificates ?? []).map((pem) =>
    parsed(() => new X509Certificate(pem), 'certificate'),
  );
  if (!leaf) throw new Error('tls: failed to find any PEM data in certificate input');
  if (!pair.key.includes('-----BEGIN ')) {
    throw new Error('tls: failed to find any PEM data in key input');
  }
  const key = parsed(() => createPrivateKey(pair.key), 'private key');
  if (!leaf.checkPrivateKey(key)) throw new Error('tls: private key does not match public key');
  return pair;
}

function parsed<Value>(parse: () => Value, what: string): Value {
  try {
    return parse();
  } catch (err) {
    throw new Error(`tls: failed to parse ${what}`, { cause: err });
  }
}

interface ReloadedCertificateParts {
  readonly first: ServingPair;
  /** Gives the pair as it should be now; rejects when there is none fit to be served. */
  readonly read: () => Promise<ServingPair>;
  readonly paths: readonly string[];
  readonly log: Logger;
}

export class ReloadedCertificate implements CertificateSource {
  readonly #parts: ReloadedCertificateParts;
  readonly #watch: Disposable;
  #pair: ServingPair;
  #generation = 1;
  #problem = '';
  #isChecking = false;

  constructor(parts: ReloadedCertificateParts) {
    this.#parts = parts;
    this.#pair = parts.first;
    this.#watch = watchFiles(parts.paths, () => void this.#check());
  }

  get generation(): number {
    return this.#generation;
  }

  current(): ServingPair {
    return this.#pair;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    const { read, paths, log } = this.#parts;
    try {
      const pair = await read();
      this.#problem = '';
      if (pair.cert === this.#pair.cert && pair.key === this.#pair.key) return;
      this.#pair = pair;
      this.#generation += 1;
      log.info({ files: paths }, 'Reloaded the serving certificate');
    } catch (err) {
      this.#keptOld(err);
    } finally {
      this.#isChecking = false;
    }
  }

  /** Once for each problem: the check repeats every minute. */
  #keptOld(err: unknown): void {
    const problem = String(err);
    if (problem === this.#problem) return;
    this.#problem = problem;
    const { paths, log } = this.#parts;
    log.warn({ files: paths, err }, 'Kept the last good serving certificate');
  }
}
