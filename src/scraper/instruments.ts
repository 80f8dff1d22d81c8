import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { BucketCounts } from '../model/bucket-counts.ts';
import { SeriesHistogram } from '../model/instruments.ts';

export interface ScraperInstruments {
  observeRound(seconds: number): void;
  readonly queue: QueueInstruments;
}

/** The queue of nodes that are due (admission.ts), in the words of Kubernetes' own work queues. */
export interface QueueInstruments {
  /** A node is due, again after a failure or not. */
  added(again: boolean): QueuedScrape;
}

export interface QueuedScrape {
  /** Its turn has come. */
  begun(): void;
  /** It is over, or will never begin. */
  ended(): void;
}

/** Registers this room's metrics (as upstream: tick duration of pkg/server, buckets of pkg/utils/monitoring.go). */
export function scraperInstruments(
  registry: Registry,
  resolutionMs: number,
  clock: Clock,
): ScraperInstruments {
  const rounds = new SeriesHistogram<'all'>(registry, {
    name: 'metrics_server_manager_tick_duration_seconds',
    help: '[ALPHA] How long a round took in seconds: from its first scrape to the end of its last.',
    buckets: roundBuckets(resolutionMs / 1000),
  }).of('all');
  return {
    observeRound: (seconds) => {
      rounds.observe(seconds);
    },
    queue: queueInstruments(registry, clock),
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

/** The only queue; upstream's are those of its controllers, which have no counterpart here. */
const LABELS = { name: 'scrapes' };
const labelNames = ['name'];
/** From 10 ns, each ten times the one before, multiplied as Kubernetes' own work queues do, whose bounds are not quite round. */
const QUEUE_SECONDS = Array.from({ length: 9 }).reduce<number[]>(
  (bounds) => [...bounds, (bounds.at(-1) ?? 0) * 10],
  [1e-8],
);

function queueInstruments(registry: Registry, clock: Clock): QueueInstruments {
  const starts = new Starts();
  const counts = { adds: 0, retries: 0, waiting: 0 };
  queueCounters(registry, counts);
  queueGauges(registry, {
    depth: () => counts.waiting,
    ages: () => starts.list().map((startMs) => (clock.monotonicMs() - startMs) / 1000),
  });
  const seconds = (name: string, help: string) =>
    new SeriesHistogram<'scrapes'>(registry, {
      ...{ name, help, buckets: QUEUE_SECONDS, labelNames },
      labelsOf: () => LABELS,
    }).of('scrapes');
  const waits = seconds(
    'workqueue_queue_duration_seconds',
    '[BETA] How long a node that was due waited for its scrape to begin, in seconds.',
  );
  const works = seconds(
    'workqueue_work_duration_seconds',
    '[BETA] How long a scrape took from its beginning until it was stored or given up, in seconds.',
  );
  const queue = { clock, counts, starts, waits, works };
  return {
    added(again) {
      counts.adds += 1;
      if (again) counts.retries += 1;
      return new CountedScrape(queue);
    },
  };
}

interface QueueState {
  readonly clock: Clock;
  readonly counts: QueueCounts;
  readonly starts: Starts;
  readonly waits: BucketCounts;
  readonly works: BucketCounts;
}

class CountedScrape implements QueuedScrape {
  readonly #queue: QueueState;
  readonly #addedMs: number;
  #place: number | undefined;
  #isOver = false;

  constructor(queue: QueueState) {
    this.#queue = queue;
    this.#addedMs = queue.clock.monotonicMs();
    queue.counts.waiting += 1;
  }

  begun(): void {
    const { clock, counts, starts, waits } = this.#queue;
    const nowMs = clock.monotonicMs();
    counts.waiting -= 1;
    this.#place = starts.add(nowMs);
    waits.observe((nowMs - this.#addedMs) / 1000);
  }

  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { clock, counts, starts, works } = this.#queue;
    if (this.#place === undefined) counts.waiting -= 1;
    else works.observe((clock.monotonicMs() - starts.remove(this.#place)) / 1000);
  }
}

/**
 * When each of the scrapes that are under way began. Numbers in places that are used again: a map that fills and empties with
 * each group of nodes makes its table anew all the time, and each table keeps the one after it from being collected,
 * with all that this one held.
 */
class Starts {
  /** NaN in a free place. */
  readonly #ms: number[] = [];
  readonly #free: number[] = [];

  /** Returns its place. */
  add(ms: number): number {
    const place = this.#free.pop() ?? this.#ms.length;
    this.#ms[place] = ms;
    return place;
  }

  /** Returns what was there. */
  remove(place: number): number {
    const ms = this.#ms[place] ?? Number.NaN;
    this.#ms[place] = Number.NaN;
    this.#free.push(place);
    return ms;
  }

  list(): number[] {
    return this.#ms.filter((ms) => !Number.isNaN(ms));
  }
}

interface QueueCounts {
  adds: number;
  retries: number;
  /** Now. */
  waiting: number;
}

/** Taken from plain counts when the page is asked for: the library hashes labels anew each time. */
function queueCounters(registry: Registry, counts: QueueCounts): void {
  const counter = (name: string, help: string, count: 'adds' | 'retries'): void => {
    new Counter({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        this.reset();
        this.inc(LABELS, counts[count]);
      },
    });
  };
  counter('workqueue_adds_total', '[BETA] How often a node was due to be scraped.', 'adds');
  counter(
    'workqueue_retries_total',
    '[BETA] How often a node was due to be scraped again because the last scrape had failed.',
    'retries',
  );
}

interface QueueReadings {
  readonly depth: () => number;
  /** Of the scrapes that are under way, in seconds. */
  readonly ages: () => readonly number[];
}

function queueGauges(registry: Registry, { depth, ages }: QueueReadings): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        this.set(LABELS, value());
      },
    });
  };
  gauge('workqueue_depth', '[BETA] Nodes that are due and wait for their scrape to begin.', depth);
  gauge(
    'workqueue_unfinished_work_seconds',
    '[BETA] How long the scrapes that are under way have taken so far, in seconds and all together.',
    () => ages().reduce((sum, age) => sum + age, 0),
  );
  gauge(
    'workqueue_longest_running_processor_seconds',
    '[BETA] How long the longest of the scrapes that are under way has taken so far, in seconds.',
    () => Math.max(0, ...ages()),
  );
}
