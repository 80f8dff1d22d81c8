import { Histogram } from 'prom-client';
import type { MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client';
import { BucketCounts } from '../../model/bucket-counts.ts';

export interface ResourceMetricsInstruments {
  /** Once for each item that is served. */
  observeFreshness(seconds: number): void;
}

const NAME = 'metrics_server_api_metric_freshness_seconds';

/** 20 bounds from 1 s, each 1.364 times the one before, as upstream: metrics-server/pkg/api/monitoring.go. */
const BOUNDS = Array.from({ length: 19 }).reduce<number[]>(
  (bounds) => [...bounds, (bounds.at(-1) ?? 0) * 1.364],
  [1],
);

export function resourceMetricsInstruments(registry: Registry): ResourceMetricsInstruments {
  const counts = new BucketCounts(BOUNDS);
  registry.registerMetric(new FreshnessHistogram(counts));
  return {
    observeFreshness(seconds) {
      counts.observe(seconds);
    },
  };
}

/** Shows counts that are kept here: an observation through the library costs as much as serving a pod. */
class FreshnessHistogram extends Histogram {
  private readonly counts: BucketCounts;

  constructor(counts: BucketCounts) {
    super({ name: NAME, help: HELP, buckets: BOUNDS, registers: [] });
    this.counts = counts;
  }

  override get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const values = this.counts.lines(NAME, {});
    // The library's enum of types is not exported as a value; 'histogram' is what it holds.
    const type = 'histogram' as unknown as MetricObjectWithValues<
      MetricValueWithName<string>
    >['type'];
    const collect = (): void => undefined;
    return Promise.resolve({ name: NAME, help: HELP, type, aggregator: 'sum', collect, values });
  }

  /** What the registry of prom-client 15.1 asks instead of `get` where it exists. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return this.get();
  }
}

const HELP = '[ALPHA] Age of the figures at the moment they are served.';
