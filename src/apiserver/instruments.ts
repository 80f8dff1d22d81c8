import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { SeriesHistogram } from '../model/instruments.ts';

/** What a request was, for the labels of its series. Few values each: names and paths never become labels. */
export interface RequestKind {
  /** In upper case, as upstream: GET, LIST, WATCH … */
  readonly verb: string;
  /** What `?dryRun=` said, though nothing here could run dry: '', All or invalid. */
  readonly dryRun: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** `resource`, `namespace`, `cluster`, or '' for what is no resource. */
  readonly scope: string;
  /** `apiserver`, or '' for health endpoints, as upstream. */
  readonly component: string;
}

/** The stages of a request that are timed one by one, under upstream's names. */
export type Filter = 'authentication' | 'authorization' | 'constrainedimpersonation';

export interface RequestInstruments {
  /** Call once a request that a handler answered is over. `responseBytes` counts bodies as written. */
  finished(kind: RequestKind, code: number, seconds: number, responseBytes: number): void;
  /** Refused because too many are being answered. */
  dropped(kind: RequestKind): void;
  /** Ended by this server before its time: too late (504), or too many (429). */
  terminated(kind: RequestKind, code: number): void;
  /** An answer that had begun was cut off by us. */
  aborted(kind: RequestKind): void;
  filtered(filter: Filter, seconds: number): void;
  /** What was done for a request came to its end after the client had been told that it is too late. */
  endedAfterTimeout(status: 'ok' | 'error'): void;
}

/** How many requests are being answered. */
interface InFlight {
  readonly readOnly: number;
  readonly mutating: number;
}

const LABELS = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];

const DURATION_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45,
  60,
];
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const FILTER_BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30];

/**
 * The families of requests that dashboards of API servers read (contract.md 9.3), names and labels as
 * upstream: apiserver/pkg/endpoints/metrics/metrics.go. `inFlight` is asked when a scrape comes.
 */
