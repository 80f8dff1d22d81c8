import { Counter, Histogram, type Registry, exponentialBuckets } from 'prom-client';

export type AuthorizationResult = 'allowed' | 'denied' | 'no-opinion' | 'error';
export type AuthorizationInstruments = ReturnType<typeof authorizationInstruments>;

/** Upstream's families (contract 9.3), so that dashboards keep working. */
export function authorizationInstruments(registry: Registry) {
  const registers = [registry];
  const attempts = new Counter({
    name: 'authorization_attempts_total',
    help: '[ALPHA] Authorization attempts, by result: allowed, denied, no-opinion or error.',
    labelNames: ['result'],
    registers,
  });
  const durations = new Histogram({
    name: 'authorization_duration_seconds',
    help: '[ALPHA] Time in seconds to decide whether a request is permitted, by result.',
    labelNames: ['result'],
    buckets: exponentialBuckets(0.001, 2, 15),
    registers,
  });

  return {
    attempted(result: AuthorizationResult, seconds: number): void {
      attempts.inc({ result });
      durations.observe({ result }, seconds);
    },
  };
}
