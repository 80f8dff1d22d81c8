import {
  believableStartMs,
  CLOSEST_PAIR_MS,
  isFresh,
  type Lapse,
  presenceOf,
  type Point,
  type Presence,
  type Verdict,
  verdictOn,
  wasTooYoung,
} from './retention.ts';
import { clampedNanoCores, cpuNanosBetween, elapsedSinceStartMs, plainNanoCores } from './rate.ts';
import type { KubeletSource, NodeBlock } from '../model/node-block.ts';

/**
 * The points of one node, a row each: row 0 is the node itself, the others are its running containers.
 *
 * One Float64Array per node, eleven numbers a row: an array per column would cost a node eleven headers
 * of 200 bytes, which is more than a small node's figures.
 */
export type PointRows = Float64Array;

export const NODE_ROW = 0;
const ROW = 11;

const START = 0;
const TIME = 1;
const CPU_SECONDS = 2;
const CPU_NANOS = 3;
const MEMORY = 4;
const RATE = 5;
/** When the last point first arrived, on our monotonic clock. */
const ARRIVED = 6;
const PREVIOUS_TIME = 7;
const PREVIOUS_CPU_SECONDS = 8;
const PREVIOUS_CPU_NANOS = 9;
const STATE = 10;

/** The answer in hand says that it runs, and not what it uses. */
const SILENT = 1;
/** The point before was older than the last by more than a minute. */
const WAS_OLDER = 2;
/** The counter of the last point fell within one life, so that its start says nothing of it. */
const FELL = 4;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One container or node of an answer, taken out of the block's columns. Reused: it lives for one row. */
export interface Reading extends Writable<Point> {
  memoryBytes: number;
  rateNanoCores: number;
}

export function blankReading(): Reading {
  return {
    startMs: Number.NaN,
    timeMs: Number.NaN,
    cpuSeconds: Number.NaN,
    cpuNanos: Number.NaN,
    memoryBytes: Number.NaN,
    rateNanoCores: Number.NaN,
  };
}

export function pointRows(rows: number): PointRows {
  return new Float64Array(rows * ROW);
}

export function rowCapacity(rows: PointRows): number {
  return rows.length / ROW;
}

/** Copies the first rows of `from` over all of `to`. */
export function copyRows(from: PointRows, to: PointRows): void {
  for (let cell = 0; cell < to.length; cell++) to[cell] = cellOf(from, cell);
}

export function readContainer(block: NodeBlock, row: number, into: Reading): Presence {
  into.timeMs = cellOf(block.timeMs, row);
  into.startMs = believableStartMs(cellOf(block.startMs, row), into.timeMs);
  into.cpuSeconds = cellOf(block.cpuSeconds, row);
  into.cpuNanos = cellOf(block.cpuNanos, row);
  into.memoryBytes = cellOf(block.memoryBytes, row);
  into.rateNanoCores = cellOf(block.rateNanoCores, row);
  return presenceOf(into.timeMs, into.cpuSeconds, into.cpuNanos, into.memoryBytes);
}

/** The node's own reading; undefined when the answer says nothing at all of the node. */
export function readNode(block: NodeBlock, into: Reading): Presence | undefined {
  if (Number.isNaN(block.nodeCpuSeconds) && Number.isNaN(block.nodeMemoryBytes)) return undefined;
  into.timeMs = block.nodeTimeMs;
  into.startMs = believableStartMs(block.nodeStartMs, block.nodeTimeMs);
  into.cpuSeconds = block.nodeCpuSeconds;
  into.cpuNanos = block.nodeCpuNanos;
  into.memoryBytes = block.nodeMemoryBytes;
  into.rateNanoCores = block.nodeRateNanoCores;
  // A node is never idle to the nanosecond: a counter of 0 could not be measured (as upstream).
  if (into.cpuSeconds === 0 && into.cpuNanos === 0) return 'silent';
  return presenceOf(into.timeMs, into.cpuSeconds, into.cpuNanos, into.memoryBytes);
}

/** Writes a row without any point. */
export function clearRow(rows: PointRows, row: number): void {
  const at = row * ROW;
  rows.fill(Number.NaN, at, at + ROW);
  rows[at + STATE] = 0;
}

export function copyRow(from: PointRows, fromRow: number, to: PointRows, toRow: number): void {
  const source = fromRow * ROW;
  const target = toRow * ROW;
  for (let cell = 0; cell < ROW; cell++) to[target + cell] = cellOf(from, source + cell);
}

/** Marks a row whose container runs without figures; its points stay for the figures to come. */
export function silence(rows: PointRows, row: number): void {
  rows[row * ROW + STATE] = stateOf(rows, row) | SILENT;
}

/** One answer on its way into the rows, with the row's objects to work with. */
export interface Arrival extends Writable<Lapse> {
  arrivedAtMs: number;
  readonly resolutionMs: number;
  readonly reading: Reading;
  readonly last: Reading;
}

/**
 * Lets the reading take its place in a row that holds the points stored before it, as the verdict says,
 * which is returned.
 */
