import { Counter, Histogram } from 'prom-client';
import type { MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client';
import { BucketCounts, type HistogramLine } from './bucket-counts.ts';

interface CounterSpec {
  readonly name: string;
  readonly help: string;
  readonly label: string;
}

/**
 * A counter with one label, counted in a map and shown when a scrape comes: the library hashes labels anew for each
 * event. Series appear with their first use.
 */
export class SeriesCounter<Value extends string> {
  private readonly counts = new Map<Value, number>();

  constructor(registry: Registry, { name, help, label }: CounterSpec) {
    const { counts } = this;
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, count] of counts) this.inc({ [label]: value }, count);
      },
    });
  }

  inc(value: Value): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1);
  }
}

interface HistogramSpec<Key> {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
  readonly labelNames?: readonly string[];
  /** Asked when a scrape comes. Without it: one series, and no labels. */
  readonly labelsOf?: (key: Key) => Readonly<Record<string, string>>;
}

/**
 * A histogram whose series are plain counts, found by a key that is compared by identity: an observation through
 * the library hashes its labels anew each time, which costs as much as serving a pod. Series appear with
 * their first use.
 */
export class SeriesHistogram<Key> extends Histogram {
  private readonly spec: HistogramSpec<Key>;
  private readonly series = new Map<Key, BucketCounts>();

  constructor(registry: Registry, spec: HistogramSpec<Key>) {
    const { name, help, buckets, labelNames = [] } = spec;
    super({
      ...{ name, help, buckets: [...buckets], labelNames: [...labelNames] },
      registers: [registry],
    });
    this.spec = spec;
  }

  /** The series of the key, made when it is asked for. */
  of(key: Key): BucketCounts {
    let counts = this.series.get(key);
    if (!counts) this.series.set(key, (counts = new BucketCounts(this.spec.buckets)));
    return counts;
  }

  /** Ends the series of the key. */
  forget(key: Key): void {
    this.series.delete(key);
  }

  /** All lines, made one series after the other as they are taken: thousands of nodes are not shown in one turn. */
  private *lines(): Iterable<HistogramLine> {
    const { name, labelsOf } = this.spec;
    for (const [key, counts] of this.series) yield* counts.lines(name, labelsOf?.(key) ?? {});
  }

  /** The whole of it, as a page shows it. */
  family() {
    const { name, help } = this.spec;
    return { name, help, type: 'histogram', values: this.lines() };
  }

  override get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const { name, help } = this.spec;
    const values = [...this.lines()];
    // The library's enum of types is not exported as a value; 'histogram' is what it holds.
    const type = 'histogram' as unknown as MetricObjectWithValues<
      MetricValueWithName<string>
    >['type'];
    return Promise.resolve({
      ...{ name, help, type, aggregator: 'sum', values },
      collect: () => undefined,
    });
  }

  /** What the registry of prom-client 15.1 asks instead of `get` where it exists. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return this.get();
  }
}
