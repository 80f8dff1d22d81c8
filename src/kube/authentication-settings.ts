import type { Logger } from '../log.ts';
import { CaBundle } from '../pki/chain.ts';

/** Whom the cluster tells us to believe. Both bundles are PEM and hold at least one certificate. */
export interface AuthenticationConfig {
  /** Signs users; undefined until it is known. */
  readonly clientCaPem: string | undefined;
  /** Undefined until both its bundle and its header names are known. */
  readonly requestHeader: RequestHeaderConfig | undefined;
}

interface RequestHeaderConfig extends HeaderNames {
  /** Signs front proxies. */
  readonly caPem: string;
}

interface HeaderNames {
  /** Common names of front proxies; empty: any that the CA has signed. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

const CLIENT_CA = 'client-ca-file';
const REQUEST_HEADER_CA = 'requestheader-client-ca-file';

/** What the ConfigMap said last that made sense, each part for itself (contract 6.2). */
export class AuthenticationSettings {
  private readonly log: Logger;
  private config: AuthenticationConfig = { clientCaPem: undefined, requestHeader: undefined };
  private clientCaPem: string | undefined;
  private requestHeaderCaPem: string | undefined;
  private headerNames: HeaderNames | undefined;
  private changes = 0;

  constructor(log: Logger) {
    this.log = log;
  }

  get current(): AuthenticationConfig {
    return this.config;
  }

  get generation(): number {
    return this.changes;
  }

  update(data: ReadonlyMap<string, string>): void {
    this.clientCaPem = this.bundleOf(data, CLIENT_CA) ?? this.clientCaPem;
    this.requestHeaderCaPem = this.bundleOf(data, REQUEST_HEADER_CA) ?? this.requestHeaderCaPem;
    this.headerNames = this.headerNamesOf(data) ?? this.headerNames;
    const { clientCaPem, requestHeaderCaPem: caPem, headerNames } = this;
    const config: AuthenticationConfig = {
      clientCaPem,
      requestHeader:
        caPem === undefined || headerNames === undefined ? undefined : { caPem, ...headerNames },
    };
    if (JSON.stringify(config) === JSON.stringify(this.config)) return;
    this.config = config;
    this.changes++;
  }

  /** Undefined when it is missing, or holds something else than certificates. */
  private bundleOf(data: ReadonlyMap<string, string>, key: string): string | undefined {
    const pem = data.get(key) ?? '';
    if (pem === '') return undefined;
    try {
      CaBundle.parse(pem);
      return pem;
    } catch (err) {
      this.log.warn({ err, key }, 'Could not use CA bundle of ConfigMap, kept the last good one');
      return undefined;
    }
  }

  /** All or nothing: names of an old set and headers of a new one must not be mixed. */
  private headerNamesOf(data: ReadonlyMap<string, string>): HeaderNames | undefined {
    try {
      return {
        allowedNames: parseNames(data, 'requestheader-allowed-names'),
        usernameHeaders: parseNames(data, 'requestheader-username-headers'),
        uidHeaders: parseNames(data, 'requestheader-uid-headers'),
        groupHeaders: parseNames(data, 'requestheader-group-headers'),
        extraHeaderPrefixes: parseNames(data, 'requestheader-extra-headers-prefix'),
      };
    } catch (err) {
      this.log.warn({ err }, 'Could not use request headers of ConfigMap, kept the last good ones');
      return undefined;
    }
  }
}

/** A missing or empty value means none; `null` is what Go reads as none. */
function parseNames(data: ReadonlyMap<string, string>, key: string): readonly string[] {
  const text = data.get(key) ?? '';
  if (text === '') return [];
  const problem = `Cannot read ${key}: expected a JSON array of strings, got ${JSON.stringify(text)}`;
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(problem, { cause });
  }
  if (names === null) return [];
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new SyntaxError(problem);
  }
  return names;
}
