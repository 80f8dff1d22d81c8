import type { Logger } from '../../log.ts';
import { CaBundle } from '../../pki/chain.ts';

/** Which headers the front proxy writes. */
export interface RequestHeaderNames {
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** Whose X-Remote-* headers are believed, and which ones they are. */
export interface RequestHeaderTrust extends RequestHeaderNames {
  readonly ca: CaBundle;
  /** Common names of the front proxy; empty: any. */
  readonly allowedNames: readonly string[];
}

/** What is trusted at one moment. A new object for every change, so it can be compared by identity. */
export interface Trust {
  readonly clientCa: CaBundle | undefined;
  readonly requestHeader: RequestHeaderTrust | undefined;
}

/** What the cluster's ConfigMap says (kube/authentication-config.ts by shape); `generation` grows with every change. */
export interface ClusterTrust {
  readonly generation: number;
  current(): {
    readonly clientCaPem: string | undefined;
    readonly requestHeader:
      | (RequestHeaderNames & { readonly caPem: string; readonly allowedNames: readonly string[] })
      | undefined;
  };
}

/** A bundle in a file (authentication/ca-files.ts); `generation` grows with every change. */
export interface PemSource {
  readonly generation: number;
  readonly pem: string;
}

export interface TrustSources {
  /** Undefined with --authentication-skip-lookup. */
  readonly cluster: ClusterTrust | undefined;
  /** --client-ca-file: replaces the cluster's client authorities. */
  readonly clientCaFile: PemSource | undefined;
  /** --requestheader-client-ca-file with its fellows: replaces all that the cluster says of request headers. */
  readonly requestHeaderFile:
    | (RequestHeaderNames & { readonly file: PemSource; readonly allowedNames: readonly string[] })
    | undefined;
}

/** Of each source, as far as there is one. */
type Generations = Readonly<Record<keyof TrustSources, number | undefined>>;

/**
 * Joins the cluster's and the command line's authorities into what is trusted now. A bundle that is
 * empty or cannot be read is reported once and ignored; the last good one stays (contract 6.2).
 */
export class TrustStore {
  readonly #sources: TrustSources;
  readonly #clientCa: LastGoodBundle;
  readonly #requestHeaderCa: LastGoodBundle;
  #seen: Generations = {
    cluster: undefined,
    clientCaFile: undefined,
    requestHeaderFile: undefined,
  };
  #trust: Trust = { clientCa: undefined, requestHeader: undefined };
  #generation = 0;

  constructor(sources: TrustSources, log: Logger) {
    this.#sources = sources;
    this.#clientCa = new LastGoodBundle('client-ca', log);
    this.#requestHeaderCa = new LastGoodBundle('requestheader-client-ca', log);
  }

  /** Grows with every change of what `current` returns. */
  get generation(): number {
    this.#refresh();
    return this.#generation;
  }

  current(): Trust {
    this.#refresh();
    return this.#trust;
  }

  /** PEM of every trusted authority once, for the list of acceptable ones in the TLS handshake. */
  certificates(): readonly string[] {
    const { clientCa, requestHeader } = this.current();
    return [
      ...new Set([...(clientCa?.certificates ?? []), ...(requestHeader?.ca.certificates ?? [])]),
    ];
  }

  #refresh(): void {
    if (this.#generation > 0 && this.#isUnchanged()) return;
    const { cluster, clientCaFile, requestHeaderFile } = this.#sources;
    this.#seen = {
      cluster: cluster?.generation,
      clientCaFile: clientCaFile?.generation,
      requestHeaderFile: requestHeaderFile?.file.generation,
    };
    const { clientCaPem, requestHeader } = this.#said();
    const ca = this.#requestHeaderCa.update(requestHeader?.caPem);
    this.#trust = {
      clientCa: this.#clientCa.update(clientCaPem),
      requestHeader: ca && requestHeader && requestHeaderTrust(ca, requestHeader),
    };
    this.#generation += 1;
  }

  /** Looked at several times for each request. */
  #isUnchanged(): boolean {
    const { cluster, clientCaFile, requestHeaderFile } = this.#sources;
    return (
      cluster?.generation === this.#seen.cluster &&
      clientCaFile?.generation === this.#seen.clientCaFile &&
      requestHeaderFile?.file.generation === this.#seen.requestHeaderFile
    );
  }

  /** The command line's word, where there is one, before the cluster's. */
  #said(): ReturnType<ClusterTrust['current']> {
    const { cluster, clientCaFile, requestHeaderFile } = this.#sources;
    const said = cluster?.current();
    return {
      clientCaPem: clientCaFile?.pem ?? said?.clientCaPem,
      requestHeader: requestHeaderFile
        ? { ...requestHeaderFile, caPem: requestHeaderFile.file.pem }
        : said?.requestHeader,
    };
  }
}

function requestHeaderTrust(
  ca: CaBundle,
  names: RequestHeaderNames & { readonly allowedNames: readonly string[] },
): RequestHeaderTrust {
  const { allowedNames, usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes } = names;
  return { ca, allowedNames, usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes };
}

class LastGoodBundle {
  readonly #name: string;
  readonly #log: Logger;
  #pem = '';
  #bundle: CaBundle | undefined;

  constructor(name: string, log: Logger) {
    this.#name = name;
    this.#log = log;
  }

  /** The same object as long as the text does not change. */
  update(pem: string | undefined): CaBundle | undefined {
    if (pem === undefined || pem === '' || pem === this.#pem) return this.#bundle;
    this.#pem = pem;
    try {
      this.#bundle = CaBundle.parse(pem);
      this.#log.info({ bundle: this.#name }, 'Loaded a CA bundle');
    } catch (err) {
      if (!(err instanceof SyntaxError)) throw err;
      this.#log.warn({ bundle: this.#name, err }, 'Ignored a CA bundle that cannot be read');
    }
    return this.#bundle;
  }
}
