import { Counter, Gauge, Histogram, type Registry, exponentialBuckets } from 'prom-client';

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

export type AuthenticationInstruments = ReturnType<typeof authenticationInstruments>;

/** Upstream's families (contract 9.3), so that dashboards keep working. */
export function authenticationInstruments(registry: Registry) {
  const registers = [registry];
  const attempts = new Counter({
    name: 'authentication_attempts',
    help: '[ALPHA] Authenticated attempts, by result: success, failure or error.',
    labelNames: ['result'],
    registers,
  });
  const durations = new Histogram({
    name: 'authentication_duration_seconds',
    help: '[ALPHA] Time in seconds to find out who asks, by result.',
    labelNames: ['result'],
    buckets: exponentialBuckets(0.001, 2, 15),
    registers,
  });
  const users = new Counter({
    name: 'authenticated_user_requests',
    help: '[ALPHA] Authenticated requests, by user name; all but a few names count as other.',
    labelNames: ['username'],
    registers,
  });
  const certificateExpiration = new Histogram({
    name: 'apiserver_client_certificate_expiration_seconds',
    help: '[ALPHA] Remaining life time in seconds of the certificates that clients present.',
    buckets: [
      0,
      ...[30 * MINUTE_S, HOUR_S, 2 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S],
      ...[1, 2, 4, 7, 30, 90, 180, 360].map((days) => days * DAY_S),
    ],
    registers,
  });

  return {
    succeeded(userName: string, seconds: number): void {
      attempts.inc({ result: 'success' });
      durations.observe({ result: 'success' }, seconds);
      users.inc({ username: category(userName) });
    },
    erred(seconds: number): void {
      attempts.inc({ result: 'error' });
      durations.observe({ result: 'error' }, seconds);
    },
    certificatePresented(remainingSeconds: number): void {
      certificateExpiration.observe(remainingSeconds);
    },
    tokenCache: tokenCacheInstruments(registers),
  };
}

function tokenCacheInstruments(registers: Registry[]) {
  const requests = new Counter({
    name: 'authentication_token_cache_request_total',
    help: '[ALPHA] Tokens looked at, by status: hit or miss.',
    labelNames: ['status'],
    registers,
  });
  const durations = new Histogram({
    name: 'authentication_token_cache_request_duration_seconds',
    help: '[ALPHA] Time in seconds to find the user of a token, by status: hit or miss.',
    labelNames: ['status'],
    registers,
  });
  const active = new Gauge({
    name: 'authentication_token_cache_active_fetch_count',
    help: '[ALPHA] Requests that wait for a token review (blocked), and token reviews on their way (in_flight).',
    labelNames: ['status'],
    registers,
  });
  const fetches = new Counter({
    name: 'authentication_token_cache_fetch_total',
    help: '[ALPHA] Token reviews asked for, by status: ok or error.',
    labelNames: ['status'],
    registers,
  });

  return {
    requested(status: 'hit' | 'miss', seconds: number): void {
      requests.inc({ status });
      durations.observe({ status }, seconds);
    },
    waiting(change: 1 | -1): void {
      active.inc({ status: 'blocked' }, change);
    },
    asking(change: 1 | -1): void {
      active.inc({ status: 'in_flight' }, change);
    },
    asked(status: 'ok' | 'error'): void {
      fetches.inc({ status });
    },
  };
}

function category(userName: string): string {
  if (TOLD_APART.has(userName)) return userName;
  return userName.includes('@') ? 'email_id' : 'other';
}
