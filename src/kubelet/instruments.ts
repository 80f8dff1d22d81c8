import { Counter, Gauge, type Registry } from 'prom-client';
import { SeriesHistogram } from '../model/instruments.ts';

export interface KubeletInstruments {
  /** One scrape of a node has ended, well or not. `endedAtMs` is wall time. */
  scraped(node: string, success: boolean, seconds: number, endedAtMs: number): void;
  /** The node is gone, and so are its series (upstream keeps them for ever). */
  forget(node: string): void;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Registers this room's metrics (as upstream: pkg/scraper/scraper.go). Once for a registry. */
export function kubeletInstruments(registry: Registry): KubeletInstruments {
  const registers = [registry];
  const duration = new SeriesHistogram<string>(registry, {
    name: 'metrics_server_kubelet_request_duration_seconds',
    help: '[ALPHA] How long a scrape of the node took in seconds, failed ones included.',
    buckets: SECONDS,
    labelNames: ['node'],
    labelsOf: (node) => ({ node }),
  });
  // Plain counts, worked out when the page is asked for: the library hashes labels anew each time.
  const counts = { true: 0, false: 0 };
  const lastSeconds = new Map<string, number>();
  new Counter({
    name: 'metrics_server_kubelet_request_total',
    help: '[ALPHA] Scrapes of kubelets, by whether they brought figures.',
    labelNames: ['success'],
    registers,
    collect() {
      this.reset();
      for (const success of ['true', 'false'] as const) {
        if (counts[success] > 0) this.inc({ success }, counts[success]);
      }
    },
  });
  new Gauge({
    name: 'metrics_server_kubelet_last_request_time_seconds',
    help: '[ALPHA] When the last scrape of the node ended, in seconds since 1970.',
    labelNames: ['node'],
    registers,
    collect() {
      this.reset();
      for (const [node, seconds] of lastSeconds) this.set({ node }, seconds);
    },
  });
  return {
    scraped(node, success, seconds, endedAtMs) {
      duration.of(node).observe(seconds);
      counts[success ? 'true' : 'false'] += 1;
      lastSeconds.set(node, Math.floor(endedAtMs / 1000));
    },
    forget(node) {
      duration.forget(node);
      lastSeconds.delete(node);
    },
  };
}
