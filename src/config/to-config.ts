import type {
  AuthenticationConfig,
  AuthorizationConfig,
  Config,
  KubeletConfig,
  ServingConfig,
} from './config.ts';
import { findContradictions } from './contradictions.ts';
import { FLAG_BY_NAME } from './flags.ts';
import type { FlagValues } from './flags.ts';
import { goPattern } from './go-pattern.ts';
import type { Options } from './options.ts';
import { resolutionMs, stalenessMs } from './resolution.ts';
import { tlsCiphers, tlsCurves, tlsVersion, unavailableCiphers } from './tls-names.ts';
import { UsageError } from './usage-error.ts';

/**
 * From what was typed to what is meant.
 * @throws UsageError when flags contradict each other (parseOptions has already refused such a line).
 */
export function toConfig(options: Options): Config {
  const { values } = options;
  const problems = findContradictions(values);
  if (problems.length > 0) throw new UsageError(problems);
  return {
    kubeconfig: values.kubeconfig,
    authenticationKubeconfig: values['authentication-kubeconfig'],
    authorizationKubeconfig: values['authorization-kubeconfig'],
    nodeSelector: values['node-selector'],
    resolutionMs: resolutionMs(values),
    kubelet: toKubeletConfig(values),
    storage: {
      resolutionMs: resolutionMs(values),
      stalenessMs: stalenessMs(values),
      bootstrapFromKubeletRate: values['bootstrap-from-kubelet-rate'],
    },
    authentication: toAuthenticationConfig(values),
    authorization: toAuthorizationConfig(values),
    serving: toServingConfig(values),
    logging: {
      format: values['logging-format'] === 'json' ? 'json' : 'text',
      verbosity: values.v,
    },
    warnings: warningsOf(options),
  };
}

function toKubeletConfig(values: FlagValues): KubeletConfig {
  return {
    source: values['kubelet-metrics-source'],
    requestTimeoutMs: values['kubelet-request-timeout'],
    maxResponseBytes: values['kubelet-max-response-bytes'],
    port: values['kubelet-port'],
    useNodeStatusPort: values['kubelet-use-node-status-port'],
    addressTypes: values['kubelet-preferred-address-types'],
    insecureTls: values['kubelet-insecure-tls'],
    caFile: values['kubelet-certificate-authority'],
    clientCertFile: values['kubelet-client-certificate'],
    clientKeyFile: values['kubelet-client-key'],
    plainHttp: values['deprecated-kubelet-completely-insecure'],
  };
}

function toAuthenticationConfig(values: FlagValues): AuthenticationConfig {
  const requestHeaderCaFile = values['requestheader-client-ca-file'];
  return {
    skipLookup: values['authentication-skip-lookup'],
    tokenCacheTtlMs: atLeastZero(values['authentication-token-webhook-cache-ttl']),
    clientCaFile: values['client-ca-file'],
    requestHeader:
      requestHeaderCaFile === ''
        ? undefined
        : {
            clientCaFile: requestHeaderCaFile,
            allowedNames: values['requestheader-allowed-names'],
            usernameHeaders: values['requestheader-username-headers'],
            uidHeaders: values['requestheader-uid-headers'],
            groupHeaders: values['requestheader-group-headers'],
            extraHeaderPrefixes: values['requestheader-extra-headers-prefix'],
          },
  };
}

function toAuthorizationConfig(values: FlagValues): AuthorizationConfig {
  return {
    alwaysAllowPaths: values['authorization-always-allow-paths'],
    alwaysAllowGroups: ['system:masters'],
    allowedCacheTtlMs: atLeastZero(values['authorization-webhook-cache-authorized-ttl']),
    deniedCacheTtlMs: atLeastZero(values['authorization-webhook-cache-unauthorized-ttl']),
  };
}

/** Upstream takes negative times to live; they keep nothing, like zero. */
function atLeastZero(ttlMs: number): number {
  return Math.max(0, ttlMs);
}

function toServingConfig(values: FlagValues): ServingConfig {
  return {
    bindAddress: values['bind-address'],
    port: values['secure-port'],
    reusePort: values['permit-port-sharing'],
    certDir: values['cert-dir'],
    certFile: values['tls-cert-file'],
    keyFile: values['tls-private-key-file'],
    sniCertificates: values['tls-sni-cert-key'],
    minTlsVersion: tlsVersion(values['tls-min-version']),
    ciphers: tlsCiphers(values['tls-cipher-suites']),
    curves: tlsCurves(values['tls-curve-preferences']),
    externalHostname: values['external-hostname'] || values['advertise-address'],
    requestTimeoutMs: values['request-timeout'],
    maxRequestsInFlight: values['max-requests-inflight'],
    maxMutatingRequestsInFlight: values['max-mutating-requests-inflight'],
    shutdownDelayMs: values['shutdown-delay-duration'],
    shutdownSendRetryAfter: values['shutdown-send-retry-after'],
    strictTransportSecurity: values['strict-transport-security-directives'],
    corsAllowedOrigins: values['cors-allowed-origins'].map(goPattern),
  };
}

function warningsOf({ values, given }: Options): string[] {
  const valueByName = new Map<string, unknown>(Object.entries(values));
  const withoutEffect = [...FLAG_BY_NAME].flatMap(([name, { ignored }]) => {
    if (!ignored || !given.has(name)) return [];
    const isHarmless = 'harmless' in ignored && valueByName.get(name) === ignored.harmless;
    return isHarmless ? [] : [`--${name} has no effect: ${ignored.because}`];
  });
  const warnings = [...withoutEffect];
  const dropped = unavailableCiphers(values['tls-cipher-suites']);
  if (dropped.length > 0) {
    warnings.push(`--tls-cipher-suites: this server does not have ${dropped.join(', ')}`);
  }
  const port = values['kubelet-port'];
  if (port < 1 || port > 65535) {
    warnings.push(
      `--kubelet-port=${port} is no port: only nodes whose status names one can be scraped, with --kubelet-use-node-status-port`,
    );
  }
  return warnings;
}
