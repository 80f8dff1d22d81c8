/** One line of a Prometheus histogram, as exposition libraries take it. */
export interface HistogramLine {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/**
 * The counts of one histogram series. An observation is a binary search and three additions, so that one can
 * be made for each of 100,000 items of a list; what a scrape shows is worked out when the scrape comes.
 */
export class BucketCounts {
  /** Ascending; the last bucket, without a bound, takes the rest. */
  private readonly upperBounds: readonly number[];
  private readonly counts: Float64Array;
  private sum = 0;

  constructor(upperBounds: readonly number[]) {
    this.upperBounds = upperBounds;
    this.counts = new Float64Array(upperBounds.length + 1);
  }

  observe(value: number): void {
    let low = 0;
    let high = this.upperBounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (this.upperBounds[middle] ?? Infinity)) high = middle;
      else low = middle + 1;
    }
    this.counts[low] = (this.counts[low] ?? 0) + 1;
    this.sum += value;
  }

  /** The lines of the series in the order of the exposition format: cumulative buckets, sum, count. */
  lines(name: string, labels: Readonly<Record<string, string>>): HistogramLine[] {
    const lines: HistogramLine[] = [];
    let total = 0;
    for (const [at, count] of this.counts.entries()) {
      total += count;
      const le = this.upperBounds[at] ?? '+Inf';
      lines.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: total });
    }
    lines.push({ metricName: `${name}_sum`, labels, value: this.sum });
    lines.push({ metricName: `${name}_count`, labels, value: total });
    return lines;
  }
}
