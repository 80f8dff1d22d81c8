import { describe, expect, test } from '@jest/globals';
import type { Config } from '../../../src/config/config.ts';
import { parseOptions } from '../../../src/config/options.ts';
import { toConfig } from '../../../src/config/to-config.ts';
import { UsageError } from '../../../src/config/usage-error.ts';

function configOf(...argv: string[]): Config {
  return toConfig(parseOptions(argv));
}

function problemsOf(...argv: string[]): readonly string[] {
  try {
    configOf(...argv);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

const DEFAULTS: Config = {
  kubeconfig: '',
  authenticationKubeconfig: '',
  authorizationKubeconfig: '',
  nodeSelector: '',
  resolutionMs: 15_000,
  kubelet: {
    source: 'auto',
    requestTimeoutMs: 10_000,
    maxResponseBytes: 33_554_432,
    port: 10250,
    useNodeStatusPort: false,
    addressTypes: ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'],
    insecureTls: false,
    caFile: '',
    clientCertFile: '',
    clientKeyFile: '',
    plainHttp: false,
  },
  storage: { resolutionMs: 15_000, stalenessMs: 60_000, bootstrapFromKubeletRate: true },
  authentication: {
    skipLookup: false,
    tokenCacheTtlMs: 10_000,
    clientCaFile: '',
    requestHeader: undefined,
  },
  authorization: {
    alwaysAllowPaths: ['/healthz', '/readyz', '/livez'],
    alwaysAllowGroups: ['system:masters'],
    allowedCacheTtlMs: 10_000,
    deniedCacheTtlMs: 10_000,
  },
  serving: {
    bindAddress: '0.0.0.0',
    port: 443,
    reusePort: false,
    certDir: 'apiserver.local.config/certificates',
    certFile: '',
    keyFile: '',
    sniCertificates: [],
    minTlsVersion: 'TLSv1.2',
    ciphers: [],
    curves: [],
    externalHostname: '',
    requestTimeoutMs: 60_000,
    maxRequestsInFlight: 400,
    maxMutatingRequestsInFlight: 200,
    shutdownDelayMs: 0,
    shutdownSendRetryAfter: false,
    strictTransportSecurity: [],
    corsAllowedOrigins: [],
  },
  logging: { format: 'text', verbosity: 0 },
  warnings: [],
};

describe('toConfig', () => {
  test('means the defaults when nothing is typed', () => {
    expect(configOf()).toEqual(DEFAULTS);
  });

  test("takes the arguments of upstream's manifest without a warning", () => {
    const config = configOf(
      '--cert-dir=/tmp',
      '--secure-port=10250',
      '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
      '--kubelet-use-node-status-port',
      '--metric-resolution=15s',
    );

    expect(config).toEqual({
      ...DEFAULTS,
      kubelet: {
        ...DEFAULTS.kubelet,
        useNodeStatusPort: true,
        addressTypes: ['InternalIP', 'ExternalIP', 'Hostname'],
      },
      serving: { ...DEFAULTS.serving, certDir: '/tmp', port: 10250 },
    });
  });

  test('passes on every flag that has a meaning', () => {
    const config = configOf(
      ...['--kubeconfig=k', '--authentication-kubeconfig=an', '--authorization-kubeconfig=az'],
      ...['--node-selector=a!=b', '--metric-resolution=30s', '--metric-staleness=2m'],
      ...['--bootstrap-from-kubelet-rate=false', '--kubelet-metrics-source=summary'],
      ...['--kubelet-request-timeout=5s', '--kubelet-max-response-bytes=1Mi', '--kubelet-port=1'],
      ...['--kubelet-insecure-tls', '--kubelet-client-certificate=c', '--kubelet-client-key=ck'],
      ...['--authentication-skip-lookup', '--authentication-tolerate-lookup-failure'],
      ...['--authentication-token-webhook-cache-ttl=-1s', '--client-ca-file=ca'],
      ...['--requestheader-client-ca-file=rh', '--requestheader-allowed-names=a,b'],
      ...[
        '--requestheader-uid-headers=x-remote-uid',
        '--authorization-always-allow-paths=/metrics',
      ],
      ...['--authorization-webhook-cache-authorized-ttl=1s'],
      ...['--authorization-webhook-cache-unauthorized-ttl=2s', '--bind-address=::1'],
      ...['--permit-port-sharing', '--tls-cert-file=tc', '--tls-private-key-file=tk'],
      ...['--tls-sni-cert-key=c1,k1', '--tls-sni-cert-key=c2,k2:*.a.test,b.test'],
      ...['--tls-min-version=VersionTLS13', '--tls-curve-preferences=29,23'],
      ...['--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', '--request-timeout=30s'],
      ...['--advertise-address=192.0.2.1', '--max-requests-inflight=0'],
      ...['--max-mutating-requests-inflight=5', '--shutdown-delay-duration=15s'],
      ...['--shutdown-send-retry-after', '--cors-allowed-origins=^https://a\\.test$'],
      ...['--strict-transport-security-directives=max-age=1,preload', '--logging-format=json'],
      '-v=5',
    );

    expect(config).toEqual({
      ...{ kubeconfig: 'k', authenticationKubeconfig: 'an', authorizationKubeconfig: 'az' },
      nodeSelector: 'a!=b',
      resolutionMs: 30_000,
      kubelet: {
        ...{ source: 'summary', requestTimeoutMs: 5_000, maxResponseBytes: 1_048_576, port: 1 },
        ...{ useNodeStatusPort: false, addressTypes: DEFAULTS.kubelet.addressTypes },
        ...{ insecureTls: true, caFile: '', clientCertFile: 'c', clientKeyFile: 'ck' },
        plainHttp: false,
      },
      storage: { resolutionMs: 30_000, stalenessMs: 120_000, bootstrapFromKubeletRate: false },
      authentication: {
        ...{ skipLookup: true, tokenCacheTtlMs: 0 },
        clientCaFile: 'ca',
        requestHeader: {
          clientCaFile: 'rh',
          allowedNames: ['a', 'b'],
          usernameHeaders: ['x-remote-user'],
          uidHeaders: ['x-remote-uid'],
          groupHeaders: ['x-remote-group'],
          extraHeaderPrefixes: ['x-remote-extra-'],
        },
      },
      authorization: {
        alwaysAllowPaths: ['/metrics'],
        alwaysAllowGroups: ['system:masters'],
        allowedCacheTtlMs: 1_000,
        deniedCacheTtlMs: 2_000,
      },
      serving: {
        ...{ bindAddress: '::1', port: 443, reusePort: true },
        certDir: 'apiserver.local.config/certificates',
        ...{ certFile: 'tc', keyFile: 'tk' },
        sniCertificates: [
          { certFile: 'c1', keyFile: 'k1', names: [] },
          { certFile: 'c2', keyFile: 'k2', names: ['*.a.test', 'b.test'] },
        ],
        minTlsVersion: 'TLSv1.3',
        ciphers: [
          'ECDHE-RSA-AES128-GCM-SHA256',
          'TLS_AES_128_GCM_SHA256',
          'TLS_AES_256_GCM_SHA384',
          'TLS_CHACHA20_POLY1305_SHA256',
        ],
        curves: ['X25519', 'P-256'],
        externalHostname: '192.0.2.1',
        requestTimeoutMs: 30_000,
        ...{ maxRequestsInFlight: 0, maxMutatingRequestsInFlight: 5 },
        ...{ shutdownDelayMs: 15_000, shutdownSendRetryAfter: true },
        strictTransportSecurity: ['max-age=1', 'preload'],
        corsAllowedOrigins: ['^https://a\\.test$'],
      },
      logging: { format: 'json', verbosity: 5 },
      warnings: [],
    });
  });

  test.each([
    [[], 15_000, 60_000],
    [['--kubelet-request-timeout=13500ms'], 15_000, 60_000],
    [['--kubelet-request-timeout=13501ms'], 16_000, 61_501],
    [['--kubelet-request-timeout=54s'], 60_000, 234_000],
    [['--metric-resolution=60s'], 60_000, 190_000],
    [['--metric-resolution=60s', '--metric-staleness=60s'], 60_000, 60_000],
  ])('with %j scrapes every %d ms and serves for %d ms', (argv, resolutionMs, stalenessMs) => {
    expect(configOf(...argv)).toMatchObject({
      resolutionMs,
      storage: { resolutionMs, stalenessMs },
    });
  });

  test.each([
    [
      ['--kubelet-certificate-authority=c', '--kubelet-insecure-tls'],
      'cannot use both --kubelet-certificate-authority and --kubelet-insecure-tls',
    ],
    [['--kubelet-client-key=k'], 'need both --kubelet-client-key and --kubelet-client-certificate'],
    [
      ['--kubelet-client-certificate=c'],
      'need both --kubelet-client-key and --kubelet-client-certificate',
    ],
    [
      ['--kubelet-insecure-tls', '--deprecated-kubelet-completely-insecure'],
      'cannot use both --kubelet-insecure-tls and --deprecated-kubelet-completely-insecure',
    ],
    [
      ['--kubelet-certificate-authority=c', '--deprecated-kubelet-completely-insecure'],
      'cannot use both --kubelet-certificate-authority and --deprecated-kubelet-completely-insecure',
    ],
    [['--kubelet-request-timeout=0'], 'kubelet-request-timeout should be positive'],
    [
      ['--metric-resolution=5s', '--kubelet-request-timeout=1s'],
      'metric-resolution should be a time duration at least 10s, but value 5s provided',
    ],
    [
      ['--metric-resolution=10s'],
      'metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value 10s kubelet-request-timeout value 10s provided',
    ],
    [
      ['--metric-resolution=11s'],
      'metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value 11s kubelet-request-timeout value 10s provided',
    ],
    [['--logging-format=xyz'], 'format: Invalid value: "xyz": Unsupported log format'],
    [['--livez-grace-period=-1s'], '--livez-grace-period can not be a negative value'],
    [['--max-requests-inflight=-1'], '--max-requests-inflight can not be negative value'],
    [
      ['--max-mutating-requests-inflight=-1'],
      '--max-mutating-requests-inflight can not be negative value',
    ],
    [['--request-timeout=-1s'], '--request-timeout can not be negative value'],
    [['--goaway-chance=0.03'], '--goaway-chance can not be less than 0 or greater than 0.02'],
    [['--min-request-timeout=-1'], '--min-request-timeout can not be negative value'],
    [['--shutdown-delay-duration=-1s'], '--shutdown-delay-duration can not be negative value'],
    [
      ['--strict-transport-security-directives=preload,max-ages=1'],
      '--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information',
    ],
    [
      ['--cors-allowed-origins=a.test'],
      '--cors-allowed-origins has an invalid regular expression: regular expression does not pin to start/end of host in the origin header',
    ],
    [['--cors-allowed-origins=""'], 'empty value in --cors-allowed-origins'],
    [['--node-selector=a=(b'], "unable to parse requirement: found '(', expected: identifier"],
    [['--secure-port=0'], 'cannot derive external address port without listening on a secure port'],
    [
      ['--secure-port=70000'],
      'failed to create listener: failed to listen on 0.0.0.0:70000: listen tcp: address 70000: invalid port',
    ],
    [
      ['--secure-port=70000', '--bind-address=::'],
      'failed to create listener: failed to listen on [::]:70000: listen tcp: address 70000: invalid port',
    ],
    [
      ['--tls-cert-file=c'],
      'missing filename for serving cert\nName both --tls-cert-file and --tls-private-key-file',
    ],
    [['--tls-min-version=foo'], 'unknown tls version "foo"'],
    [['--tls-cipher-suites=foo'], "Cipher suite foo not supported or doesn't exist"],
    [['--tls-curve-preferences=1'], 'curve preference 1 is not supported by this server'],
    [
      ['--audit-policy-file=p', '--audit-webhook-config-file=w'],
      'cannot audit: this server writes no audit log\nLeave out --audit-policy-file: kube-apiserver, through which clients come, audits their requests',
    ],
    [
      ['--kubelet-max-response-bytes=1k'],
      'kubelet-max-response-bytes should be between 64Ki and 1Gi, but value 1000 provided',
    ],
    [
      ['--metric-staleness=14s'],
      'metric-staleness should be at least metric-resolution, but metric-staleness value 14s metric-resolution value 15s provided',
    ],
  ])('refuses %j', (argv, problem) => {
    expect(problemsOf(...argv)).toEqual([problem]);
  });

  test("reports contradictions in upstream's order, whatever the order of the words", () => {
    expect(
      problemsOf(
        ...['--max-requests-inflight=-1', '--metric-resolution=1s', '--kubelet-client-key=k'],
        '--deprecated-kubelet-completely-insecure',
      ),
    ).toEqual([
      'need both --kubelet-client-key and --kubelet-client-certificate',
      'cannot use both --kubelet-client-key and --deprecated-kubelet-completely-insecure',
      'metric-resolution should be a time duration at least 10s, but value 1s provided',
      'metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value 1s kubelet-request-timeout value 10s provided',
      '--max-requests-inflight can not be negative value',
    ]);
  });

  test('refuses contradictory options even when parseOptions did not see them', () => {
    const options = parseOptions(['--version', '--kubelet-request-timeout=0']);

    expect(() => toConfig(options)).toThrow(UsageError);
  });

  test('warns once of each flag that was typed and has no effect', () => {
    expect(
      configOf(
        '--audit-log-path=-',
        '--goaway-chance=0.001',
        '--goaway-chance=0.002',
        '--profiling',
      ).warnings,
    ).toEqual([
      '--goaway-chance has no effect: connections are HTTP/1.1, which has no GOAWAY',
      '--audit-log-path has no effect: this server writes no audit log; a policy together with a log file or a webhook is refused',
      '--profiling has no effect: there is no profiler to reach by network',
    ]);
  });

  test('does not warn when a flag asks for what is the case anyway', () => {
    expect(
      configOf('--profiling=false', '--disable-http2-serving', '--goaway-chance=0').warnings,
    ).toEqual([]);
  });

  test('warns of a port that no kubelet can have', () => {
    expect(configOf('--kubelet-port=70000').warnings).toEqual([
      '--kubelet-port=70000 is no port: only nodes whose status names one can be scraped, with --kubelet-use-node-status-port',
    ]);
  });

  test('warns of cipher suites that only Go has', () => {
    expect(configOf('--tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA').warnings).toEqual([
      '--tls-cipher-suites: this server does not have TLS_RSA_WITH_RC4_128_SHA',
    ]);
  });
});
