import { Gauge, type Registry, exponentialBuckets } from 'prom-client';
import { SeriesCounter, SeriesHistogram } from '../../model/instruments.ts';

/** Of a user's name only these few are told apart, as upstream: names are private and many. */
const TOLD_APART: ReadonlySet<string> = new Set([
  'admin',
  'client',
  'kube_proxy',
  'kubelet',
  'system:serviceaccount:kube-system:default',
]);

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** Those of Prometheus' libraries, which upstream takes here. */
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type AuthenticationResult = 'success' | 'error';
export type AuthenticationInstruments = ReturnType<typeof authenticationInstruments>;

/** Upstream's families (contract 9.3), so that dashboards keep working. */
export function authenticationInstruments(registry: Registry) {
  const attempts = new SeriesCounter<AuthenticationResult>(registry, {
    name: 'authentication_attempts',
    help: '[ALPHA] Authenticated attempts, by result: success, failure or error.',
    label: 'result',
  });
  const durations = new SeriesHistogram<AuthenticationResult>(registry, {
    name: 'authentication_duration_seconds',
    help: '[ALPHA] Time in seconds to find out who asks, by result.',
    buckets: exponentialBuckets(0.001, 2, 15),
    labelNames: ['result'],
    labelsOf: (result) => ({ result }),
  });
  const users = new SeriesCounter(registry, {
    name: 'authenticated_user_requests',
    help: '[ALPHA] Authenticated requests, by user name; all but a few names count as other.',
    label: 'username',
  });
  const certificateExpiration = new SeriesHistogram<'all'>(registry, {
    name: 'apiserver_client_certificate_expiration_seconds',
    help: '[ALPHA] Remaining life time in seconds of the certificates that clients present.',
    buckets: [
      0,
      ...[30 * MINUTE_S, HOUR_S, 2 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S],
      ...[1, 2, 4, 7, 30, 90, 180, 360].map((days) => days * DAY_S),
    ],
  }).of('all');

  return {
    succeeded(userName: string, seconds: number): void {
      attempts.inc('success');
      durations.of('success').observe(seconds);
      users.inc(category(userName));
    },
    erred(seconds: number): void {
      attempts.inc('error');
      durations.of('error').observe(seconds);
    },
    certificatePresented(remainingSeconds: number): void {
      certificateExpiration.observe(remainingSeconds);
    },
    tokenCache: tokenCacheInstruments(registry),
  };
}

function tokenCacheInstruments(registry: Registry) {
  const requests = new SeriesCounter<'hit' | 'miss'>(registry, {
    name: 'authentication_token_cache_request_total',
    help: '[ALPHA] Tokens looked at, by status: hit or miss.',
    label: 'status',
  });
  const durations = new SeriesHistogram<'hit' | 'miss'>(registry, {
    name: 'authentication_token_cache_request_duration_seconds',
    help: '[ALPHA] Time in seconds to find the user of a token, by status: hit or miss.',
    buckets: DEFAULT_BUCKETS,
    labelNames: ['status'],
    labelsOf: (status) => ({ status }),
  });
  const active = new Gauge({
    name: 'authentication_token_cache_active_fetch_count',
    help: '[ALPHA] Requests that wait for a token review (blocked), and token reviews on their way (in_flight).',
    labelNames: ['status'],
    registers: [registry],
  });
  const fetches = new SeriesCounter<'ok' | 'error'>(registry, {
    name: 'authentication_token_cache_fetch_total',
    help: '[ALPHA] Token reviews asked for, by status: ok or error.',
    label: 'status',
  });

  return {
    requested(status: 'hit' | 'miss', seconds: number): void {
      requests.inc(status);
      durations.of(status).observe(seconds);
    },
    waiting(change: 1 | -1): void {
      active.inc({ status: 'blocked' }, change);
    },
    asking(change: 1 | -1): void {
      active.inc({ status: 'in_flight' }, change);
    },
    asked(status: 'ok' | 'error'): void {
      fetches.inc(status);
    },
  };
}

function category(userName: string): string {
  if (TOLD_APART.has(userName)) return userName;
  return userName.includes('@') ? 'email_id' : 'other';
}
