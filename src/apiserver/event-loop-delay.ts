import { createHistogram } from 'node:perf_hooks';

/**
 * How often a timer is watched. Each wakes the process up: the runtime's own monitor, as prom-client sets it, does so
 * a hundred times a second, which costs as much as a fifth of 100 nodes.
 */
const EVERY_MS = 1000;
const NANOS_PER_MS = 1_000_000;
const NANOS_PER_SECOND = 1e9;

type Delays = ReturnType<typeof createHistogram>;

/** One figure of all delays since they were told last. */
export interface LoopDelayFigure {
  readonly name: string;
  readonly help: string;
  readonly seconds: number;
}

const FIGURES: readonly {
  readonly name: string;
  readonly what: string;
  readonly read: (delays: Delays) => number;
}[] = [
  { name: 'min', what: 'Shortest', read: ({ min }) => min },
  { name: 'max', what: 'Longest', read: ({ max }) => max },
  { name: 'mean', what: 'Mean', read: ({ mean }) => mean },
  { name: 'stddev', what: 'Standard deviation of the', read: ({ stddev }) => stddev },
  { name: 'p50', what: 'Median', read: (delays) => delays.percentile(50) },
  { name: 'p90', what: '90th percentile of the', read: (delays) => delays.percentile(90) },
  { name: 'p99', what: '99th percentile of the', read: (delays) => delays.percentile(99) },
];

/**
 * How much later than due timers are called, of one a second, from now on. Of what holds the event loop up between two of
 * them nothing is seen; of what lasts longer, at least the rest.
 */
export class EventLoopDelay {
  readonly #delays = createHistogram();

  constructor() {
    let dueMs = performance.now() + EVERY_MS;
    setInterval(() => {
      const nowMs = performance.now();
      this.#delays.record(Math.max(1, Math.round((nowMs - dueMs) * NANOS_PER_MS)));
      dueMs = nowMs + EVERY_MS;
    }, EVERY_MS).unref();
  }

  /** All figures, always the same in the same order; seconds are NaN where no timer has been called since. */
  take(): LoopDelayFigure[] {
    const delays = this.#delays;
    const figures = FIGURES.map(({ name, what, read }) => ({
      name: `nodejs_eventloop_lag_${name}_seconds`,
      help: `${what} delay of the timers that the event loop called since the last scrape, of one a second.`,
      seconds: delays.count === 0 ? Number.NaN : read(delays) / NANOS_PER_SECOND,
    }));
    delays.reset();
    return figures;
  }
}
