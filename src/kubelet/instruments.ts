import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

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
  const duration = new Histogram({
    name: 'metrics_server_kubelet_request_duration_seconds',
    help: '[ALPHA] Duration of requests to Kubelet API in seconds',
    labelNames: ['node'],
    buckets: SECONDS,
    registers,
  });
  const total = new Counter({
    name: 'metrics_server_kubelet_request_total',
    help: '[ALPHA] Number of requests sent to Kubelet API',
    labelNames: ['success'],
    registers,
  });
  const lastTime = new Gauge({
    name: 'metrics_server_kubelet_last_request_time_seconds',
    help: '[ALPHA] Time of last request performed to Kubelet API since unix epoch in seconds',
    labelNames: ['node'],
    registers,
  });
  return {
    scraped(node, success, seconds, endedAtMs) {
      duration.observe({ node }, seconds);
      total.inc({ success: String(success) });
      lastTime.set({ node }, Math.floor(endedAtMs / 1000));
    },
    forget(node) {
      duration.remove({ node });
      lastTime.remove({ node });
    },
  };
}
