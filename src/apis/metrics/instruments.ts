import type { Registry } from 'prom-client';
import { SeriesHistogram } from '../../model/instruments.ts';

export interface ResourceMetricsInstruments {
  /** Once for each item that is served. */
  observeFreshness(seconds: number): void;
}

/** 20 bounds from 1 s, each 1.364 times the one before, as upstream: metrics-server/pkg/api/monitoring.go. */
const BOUNDS = Array.from({ length: 19 }).reduce<number[]>(
  (bounds) => [...bounds, (bounds.at(-1) ?? 0) * 1.364],
  [1],
);

export function resourceMetricsInstruments(registry: Registry): ResourceMetricsInstruments {
  const counts = new SeriesHistogram<'all'>(registry, {
    name: 'metrics_server_api_metric_freshness_seconds',
    help: '[ALPHA] Age of the figures at the moment they are served.',
    buckets: BOUNDS,
  }).of('all');
  return {
    observeFreshness(seconds) {
      counts.observe(seconds);
    },
  };
}
