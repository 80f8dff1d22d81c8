import type { KubeletSource } from '../model/node-block.ts';
import type { ContainerUsage, NodeUsage, PodUsage } from '../model/usage.ts';
import type { NodeRecord, PodEntry } from './node-record.ts';
import {
  arrivedAt,
  kubeletRateOf,
  memoryOf,
  NODE_ROW,
  type PointRows,
  rateOf,
  timeOf,
  windowOf,
} from './point-rows.ts';
import { KUBELET_WINDOW_MS } from './retention.ts';

/** How the figures of a row are made: from its two points, or from the kubelet's own rate. */
type Origin = 'rate' | 'bootstrap';

/** Usage of the node, which stands at `origin`. */
export function nodeUsageOf({ rows, source }: NodeRecord, origin: Origin): NodeUsage {
  return {
    timestampMs: timeOf(rows, NODE_ROW),
    windowMs: windowMsOf(rows, NODE_ROW, origin, source),
    cpuNanoCores: nanoCoresOf(rows, NODE_ROW, origin, source),
    memoryBytes: memoryOf(rows, NODE_ROW),
  };
}

/** Usage of a pod with at least one container, which stands at `origin`. */
export function podUsageOf({ node, firstRow, endRow }: PodEntry, origin: Origin): PodUsage {
  const { rows, source, containerNames } = node;
  // Of the very length: an array that grows begins with room for 17.
  const containers = new Array<ContainerUsage>(endRow - firstRow);
  let earliest = firstRow;
  for (let row = firstRow; row < endRow; row++) {
    if (timeOf(rows, row) < timeOf(rows, earliest)) earliest = row;
    containers[row - firstRow] = {
      name: containerNames[row - 1] ?? '',
      cpuNanoCores: nanoCoresOf(rows, row, origin, source),
      memoryBytes: memoryOf(rows, row),
    };
  }
  return {
    timestampMs: timeOf(rows, earliest),
    windowMs: windowMsOf(rows, earliest, origin, source),
    containers,
  };
}

/** When the oldest of the last points in these rows first arrived, on our monotonic clock. */
export function oldestArrival(rows: PointRows, firstRow: number, endRow: number): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (let row = firstRow; row < endRow; row++) oldest = Math.min(oldest, arrivedAt(rows, row));
  return oldest;
}

/** The time of the oldest of the last points in these rows, by the kubelet's clock. */
export function oldestTime(rows: PointRows, firstRow: number, endRow: number): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (let row = firstRow; row < endRow; row++) oldest = Math.min(oldest, timeOf(rows, row));
  return oldest;
}

function windowMsOf(rows: PointRows, row: number, origin: Origin, source: KubeletSource): number {
  return origin === 'rate' ? windowOf(rows, row, source) : KUBELET_WINDOW_MS;
}

function nanoCoresOf(rows: PointRows, row: number, origin: Origin, source: KubeletSource): number {
  return origin === 'rate' ? rateOf(rows, row, source) : Math.trunc(kubeletRateOf(rows, row));
}
