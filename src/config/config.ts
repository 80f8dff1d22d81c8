/** What the program means, after flags have been read, defaulted and cross-checked. */
export interface Config {
  /** '' means the service account of the pod we run in. */
  readonly kubeconfig: string;
  readonly authenticationKubeconfig: string;
  readonly authorizationKubeconfig: string;
  /** Label selector for the nodes that are scraped and listed; '' selects all. */
  readonly nodeSelector: string;
  readonly resolutionMs: number;
  readonly kubelet: KubeletConfig;
  readonly storage: StorageConfig;
  readonly authentication: AuthenticationConfig;
  readonly authorization: AuthorizationConfig;
  readonly serving: ServingConfig;
  readonly logging: LoggingConfig;
  /** One sentence each, for the log: flags accepted for compatibility that have no meaning here. */
  readonly warnings: readonly string[];
}

export interface KubeletConfig {
  readonly source: 'auto' | 'summary' | 'resource';
  readonly requestTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly port: number;
  readonly useNodeStatusPort: boolean;
  readonly addressTypes: readonly string[];
  readonly insecureTls: boolean;
  /** '' : the CA of the API client configuration verifies the kubelets, as upstream. */
  readonly caFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  /** --deprecated-kubelet-completely-insecure: plain HTTP and no credentials. */
  readonly plainHttp: boolean;
}

export interface StorageConfig {
  readonly resolutionMs: number;
  readonly stalenessMs: number;
  readonly bootstrapFromKubeletRate: boolean;
}

export interface AuthenticationConfig {
  readonly skipLookup: boolean;
  readonly tokenCacheTtlMs: number;
  readonly clientCaFile: string;
  /** Set when --requestheader-client-ca-file is given: then nothing of the ConfigMap's request-header settings is used. */
  readonly requestHeader:
    | {
        readonly clientCaFile: string;
        readonly allowedNames: readonly string[];
        readonly usernameHeaders: readonly string[];
        readonly uidHeaders: readonly string[];
        readonly groupHeaders: readonly string[];
        readonly extraHeaderPrefixes: readonly string[];
      }
    | undefined;
}

export interface AuthorizationConfig {
  readonly alwaysAllowPaths: readonly string[];
  readonly alwaysAllowGroups: readonly string[];
  readonly allowedCacheTtlMs: number;
  readonly deniedCacheTtlMs: number;
}

export interface ServingConfig {
  readonly bindAddress: string;
  readonly port: number;
  /** Listen with SO_REUSEPORT. */
  readonly reusePort: boolean;
  readonly certDir: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly sniCertificates: readonly {
    readonly certFile: string;
    readonly keyFile: string;
    readonly names: readonly string[];
  }[];
  readonly minTlsVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL names; empty means Node's defaults. */
  readonly ciphers: readonly string[];
  /** OpenSSL names; empty means Node's defaults. */
  readonly curves: readonly string[];
  readonly externalHostname: string;
  readonly requestTimeoutMs: number;
  /** 0 means no limit. */
  readonly maxRequestsInFlight: number;
  readonly maxMutatingRequestsInFlight: number;
  readonly shutdownDelayMs: number;
  readonly shutdownSendRetryAfter: boolean;
  readonly strictTransportSecurity: readonly string[];
  /** Regular expressions in JavaScript's syntax. */
  readonly corsAllowedOrigins: readonly string[];
}

export interface LoggingConfig {
  readonly format: 'text' | 'json';
  /** klog's -v: 0 shows info and above; 4 and above shows debug. */
  readonly verbosity: number;
}