export function requestInstruments(
  registry: Registry,
  inFlight: () => InFlight,
): RequestInstruments {
  const requests = requestCounter(registry);
  const durations = requestHistograms(registry);
  const { terminations, aborts, lateEnds } = endCounters(registry);
  const filters = new SeriesHistogram<Filter>(registry, {
    name: 'apiserver_request_filter_duration_seconds',
    help: '[ALPHA] How long one stage of answering a request took in seconds, by filter.',
    buckets: FILTER_BUCKETS,
    labelNames: ['filter'],
    labelsOf: (filter) => ({ filter }),
  });
  inFlightGauge(registry, inFlight);
  auditCounters(registry);
  return {
    finished(kind, code, seconds, responseBytes) {
      requests.add(kind, code);
      durations.observe(kind, seconds, responseBytes);
    },
    dropped(kind) {
      requests.add(kind, 429);
    },
    terminated(kind, code) {
      terminations.inc({ ...withoutDryRun(kind), code });
    },
    aborted({ verb, group, version, resource, subresource, scope }) {
      aborts.inc({ verb, group, version, resource, subresource, scope });
    },
    filtered(filter, seconds) {
      filters.of(filter).observe(seconds);
    },
    endedAfterTimeout(status) {
      lateEnds.inc({ source: 'timeout-handler', status });
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
    help: '[STABLE] Requests that a handler answered, and those that were too many (429), by what was asked and the code of the answer.',
    labelNames: [...LABELS, 'dry_run', 'code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [kind, byCode] of counts) {
        const labels = withDryRun(kind);
        for (const [code, count] of byCode) this.inc({ ...labels, code }, count);
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

function requestHistograms(registry: Registry) {
  const durations = new SeriesHistogram<RequestKind>(registry, {
    name: 'apiserver_request_duration_seconds',
    help: '[STABLE] How long requests took in seconds, by what was asked.',
    buckets: DURATION_BUCKETS,
    labelNames: [...LABELS, 'dry_run'],
    labelsOf: withDryRun,
  });
  // The older name is on dashboards still; upstream has served both since 1.27.
  const [sli, slo] = ['sli', 'slo'].map(
    (name) =>
      new SeriesHistogram<RequestKind>(registry, {
        name: `apiserver_request_${name}_duration_seconds`,
        help: `[ALPHA] How long requests took in seconds, by what was asked; neither watches nor dry runs.${name === 'slo' ? ' The same as apiserver_request_sli_duration_seconds.' : ''}`,
        buckets: DURATION_BUCKETS.slice(2),
        labelNames: LABELS,
        labelsOf: withoutDryRun,
      }),
  );
  const sizes = new SeriesHistogram<RequestKind>(registry, {
    name: 'apiserver_response_sizes',
    help: '[STABLE] Size of answers in bytes, by what was asked.',
    buckets: SIZE_BUCKETS,
    labelNames: LABELS,
    labelsOf: withoutDryRun,
  });
  const sameLabels = withoutDryRuns();
  return {
    observe(kind: RequestKind, seconds: number, responseBytes: number): void {
      durations.of(kind).observe(seconds);
      sizes.of(sameLabels(kind)).observe(responseBytes);
      if (kind.verb === 'WATCH' || kind.dryRun !== '') return;
      sli?.of(kind).observe(seconds);
      slo?.of(kind).observe(seconds);
    },
  };
}

/** For families without that label: one kind for all that differ in nothing else, so that no series is there twice. */
function withoutDryRuns(): (kind: RequestKind) => RequestKind {
  const known = new Map<RequestKind, RequestKind>();
  const byLabels = new Map<string, RequestKind>();
  return (kind) => {
    const same = known.get(kind);
    if (same) return same;
    const labels = Object.values(withoutDryRun(kind)).join(' ');
    const first = byLabels.get(labels) ?? kind;
    byLabels.set(labels, first);
    known.set(kind, first);
    return first;
  };
}

function withDryRun(kind: RequestKind): Record<string, string> {
  return { ...withoutDryRun(kind), dry_run: kind.dryRun };
}

function withoutDryRun(kind: RequestKind): Record<string, string> {
  const { verb, group, version, resource, subresource, scope, component } = kind;
  return { verb, group, version, resource, subresource, scope, component };
}

/** Requests whose end was not that of their handler. */
function endCounters(registry: Registry) {
  const registers = [registry];
  const terminations = new Counter({
    name: 'apiserver_request_terminations_total',
    help: '[ALPHA] Requests that this server ended to protect itself: too late (504), or too many (429).',
    labelNames: [...LABELS, 'code'],
    registers,
  });
  const aborts = new Counter({
    name: 'apiserver_request_aborts_total',
    help: '[ALPHA] Answers that were cut off after they had begun, mostly because their time was over.',
    labelNames: LABELS.filter((label) => label !== 'component'),
    registers,
  });
  const lateEnds = new Counter({
    name: 'apiserver_request_post_timeout_total',
    help: '[ALPHA] Handlers that came to their end after their request had been answered with 504.',
    labelNames: ['source', 'status'],
    registers,
  });
  return { terminations, aborts, lateEnds };
}

function inFlightGauge(registry: Registry, inFlight: () => InFlight): void {
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: '[STABLE] The most requests that were answered at the same time within the last second, by kind.',
    labelNames: ['request_kind'],
    registers: [registry],
    collect() {
      const { readOnly, mutating } = inFlight();
      this.set({ request_kind: 'readOnly' }, readOnly);
      this.set({ request_kind: 'mutating' }, mutating);
    },
  });
}

/** Zero for ever, which is the truth: alerts that watch for rejections find a series that never rises. */
function auditCounters(registry: Registry): void {
  new Counter({
    name: 'apiserver_audit_event_total',
    help: '[ALPHA] Audit events; none, as this server writes no audit log.',
    registers: [registry],
  });
  new Counter({
    name: 'apiserver_audit_requests_rejected_total',
    help: '[ALPHA] Requests refused because they could not be audited; none, as this server writes no audit log.',
    registers: [registry],
  });
}

/** Counts connections whose TLS handshake failed, under upstream's name. Once for a registry. */
export function handshakeErrorCounter(registry: Registry): () => void {
  const errors = new Counter({
    name: 'apiserver_tls_handshake_errors_total',
    help: '[ALPHA] Connections that ended in their TLS handshake.',
    registers: [registry],
  });
  return () => {
    errors.inc();
  };
}

/** Counts lists that memory-guard.ts refused. Once for a registry. */
export function refusedListCounter(registry: Registry): () => void {
  const lists = new Counter({
    name: 'metrics_server_memory_refused_lists_total',
    help: 'Big lists that were answered 503 because the memory limit of the container was near.',
    registers: [registry],
  });
  return () => {
    lists.inc();
  };
}
