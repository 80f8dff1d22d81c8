import { X509Certificate } from 'node:crypto';
import { type SecureContext, type SecureContextOptions, createSecureContext } from 'node:tls';
import type { Logger } from '../log.ts';
import { type CertificateSource, openCertificateFiles } from './certificate-source.ts';

export interface SniCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificate's own names when empty. */
  readonly names: readonly string[];
}

interface Entry {
  readonly source: CertificateSource;
  readonly names: readonly string[];
}

/** --tls-sni-cert-key: which certificate for which name of the ClientHello; the first that fits wins. */
export class SniCertificates implements Disposable {
  readonly #entries: readonly Entry[];
  readonly #contexts = new WeakMap<SecureContextOptions, Map<CertificateSource, Cached>>();

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** @throws Error when one of the pairs cannot be read or does not fit. */
  static async open(
    certificates: readonly SniCertificate[],
    log: Logger,
  ): Promise<SniCertificates> {
    const entries: Entry[] = [];
    for (const { certFile, keyFile, names } of certificates) {
      try {
        entries.push({ source: await openCertificateFiles(certFile, keyFile, log), names });
      } catch (err) {
        const reason = Error.isError(err) ? err.message : String(err);
        throw new Error(`failed to load SNI cert and key: ${reason}`, { cause: err });
      }
    }
    return new SniCertificates(entries);
  }

  /**
   * Undefined for names without a certificate of their own. `options` are the listener's other TLS
   * settings; contexts are kept for as long as it is the same object.
   */
  contextFor(serverName: string, options: SecureContextOptions): SecureContext | undefined {
    const name = serverName.toLowerCase();
    const wildcard = name.replace(/^[^.]*/, '*');
    const entry = this.#find(name) ?? this.#find(wildcard);
    return entry && this.#contextOf(entry.source, options);
  }

  [Symbol.dispose](): void {
    for (const { source } of this.#entries) source[Symbol.dispose]();
  }

  #find(name: string): Entry | undefined {
    return this.#entries.find(({ source, names }) =>
      (names.length > 0 ? names : namesOf(source)).some((known) => known.toLowerCase() === name),
    );
  }

  #contextOf(source: CertificateSource, options: SecureContextOptions): SecureContext {
    const contexts = this.#contexts.get(options) ?? new Map<CertificateSource, Cached>();
    this.#contexts.set(options, contexts);
    const known = contexts.get(source);
    if (known?.generation === source.generation) return known.context;
    const context = createSecureContext({ ...options, ...source.current() });
    contexts.set(source, { generation: source.generation, context });
    return context;
  }
}

interface Cached {
  readonly generation: number;
  readonly context: SecureContext;
}

/** Alternative names, and the common name where it looks like a host name. */
function namesOf(source: CertificateSource): string[] {
  const leaf = new X509Certificate(source.current().cert);
  const alternative = [...(leaf.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^,"]+)/g)];
  const common = /^CN=(\*|[\w*][\w.*-]*)$/m.exec(leaf.subject);
  return [...(common ? [common] : []), ...alternative].flatMap(([, name]) => name ?? []);
}
