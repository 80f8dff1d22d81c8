import { Gauge, type Registry } from 'prom-client';

/** Entities for which figures can be served. */
export interface PointCounts {
  readonly node: number;
  readonly container: number;
}

export interface StorageInstruments {
  /** Names where the counts are read from, whenever the metrics are collected. */
  readPointsFrom(counts: () => PointCounts): void;
}

/** Registers this room's metrics (as upstream: pkg/storage/monitoring.go). */
export function storageInstruments(registry: Registry): StorageInstruments {
  let read: () => PointCounts = () => ({ node: 0, container: 0 });
  new Gauge({
    name: 'metrics_server_storage_points',
    help: '[ALPHA] Entities for which figures can be served, by type: node or container.',
    labelNames: ['type'],
    registers: [registry],
    collect() {
      const { node, container } = read();
      this.set({ type: 'node' }, node);
      this.set({ type: 'container' }, container);
    },
  });
  return {
    readPointsFrom(counts) {
      read = counts;
    },
  };
}
