import { X509Certificate } from 'node:crypto';
import { type SecureContext, createSecureContext } from 'node:tls';
import { getSystemErrorMessage } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { TlsUse } from './kubelet-socket.ts';

export interface TlsConfig {
  readonly insecureTls: boolean;
  /** '': the CA of the API client configuration. */
  readonly caFile: string;
  /** '': the client certificate of the API client configuration. */
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
}

/** What the API client configuration says; kubelets are met with the same, unless flags say otherwise (contract 10.3). */
export interface ApiTls {
  /** PEM; undefined: the roots that come with Node. */
  readonly ca: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly clientCertificate: { readonly certPem: string; readonly keyPem: string } | undefined;
}

export interface TlsParts {
  readonly config: TlsConfig;
  /** Read anew at every use: it follows its own files. */
  readonly api: ApiTls;
  /** The text of a file. Rejects with Node's error codes. */
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Certificates are renewed long before they end, so a minute late is early (as client-go). */
const MAX_AGE_MS = 60_000;

/** PEM; '' where there is none. */
interface Materials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * How kubelets are verified, and what we show them. Files are read again once a minute, and what cannot be
 * used then is passed over: the last good settings stay, and the log says so once.
 */
export class TlsSettings {
  readonly #parts: TlsParts;
  readonly #hasFiles: boolean;
  /** What the files said when they were read last. */
  #files: Materials;
  #readAtMs: number;
  #reading: Promise<void> | undefined;
  #problem = '';
  /** What was tried last, of use or not. */
  #tried: Materials;
  #use: TlsUse;

  private constructor(parts: TlsParts, files: Materials) {
    const { config, clock } = parts;
    this.#parts = parts;
    this.#hasFiles = [config.caFile, config.clientCertFile, config.clientKeyFile].some(Boolean);
    this.#files = files;
    this.#readAtMs = clock.monotonicMs();
    this.#tried = this.#materials();
    this.#use = this.#useOf(this.#tried);
  }

  /** @throws Error in Go's words when a file cannot be read or used: nothing would work. */
  static async open(parts: TlsParts): Promise<TlsSettings> {
    return new TlsSettings(parts, await readMaterials(parts));
  }

  /** The same object as long as nothing changes. */
  get current(): TlsUse {
    return this.#use;
  }

  /** Takes up what has changed: at once, or when the files have been read again. Never rejects. */
  refresh(): Promise<void> | undefined {
    const { clock } = this.#parts;
    if (this.#hasFiles && clock.monotonicMs() - this.#readAtMs >= MAX_AGE_MS) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      return this.#reading;
    }
    this.#takeUp();
    return undefined;
  }

  async #read(): Promise<void> {
    const { clock } = this.#parts;
    try {
      this.#files = await readMaterials(this.#parts);
    } catch (err) {
      this.#keep(err);
    }
    this.#readAtMs = clock.monotonicMs();
    this.#takeUp();
  }

  #takeUp(): void {
    const materials = this.#materials();
    if (!areSame(materials, this.#tried)) this.#try(materials);
  }

  #try(materials: Materials): void {
    this.#tried = materials;
    try {
      this.#use = this.#useOf(materials);
      this.#problem = '';
      this.#parts.log.info({}, 'Changed the TLS settings for kubelets');
    } catch (err) {
      this.#keep(err);
    }
  }

  #keep(err: unknown): void {
    const problem = err instanceof Error ? err.message : String(err);
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#parts.log.warn(
      { err: problem },
      'Could not use changed TLS settings for kubelets, kept the last good ones',
    );
  }

  /** The flags go before the API client configuration, each for itself (as upstream: options/kubelet_client.go). */
  #materials(): Materials {
    const { config, api } = this.#parts;
    const { ca, cert, key } = this.#files;
    const own = config.clientCertFile === '' ? api.clientCertificate : undefined;
    return {
      ca: config.caFile === '' ? (api.ca ?? '') : ca,
      cert: own?.certPem ?? cert,
      key: own?.keyPem ?? key,
    };
  }

  /** @throws Error when OpenSSL cannot use them. */
  #useOf(materials: Materials): TlsUse {
    const { config, api } = this.#parts;
    const isVerified = !config.insecureTls && !(api.insecureSkipTlsVerify && config.caFile === '');
    return { context: contextOf(materials, isVerified, config.caFile), isVerified };
  }
}

async function readMaterials({ config, readFile }: TlsParts): Promise<Materials> {
  const read = async (path: string): Promise<string> => {
    if (path === '') return '';
    try {
      return await readFile(path);
    } catch (error) {
      // Without its cause, which would say the same in Node's words.
      // eslint-disable-next-line preserve-caught-error -- see above
      throw new Error(fileWords(error, path));
    }
  };
  const [ca, cert, key] = await Promise.all([
    read(config.caFile),
    read(config.clientCertFile),
    read(config.clientKeyFile),
  ]);
  return { ca, cert, key };
}

function contextOf(
  { ca, cert, key }: Materials,
  isVerified: boolean,
  caFile: string,
): SecureContext {
  return createSecureContext({
    ...(isVerified && (ca !== '' || caFile !== '') && { ca: certificatesOf(ca, caFile) }),
    ...(cert !== '' && { cert, key }),
  });
}

/** OpenSSL passes over what it cannot read, and would then trust nobody without a word. */
function certificatesOf(pem: string, caFile: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const certificates = blocks.filter((block) => {
    try {
      return new X509Certificate(block).raw.length > 0;
    } catch {
      return false; // as Go: one that cannot be read does not spoil the others
    }
  });
  if (certificates.length > 0) return certificates;
  const from = caFile === '' ? 'of the API client configuration' : caFile;
  throw new Error(
    `unable to load root certificates: expected certificates as PEM in the CA ${from}, got none`,
  );
}

function areSame(one: Materials, other: Materials): boolean {
  return one.ca === other.ca && one.cert === other.cert && one.key === other.key;
}

/** What the operating system says of a file, as Go says it: `open /nope: no such file or directory`. */
function fileWords(error: unknown, path: string): string {
  const { errno, code, message } = error as NodeJS.ErrnoException;
  if (errno === undefined) return `open ${path}: ${message}`;
  return `${code === 'EISDIR' ? 'read' : 'open'} ${path}: ${getSystemErrorMessage(errno)}`;
}
