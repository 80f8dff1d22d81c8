// Which two points of a counter a server keeps, and the usage between them: docs/design.md 2.1 to 2.2.1 and
// contract.md 11 once more, in BigInt. Written from these alone: nothing of the server's own storage is used.
import type { Reading, Source } from './readings.ts';

/** A reading that counts as a point. */
export interface Point {
  readonly startNs: bigint | undefined;
  readonly timeNs: bigint;
  readonly cpuNanos: bigint;
  readonly nanoCores: bigint | undefined;
  readonly workingSetBytes: bigint;
  /** When it was first sent, by our own clock, ms. */
  readonly sentAtMs: number;
  /** When it was really taken and when the container really started, where somebody knows; ms. */
  readonly truth: Truth | undefined;
}

export interface Truth {
  readonly atMs: number;
  readonly startMs: number;
}

/** The point before: another reading, or the start of the container. */
interface Previous {
  readonly timeNs: bigint;
  readonly cpuNanos: bigint;
  /** When it really was; undefined where nobody knows. */
  readonly atMs: number | undefined;
}

/** What a server can know of a container, or of the node, after an answer. */
export interface State {
  readonly source: Source;
  readonly last: Point | undefined;
  readonly previous: Previous | undefined;
  /** The last answer gave no figures, or only one. */
  readonly silent: boolean;
  /** The answer before had a point older than the last one by more than a minute. */
  readonly wasOlder: boolean;
  /** The counter fell within one life: its start says nothing of it. */
  readonly fell: boolean;
}

/** Served of one container, or of the node. */
export interface Usage {
  readonly nanoCores: bigint;
  readonly workingSetBytes: bigint;
  readonly timeNs: bigint;
  readonly windowNs: bigint;
}

export interface Arrival {
  readonly source: Source;
  readonly sentAtMs: number;
  readonly resolutionMs: number;
  /** Of a node the start never counts as a point. */
  readonly isNode: boolean;
  readonly truth: Truth | undefined;
}

const SECOND = 1_000_000_000n;
const CLOSEST_PAIR = 5n * SECOND;
const YOUNGEST = 10n * SECOND;
const SET_BACK = 60n * SECOND;
const SET_FORWARD = 120n * SECOND;
const KUBELET_WINDOW = 10n * SECOND;
const NANOS_PER_MS = 1_000_000n;

export function blankState(source: Source): State {
  return {
    ...{ source, last: undefined, previous: undefined },
    ...{ silent: false, wasOlder: false, fell: false },
  };
}

/** What becomes of the state with the next answer. Undefined: the container has ended, and is no more part of its pod. */
export function stateAfter(before: State, reading: Reading, arrival: Arrival): State | undefined {
  const state = before.source === arrival.source ? before : blankState(arrival.source);
  const { cpuNanos, workingSetBytes, timeNs } = reading;
  if (cpuNanos === 0n && workingSetBytes === 0n && !arrival.isNode) return undefined;
  const isUnmeasuredNode = arrival.isNode && cpuNanos === 0n;
  if (isUnmeasuredNode || timeNs === undefined || cpuNanos === undefined || !workingSetBytes) {
    return { ...state, silent: true };
  }
  const { startNs, nanoCores } = reading;
  const point: Point = {
    ...{ timeNs, cpuNanos, nanoCores, workingSetBytes },
    // A start after the reading itself is none.
    startNs: startNs !== undefined && startNs <= timeNs ? startNs : undefined,
    sentAtMs: arrival.sentAtMs,
    truth: arrival.truth,
  };
  return withPoint(state, point, arrival);
}

function withPoint(state: State, point: Point, arrival: Arrival): State {
  const { source, last } = state;
  const startingOver = { ...blankState(source), last: point };
  const fresh = arrival.isNode ? undefined : startAsPoint(point, arrival.resolutionMs);
  if (last === undefined) return { ...startingOver, previous: fresh };
  const advanced = point.timeNs - last.timeNs;
  if (advanced <= 0n) return notNewer(state, advanced, startingOver);
  if (isRestarted(last, point)) return { ...startingOver, previous: fresh };
  if (point.cpuNanos < last.cpuNanos) return { ...startingOver, fell: true };
  const elapsed = BigInt(Math.round(point.sentAtMs - last.sentAtMs)) * NANOS_PER_MS;
  if (advanced - elapsed > SET_FORWARD) return startingOver;
  return { ...startingOver, previous: previousOf(state, last, { advanced, fresh }) };
}