export function replaceLast(rows: PointRows, row: number, arrival: Arrival): Verdict {
  const { reading, last } = arrival;
  const at = row * ROW;
  last.startMs = cellOf(rows, at + START);
  last.timeMs = cellOf(rows, at + TIME);
  last.cpuSeconds = cellOf(rows, at + CPU_SECONDS);
  last.cpuNanos = cellOf(rows, at + CPU_NANOS);
  const state = stateOf(rows, row);
  arrival.wasOlder = (state & WAS_OLDER) !== 0;
  arrival.elapsedMs = arrival.arrivedAtMs - arrivedAt(rows, row);
  const verdict = verdictOn(reading, last, arrival);
  if (verdict === 'repeated' || verdict === 'older') {
    rows[at + STATE] = (state & FELL) | (verdict === 'older' ? WAS_OLDER : 0);
    return verdict;
  }
  rows[at + STATE] = verdict === 'fell' ? FELL : 0;
  const startCounts = countsStart(verdict, last, state);
  replacePrevious(rows, row, { verdict, startCounts }, arrival);
  rows[at + START] = reading.startMs;
  rows[at + TIME] = reading.timeMs;
  rows[at + CPU_SECONDS] = reading.cpuSeconds;
  rows[at + CPU_NANOS] = reading.cpuNanos;
  rows[at + MEMORY] = reading.memoryBytes;
  rows[at + RATE] = reading.rateNanoCores;
  rows[at + ARRIVED] = arrival.arrivedAtMs;
  return verdict;
}

/** Whether the start can be the previous point: of a new life, or of one that was too young when seen first. */
function countsStart(verdict: Verdict, { startMs, timeMs }: Reading, state: number): boolean {
  if (verdict === 'first' || verdict === 'restarted') return true;
  return verdict === 'close' && (state & FELL) === 0 && wasTooYoung(startMs, timeMs);
}

/**
 * Writes the previous point that goes with a new last one, while the old last one is still in its place.
 * Two close points wait as a pair without a rate where there is no earlier one to keep, not even the start.
 * Of a node, upstream never counts the start.
 */
function replacePrevious(
  rows: PointRows,
  row: number,
  { verdict, startCounts }: { readonly verdict: Verdict; readonly startCounts: boolean },
  { reading, resolutionMs }: Arrival,
): void {
  if (verdict === 'close' && hasPrevious(rows, row)) return;
  const at = row * ROW;
  const fresh =
    startCounts && row !== NODE_ROW && isFresh(reading.startMs, reading.timeMs, resolutionMs);
  if (verdict === 'next' || (verdict === 'close' && !fresh)) {
    rows.copyWithin(at + PREVIOUS_TIME, at + TIME, at + CPU_NANOS + 1);
    return;
  }
  rows[at + PREVIOUS_TIME] = fresh ? reading.startMs : Number.NaN;
  rows[at + PREVIOUS_CPU_SECONDS] = 0;
  rows[at + PREVIOUS_CPU_NANOS] = 0;
}

/** True when the answer gave figures, and two points are far enough apart. */
export function hasRate(rows: PointRows, row: number): boolean {
  return !isSilent(rows, row) && betweenPoints(rows, row) >= CLOSEST_PAIR_MS;
}

export function isSilent(rows: PointRows, row: number): boolean {
  return (stateOf(rows, row) & SILENT) !== 0;
}

function hasPrevious(rows: PointRows, row: number): boolean {
  return !Number.isNaN(cellOf(rows, row * ROW + PREVIOUS_TIME));
}

/** Window of the rate, ms, exact to the nanosecond; NaN where there are not two points. */
export function windowOf(rows: PointRows, row: number, source: KubeletSource): number {
  const at = row * ROW;
  const from = cellOf(rows, at + PREVIOUS_TIME);
  const isStart = source === 'resource' && from === cellOf(rows, at + START);
  return isStart ? elapsedSinceStartMs(from, cellOf(rows, at + TIME)) : betweenPoints(rows, row);
}

function betweenPoints(rows: PointRows, row: number): number {
  return cellOf(rows, row * ROW + TIME) - cellOf(rows, row * ROW + PREVIOUS_TIME);
}

export function startOf(rows: PointRows, row: number): number {
  return cellOf(rows, row * ROW + START);
}

export function timeOf(rows: PointRows, row: number): number {
  return cellOf(rows, row * ROW + TIME);
}

export function memoryOf(rows: PointRows, row: number): number {
  return cellOf(rows, row * ROW + MEMORY);
}

export function kubeletRateOf(rows: PointRows, row: number): number {
  return cellOf(rows, row * ROW + RATE);
}

export function arrivedAt(rows: PointRows, row: number): number {
  return cellOf(rows, row * ROW + ARRIVED);
}

/** Nanocores between the two points of a row that has a rate. */
export function rateOf(rows: PointRows, row: number, source: KubeletSource): number {
  const at = row * ROW;
  const used = cpuNanosBetween(
    cellOf(rows, at + PREVIOUS_CPU_SECONDS),
    cellOf(rows, at + PREVIOUS_CPU_NANOS),
    cellOf(rows, at + CPU_SECONDS),
    cellOf(rows, at + CPU_NANOS),
  );
  const windowMs = windowOf(rows, row, source);
  return source === 'summary'
    ? clampedNanoCores(used, windowMs, kubeletRateOf(rows, row))
    : plainNanoCores(used, windowMs);
}

function stateOf(rows: PointRows, row: number): number {
  return cellOf(rows, row * ROW + STATE);
}

/** Rows are only asked for where they exist; NaN is what an absent number is everywhere else. */
function cellOf(column: Float64Array, at: number): number {
  return column[at] ?? Number.NaN;
}
