import type { Flag } from './flag-kinds.ts';
import {
  AUTHENTICATION_FLAGS,
  AUTHORIZATION_FLAGS,
  FEATURE_FLAGS,
  GENERIC_FLAGS,
  LOGGING_FLAGS,
  SECURE_SERVING_FLAGS,
} from './flags-apiserver.ts';
import { AUDIT_FLAGS } from './flags-audit.ts';
import { KUBELET_FLAGS, METRICS_SERVER_FLAGS } from './flags-metrics-server.ts';

/** Every flag of the program, one row each. --help and docs/flags.md are printed from this table. */
const FLAGS = {
  ...METRICS_SERVER_FLAGS,
  ...GENERIC_FLAGS,
  ...KUBELET_FLAGS,
  ...SECURE_SERVING_FLAGS,
  ...AUTHENTICATION_FLAGS,
  ...AUTHORIZATION_FLAGS,
  ...AUDIT_FLAGS,
  ...FEATURE_FLAGS,
  ...LOGGING_FLAGS,
};

export type FlagName = keyof typeof FLAGS;

/** What was typed, or the default, by the name of the flag. */
export type FlagValues = {
  readonly [Name in FlagName]: (typeof FLAGS)[Name] extends Flag<infer Value> ? Value : never;
};

export interface FlagGroup {
  readonly title: string;
  readonly flags: ReadonlyMap<string, Flag<unknown>>;
}

/** In the order of the help; flags in order of their names. */
export const FLAG_GROUPS: readonly FlagGroup[] = [
  group('Metrics server', METRICS_SERVER_FLAGS),
  group('Generic', GENERIC_FLAGS),
  group('Kubelet client', KUBELET_FLAGS),
  group('Apiserver secure serving', SECURE_SERVING_FLAGS),
  group('Apiserver authentication', AUTHENTICATION_FLAGS),
  group('Apiserver authorization', AUTHORIZATION_FLAGS),
  group('Apiserver audit log', AUDIT_FLAGS),
  group('Features', FEATURE_FLAGS),
  group('Logging', LOGGING_FLAGS),
];

/** The same rows for a name that was typed. */
export const FLAG_BY_NAME: ReadonlyMap<string, Flag<unknown>> = new Map(Object.entries(FLAGS));

function group(title: string, rows: Readonly<Record<string, Flag<unknown>>>): FlagGroup {
  const sorted = Object.entries(rows).sort(([left], [right]) => (left < right ? -1 : 1));
  return { title, flags: new Map(sorted) };
}
