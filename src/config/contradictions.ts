import { formatDuration } from '../apimachinery/duration.ts';
import { goQuote } from '../apimachinery/go-quote.ts';
import { parseLabelSelector } from '../apimachinery/label-selector.ts';
import { SelectorError } from '../apimachinery/selector-error.ts';
import { corsOriginProblems, transportSecurityProblems } from './browser-headers.ts';
import { componentProblems } from './component-globals.ts';
import type { FlagName, FlagValues } from './flags.ts';
import { loggingProblems } from './logging-problems.ts';
import { resolutionMs, stalenessMs } from './resolution.ts';
import { tlsCiphers, tlsCurves, tlsVersion } from './tls-names.ts';

/**
 * Everything that is wrong with values each of which could be read: in upstream's order and words, then our own.
 * A rule about a flag in `misread` is skipped, since the value at hand is not the one that was meant.
 */
export function findContradictions(
  values: FlagValues,
  misread: ReadonlySet<string> = new Set(),
): string[] {
  return RULES.filter(({ flags }) => !flags.some((name) => misread.has(name))).flatMap(
    ({ problems }) => problems(values),
  );
}

interface Rule {
  readonly flags: readonly FlagName[];
  readonly problems: (values: FlagValues) => readonly string[];
}

type NameOf<Value> = {
  [Name in FlagName]: FlagValues[Name] extends Value ? Name : never;
}[FlagName];

function rule(
  flags: readonly FlagName[],
  isBroken: (values: FlagValues) => boolean,
  problem: string | ((values: FlagValues) => string),
): Rule {
  const text = typeof problem === 'string' ? (): string => problem : problem;
  return { flags, problems: (values) => (isBroken(values) ? [text(values)] : []) };
}

function notBoth(one: NameOf<string | boolean>, other: NameOf<string | boolean>): Rule {
  return rule(
    [one, other],
    (values) => Boolean(values[one]) && Boolean(values[other]),
    `cannot use both --${one} and --${other}`,
  );
}

function notNegative(name: NameOf<number>, problem = `--${name} can not be negative value`): Rule {
  return rule([name], (values) => values[name] < 0, problem);
}

/** A value that is translated later on, here only to see whether it can be. */
function readable(name: FlagName, read: (values: FlagValues) => unknown): Rule {
  return {
    flags: [name],
    problems(values) {
      try {
        read(values);
        return [];
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof SelectorError) return [error.message];
        throw error;
      }
    },
  };
}

const MIN_RESOLUTION_MS = 10_000;
const MIN_RESPONSE_BYTES = 64 * 1024;
const MAX_RESPONSE_BYTES = 1024 ** 3;

const KUBELET_RULES: readonly Rule[] = [
  notBoth('kubelet-certificate-authority', 'kubelet-insecure-tls'),
  rule(
    ['kubelet-client-key', 'kubelet-client-certificate'],
    (values) =>
      (values['kubelet-client-key'] === '') !== (values['kubelet-client-certificate'] === ''),
    'need both --kubelet-client-key and --kubelet-client-certificate',
  ),
  notBoth('kubelet-client-key', 'deprecated-kubelet-completely-insecure'),
  notBoth('kubelet-client-certificate', 'deprecated-kubelet-completely-insecure'),
  notBoth('kubelet-insecure-tls', 'deprecated-kubelet-completely-insecure'),
  notBoth('kubelet-certificate-authority', 'deprecated-kubelet-completely-insecure'),
  rule(
    ['kubelet-request-timeout'],
    (values) => values['kubelet-request-timeout'] <= 0,
    'kubelet-request-timeout should be positive',
  ),
];

const RESOLUTION_RULES: readonly Rule[] = [
  rule(
    ['metric-resolution', 'kubelet-request-timeout'],
    (values) => resolutionMs(values) < MIN_RESOLUTION_MS,
    (values) =>
      `metric-resolution should be a time duration at least 10s, but value ${formatDuration(resolutionMs(values))} provided`,
  ),
  rule(
    ['metric-resolution', 'kubelet-request-timeout'],
    (values) => (resolutionMs(values) * 9) / 10 < values['kubelet-request-timeout'],
    (values) =>
      `metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value ${formatDuration(resolutionMs(values))} kubelet-request-timeout value ${formatDuration(values['kubelet-request-timeout'])} provided`,
  ),
];

