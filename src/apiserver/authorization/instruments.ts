import { type Registry, exponentialBuckets } from 'prom-client';
import { SeriesCounter, SeriesHistogram } from '../../model/instruments.ts';

export type AuthorizationResult = 'allowed' | 'denied' | 'no-opinion' | 'error';
export type AuthorizationInstruments = ReturnType<typeof authorizationInstruments>;

/** Upstream's families (contract 9.3), so that dashboards keep working. */
export function authorizationInstruments(registry: Registry) {
  const attempts = new SeriesCounter<AuthorizationResult>(registry, {
    name: 'authorization_attempts_total',
    help: '[ALPHA] Authorization attempts, by result: allowed, denied, no-opinion or error.',
    label: 'result',
  });
  const durations = new SeriesHistogram<AuthorizationResult>(registry, {
    name: 'authorization_duration_seconds',
    help: '[ALPHA] Time in seconds to decide whether a request is permitted, by result.',
    buckets: exponentialBuckets(0.001, 2, 15),
    labelNames: ['result'],
    labelsOf: (result) => ({ result }),
  });

  return {
    attempted(result: AuthorizationResult, seconds: number): void {
      attempts.inc(result);
      durations.of(result).observe(seconds);
    },
  };
}