/** A point that is not newer replaces none, unless it is older by more than a minute twice: the clock was set back. */
function notNewer(state: State, advanced: bigint, startingOver: State): State {
  const isOlder = advanced < -SET_BACK;
  return isOlder && state.wasOlder ? startingOver : { ...state, silent: false, wasOlder: isOlder };
}

/**
 * What goes with a newer point: the last one, or the one before where the two are too close to be paired, or the start
 * where the last one was too young for that to count.
 */
function previousOf(
  { previous, fell }: State,
  last: Point,
  { advanced, fresh }: { readonly advanced: bigint; readonly fresh: Previous | undefined },
): Previous {
  const paired = { timeNs: last.timeNs, cpuNanos: last.cpuNanos, atMs: last.truth?.atMs };
  if (advanced >= CLOSEST_PAIR) return paired;
  if (previous) return previous;
  const wasTooYoung = !fell && last.startNs !== undefined && last.timeNs - last.startNs < YOUNGEST;
  return (wasTooYoung ? fresh : undefined) ?? paired;
}

function isRestarted(last: Point, point: Point): boolean {
  if (point.startNs === undefined) return false;
  if (point.startNs >= last.timeNs && point.startNs !== last.startNs) return true;
  return (
    point.cpuNanos < last.cpuNanos && last.startNs !== undefined && point.startNs > last.startNs
  );
}

/** The start of a container that is neither too young nor too old for it to count as the point before. */
function startAsPoint(
  { startNs, timeNs, truth }: Point,
  resolutionMs: number,
): Previous | undefined {
  if (startNs === undefined) return undefined;
  const age = timeNs - startNs;
  const counts = age >= YOUNGEST && age < 2n * BigInt(resolutionMs) * NANOS_PER_MS;
  return counts ? { timeNs: startNs, cpuNanos: 0n, atMs: truth?.startMs } : undefined;
}

/** The usage between the two points; undefined while there are not two, or none were told. */
export function usageOf({ source, last, previous, silent }: State): Usage | undefined {
  if (silent || !last || !previous) return undefined;
  const windowNs = last.timeNs - previous.timeNs;
  if (windowNs < CLOSEST_PAIR) return undefined;
  const used = last.cpuNanos - previous.cpuNanos;
  const kubelet = source === 'summary' ? last.nanoCores : undefined;
  const { workingSetBytes, timeNs } = last;
  return { nanoCores: rate(used, windowNs, kubelet), workingSetBytes, timeNs, windowNs };
}

/** The kubelet's own rate, for want of two points; undefined where it is not to be believed. */
export function borrowedUsageOf({ last, silent }: State): Usage | undefined {
  if (silent || !last?.nanoCores || last.startNs === undefined) return undefined;
  if (last.timeNs - last.startNs < YOUNGEST) return undefined;
  const { nanoCores, workingSetBytes, timeNs } = last;
  return { nanoCores, workingSetBytes, timeNs, windowNs: KUBELET_WINDOW };
}

/** The mean between the two points by their true times, in nanocores; undefined where nobody knows these. */
export function trueNanoCores({ last, previous }: State): number | undefined {
  const [fromMs, toMs] = [previous?.atMs, last?.truth?.atMs];
  if (!last || !previous || fromMs === undefined || toMs === undefined) return undefined;
  return (Number(last.cpuNanos - previous.cpuNanos) * 1000) / (toMs - fromMs);
}

/** Whole nanocores, cut off; held between the two bounds that whole seconds leave, where the kubelet has a rate. */
function rate(used: bigint, windowNs: bigint, kubelet: bigint | undefined): bigint {
  if (windowNs % SECOND !== 0n) return rateOfFraction(used, windowNs);
  const seconds = windowNs / SECOND;
  if (kubelet === undefined || kubelet === 0n) return quotient(used, seconds);
  if (kubelet * (seconds + 1n) < used) return quotient(used, seconds + 1n);
  if (kubelet * (seconds - 1n) > used) return quotient(used, seconds - 1n);
  return kubelet;
}

/** On paper; of more than a double holds exactly, as Go's float64 has it. */
function quotient(used: bigint, seconds: bigint): bigint {
  return used < 2n ** 53n ? used / seconds : rateOfFraction(used, seconds * SECOND);
}

/**
 * Go's float64(used) / Duration.Seconds(), cut off (contract.md 11.3). In doubles, since upstream's are: a quotient
 * that is whole on paper can come out as the number below it.
 */
function rateOfFraction(used: bigint, windowNs: bigint): bigint {
  const seconds = Number(windowNs / SECOND) + Number(windowNs % SECOND) / 1e9;
  return BigInt(Math.trunc(Number(used) / seconds));
}
