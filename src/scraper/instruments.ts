import { Histogram, type Registry } from 'prom-client';

export interface ScraperInstruments {
  observeRound(seconds: number): void;
}

/** Registers this room's metrics (as upstream: tick duration of pkg/server, buckets of pkg/utils/monitoring.go). */
export function scraperInstruments(registry: Registry, resolutionMs: number): ScraperInstruments {
  const rounds = new Histogram({
    name: 'metrics_server_manager_tick_duration_seconds',
    help: '[ALPHA] The total time spent collecting and storing metrics in seconds.',
    buckets: roundBuckets(resolutionMs / 1000),
    registers: [registry],
  });
  return {
    observeRound: (seconds) => {
      rounds.observe(seconds);
    },
  };
}

/** Prometheus' own buckets, and beyond 10 s four that tell how near a round came to its resolution. */
function roundBuckets(resolutionSeconds: number): number[] {
  const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  if (resolutionSeconds <= 10) return buckets;
  return [
    ...buckets,
    10 + (resolutionSeconds - 10) / 2,
    resolutionSeconds,
    1.5 * resolutionSeconds,
    2 * resolutionSeconds,
  ];
}
