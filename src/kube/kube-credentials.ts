import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';

/**
 * Where kube-apiserver is and how we prove who we are. What comes from files follows them: the getters
 * give what was read last, and `token()` reads again what is older than about a minute.
 */
export interface KubeCredentials {
  /** Scheme, host and port, and a path if the file has one; without a slash at the end. */
  readonly server: string;
  /** PEM of the CAs that kube-apiserver is verified with; undefined: the roots that come with Node. */
  readonly ca: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  /** The name to verify instead of the server's host; undefined: its host. */
  readonly tlsServerName: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  /** The bearer token, never empty; undefined: none is sent. Rejects when it cannot be had. */
  token(): Promise<string | undefined>;
  /** Call it when the server did not accept us, or we not it: the next `token()` reads everything anew. */
  refreshToken(): void;
}

export interface ClientCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What reading credentials needs of the world. */
export interface CredentialsEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file. Rejects with Node's error codes. */
  readFile(path: string): Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}