const GENERIC_RULES: readonly Rule[] = [
  {
    flags: [
      ...(['logging-format', 'log-flush-frequency', 'vmodule'] as const),
      ...(['log-text-split-stream', 'log-text-info-buffer-size'] as const),
      ...(['log-json-split-stream', 'log-json-info-buffer-size'] as const),
    ],
    problems: loggingProblems,
  },
  notNegative('livez-grace-period', '--livez-grace-period can not be a negative value'),
  notNegative('max-requests-inflight'),
  notNegative('max-mutating-requests-inflight'),
  notNegative('request-timeout'),
  rule(
    ['goaway-chance'],
    (values) => values['goaway-chance'] < 0 || values['goaway-chance'] > 0.02,
    '--goaway-chance can not be less than 0 or greater than 0.02',
  ),
  notNegative('min-request-timeout'),
  notNegative('storage-initialization-timeout'),
  notNegative('shutdown-delay-duration'),
  notNegative(
    'shutdown-watch-termination-grace-period',
    'shutdown-watch-termination-grace-period, if provided, can not be a negative value',
  ),
  {
    flags: ['strict-transport-security-directives'],
    problems: (values) => transportSecurityProblems(values['strict-transport-security-directives']),
  },
  {
    flags: ['cors-allowed-origins'],
    problems: (values) => corsOriginProblems(values['cors-allowed-origins']),
  },
  {
    flags: ['emulated-version', 'min-compatibility-version', 'feature-gates'],
    problems: (values) =>
      componentProblems({
        emulatedVersions: values['emulated-version'],
        minCompatibilityVersions: values['min-compatibility-version'],
        featureGates: values['feature-gates'],
      }),
  },
];

const SERVING_RULES: readonly Rule[] = [
  rule(
    ['secure-port'],
    (values) => values['secure-port'] <= 0,
    'cannot derive external address port without listening on a secure port',
  ),
  rule(
    ['secure-port', 'bind-address'],
    (values) => values['secure-port'] > 65535,
    (values) =>
      `failed to create listener: failed to listen on ${joined(values['bind-address'], values['secure-port'])}: listen tcp: address ${values['secure-port']}: invalid port`,
  ),
  rule(
    ['tls-cert-file', 'tls-private-key-file'],
    (values) => (values['tls-cert-file'] === '') !== (values['tls-private-key-file'] === ''),
    'missing filename for serving cert\nName both --tls-cert-file and --tls-private-key-file',
  ),
  readable('tls-cipher-suites', (values) => tlsCiphers(values['tls-cipher-suites'])),
  readable('tls-curve-preferences', (values) => tlsCurves(values['tls-curve-preferences'])),
  readable('tls-min-version', (values) => tlsVersion(values['tls-min-version'])),
  {
    flags: ['authorization-always-allow-paths'],
    problems: (values) => alwaysAllowPathProblems(values['authorization-always-allow-paths']),
  },
];

const OWN_RULES: readonly Rule[] = [
  readable('node-selector', (values) => parseLabelSelector(values['node-selector'])),
  rule(
    ['audit-policy-file', 'audit-log-path', 'audit-webhook-config-file'],
    (values) =>
      values['audit-policy-file'] !== '' &&
      (values['audit-log-path'] !== '' || values['audit-webhook-config-file'] !== ''),
    'cannot audit: this server writes no audit log\nLeave out --audit-policy-file: kube-apiserver, through which clients come, audits their requests',
  ),
  rule(
    ['kubelet-max-response-bytes'],
    (values) => {
      const bytes = values['kubelet-max-response-bytes'];
      return bytes < MIN_RESPONSE_BYTES || bytes > MAX_RESPONSE_BYTES;
    },
    (values) =>
      `kubelet-max-response-bytes should be between 64Ki and 1Gi, but value ${values['kubelet-max-response-bytes']} provided`,
  ),
  rule(
    ['metric-staleness', 'metric-resolution', 'kubelet-request-timeout'],
    (values) => stalenessMs(values) < resolutionMs(values),
    (values) =>
      `metric-staleness should be at least metric-resolution, but metric-staleness value ${formatDuration(stalenessMs(values))} metric-resolution value ${formatDuration(resolutionMs(values))} provided`,
  ),
];

const RULES: readonly Rule[] = [
  ...KUBELET_RULES,
  ...RESOLUTION_RULES,
  ...GENERIC_RULES,
  ...SERVING_RULES,
  ...OWN_RULES,
];

/** As upstream: apiserver/pkg/authorization/path. The first one only. */
function alwaysAllowPathProblems(paths: readonly string[]): string[] {
  const [wrong] = paths
    .map((path) => path.replace(/^\//, ''))
    .filter((path) => path.slice(0, -1).includes('*'));
  return wrong === undefined ? [] : [`only trailing * allowed in ${goQuote(wrong)}`];
}

function joined(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
