import { Counter, Gauge, Histogram } from 'prom-client';
import type { MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client';
import { BucketCounts } from '../model/bucket-counts.ts';

/** What a request was, for the labels of its series. Few values each: names and paths never become labels. */
export interface RequestKind {
  /** In upper case, as upstream: GET, LIST, WATCH … */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** `resource`, `namespace`, `cluster`, or '' for what is no resource. */
  readonly scope: string;
  /** `apiserver`, or '' for health endpoints, as upstream. */
  readonly component: string;
}

export interface RequestInstruments {
  /** Call once a request is over. `responseBytes` counts bodies as written. */
  finished(kind: RequestKind, code: number, seconds: number, responseBytes: number): void;
  terminated(kind: RequestKind, code: number): void;
  /** A client that went away, or a deadline that passed, after the answer had begun. */
  aborted(kind: RequestKind): void;
}

const LABELS = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];

const DURATION_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45,
  60,
];
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/**
 * The families of requests that dashboards of API servers read (contract.md 9.3), names and labels as
 * upstream. `inFlight` is asked when a scrape comes.
 */
export function requestInstruments(
  registry: Registry,
  inFlight: () => { readonly readOnly: number; readonly mutating: number },
): RequestInstruments {
  const requests = requestCounter(registry);
  const durations = new SeriesHistogram(
    registry,
    'apiserver_request_duration_seconds',
    '[STABLE] Response latency distribution in seconds for each verb, resource, subresource and scope.',
    DURATION_BUCKETS,
    { dry_run: '' },
  );
  const sliDurations = new SeriesHistogram(
    registry,
    'apiserver_request_sli_duration_seconds',
    '[ALPHA] Response latency distribution in seconds, not counting time spent waiting for others.',
    DURATION_BUCKETS.slice(2),
    {},
  );
  const sizes = new SeriesHistogram(
    registry,
    'apiserver_response_sizes',
    '[STABLE] Response size distribution in bytes for each verb, resource, subresource and scope.',
    SIZE_BUCKETS,
    {},
  );
  inFlightGauge(registry, inFlight);
  const terminations = new Counter({
    name: 'apiserver_request_terminations_total',
    help: '[ALPHA] Number of requests which the server terminated in self-defense.',
    labelNames: [...LABELS, 'code'],
    registers: [registry],
  });
  const aborts = new Counter({
    name: 'apiserver_request_aborts_total',
    help: '[ALPHA] Number of requests which were aborted, by the client or for time, while the answer was written.',
    labelNames: LABELS.filter((label) => label !== 'component'),
    registers: [registry],
  });
  return {
    finished(kind, code, seconds, responseBytes) {
      requests.add(kind, code);
      durations.of(kind).observe(seconds);
      sliDurations.of(kind).observe(seconds);
      sizes.of(kind).observe(responseBytes);
    },
    terminated(kind, code) {
      terminations.inc({ ...kind, code });
    },
    aborted({ verb, group, version, resource, subresource, scope }) {
      aborts.inc({ verb, group, version, resource, subresource, scope });
    },
  };
}

interface RequestCounter {
  add(kind: RequestKind, code: number): void;
}

/** apiserver_request_total: counted here in maps, and shown when a scrape comes. */
function requestCounter(registry: Registry): RequestCounter {
  const counts = new Map<RequestKind, Map<number, number>>();
  new Counter({
    name: 'apiserver_request_total',
    help: '[STABLE] Counter of apiserver requests broken out for each verb, group, version, resource, scope, component, and HTTP response code.',
    labelNames: [...LABELS, 'dry_run', 'code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [kind, byCode] of counts) {
        for (const [code, count] of byCode) this.inc({ ...kind, dry_run: '', code }, count);
      }
    },
  });
  return {
    add(kind, code) {
      const byCode = counts.get(kind) ?? new Map<number, number>();
      if (byCode.size === 0) counts.set(kind, byCode);
      byCode.set(code, (byCode.get(code) ?? 0) + 1);
    },
  };
}

function inFlightGauge(
  registry: Registry,
  inFlight: () => { readonly readOnly: number; readonly mutating: number },
): void {
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: '[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    labelNames: ['request_kind'],
    registers: [registry],
    collect() {
      const { readOnly, mutating } = inFlight();
      this.set({ request_kind: 'readOnly' }, readOnly);
      this.set({ request_kind: 'mutating' }, mutating);
    },
  });
}

/** A histogram whose series are plain counts, one for each kind of request: kinds are compared by identity. */
class SeriesHistogram extends Histogram {
  private readonly series = new Map<RequestKind, BucketCounts>();
  private readonly bounds: readonly number[];
  private readonly extraLabels: Readonly<Record<string, string>>;
  private readonly named: { readonly name: string; readonly help: string };

  constructor(
    registry: Registry,
    name: string,
    help: string,
    buckets: number[],
    extraLabels: Readonly<Record<string, string>>,
  ) {
    const labelNames = [...LABELS, ...Object.keys(extraLabels)];
    super({ name, help, buckets, labelNames, registers: [registry] });
    this.bounds = buckets;
    this.extraLabels = extraLabels;
    this.named = { name, help };
  }

  of(kind: RequestKind): BucketCounts {
    let counts = this.series.get(kind);
    if (!counts) this.series.set(kind, (counts = new BucketCounts(this.bounds)));
    return counts;
  }

  override get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const values = [...this.series].flatMap(([kind, counts]) =>
      counts.lines(this.named.name, { ...kind, ...this.extraLabels }),
    );
    // The library's enum of types is not exported as a value; 'histogram' is what it holds.
    const type = 'histogram' as unknown as MetricObjectWithValues<
      MetricValueWithName<string>
    >['type'];
    return Promise.resolve({
      ...this.named,
      type,
      aggregator: 'sum',
      collect: () => undefined,
      values,
    });
  }

  /** What the registry of prom-client 15.1 asks instead of `get` where it exists. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return this.get();
  }
}

/** Counts connections whose TLS handshake failed, under upstream's name. Once for a registry. */
export function handshakeErrorCounter(registry: Registry): () => void {
  const errors = new Counter({
    name: 'apiserver_tls_handshake_errors_total',
    help: '[ALPHA] Number of requests dropped with a TLS handshake error',
    registers: [registry],
  });
  return () => {
    errors.inc();
  };
}
