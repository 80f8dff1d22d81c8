import { cpuNanosBetween } from './rate.ts';

// The rules of docs/design.md 2.1 to 2.2.1: which readings are points, which point replaces which, and
// whether what stands in the columns may be served. Pure, so that each can be tried in a table.

/** Points closer than this are not paired: the summary's whole seconds would drown the rate. */
export const CLOSEST_PAIR_MS = 5_000;
/** The youngest container whose start may count as its previous point, or whose kubelet's rate is believed. */
const YOUNGEST_MS = 10_000;
/** A point older by more than this, twice in a row, means that the node's clock was set back. */
const SET_BACK_MS = 60_000;
/**
 * A point whose time went on by so much more than ours did means that the node's clock was set forward: a rate
 * would be spread over time that did not pass. Less is a sample that had been standing still when we saw it first.
 */
const SET_FORWARD_MS = 120_000;
/** How long a sample may stay the same while its kubelet answers. */
const UNCHANGED_MS = 120_000;
/**
 * How long figures of a kubelet that is excused do not age: as long as Kubernetes itself goes on believing in the pods
 * of a node that it cannot hear (tolerationSeconds of not-ready and unreachable, DefaultTolerationSeconds).
 */
const EXCUSED_MS = 300_000;
/** The window of a kubelet's own rate: its sampling period. */
export const KUBELET_WINDOW_MS = 10_000;

/** One reading of a counter: times in ms by the kubelet's clock, NaN where unknown. */
export interface Point {
  readonly startMs: number;
  readonly timeMs: number;
  /** Whole core-seconds. */
  readonly cpuSeconds: number;
  /** The nanoseconds beyond, below 1e9. */
  readonly cpuNanos: number;
}

/**
 * - `finished`: both figures are 0, as of an init container that has ended; it is left out.
 * - `silent`: it runs, and a figure or its time is missing; its pod cannot be summed up.
 * - `measured`: a point. A CPU counter of 0 with memory is an idle container.
 */
export type Presence = 'finished' | 'silent' | 'measured';

export function presenceOf(
  timeMs: number,
  cpuSeconds: number,
  cpuNanos: number,
  memoryBytes: number,
): Presence {
  if (memoryBytes === 0 && cpuSeconds === 0 && cpuNanos === 0) return 'finished';
  const measured = memoryBytes > 0 && cpuSeconds >= 0 && !Number.isNaN(timeMs);
  return measured ? 'measured' : 'silent';
}

/** A start after the reading itself is no start (virtual kubelets; VARIATIONS.md 9). */
export function believableStartMs(startMs: number, timeMs: number): number {
  return startMs <= timeMs ? startMs : Number.NaN;
}

/**
 * What an arrived point is to the stored last one:
 * - `first`: there is none to compare with (never seen, or read from the other source);
 * - `repeated`: not newer, the stored points stay;
 * - `older`: by more than a minute, for the first time; the stored points stay, and it is remembered;
 * - `setBack`: so again; start over with it;
 * - `restarted`: another life of the container; start over with it;
 * - `fell`: the counter fell within one life; start over, and its start time is not to be trusted;
 * - `setForward`: newer by minutes that did not pass here; start over with it, the figures of before are true;
 * - `close`: newer, but too near to be paired with the last; the previous one stays;
 * - `next`: newer; the last becomes the previous.
 */
export type Verdict =
  | 'first'
  | 'repeated'
  | 'older'
  | 'setBack'
  | 'restarted'
  | 'fell'
  | 'setForward'
  | 'close'
  | 'next';

/** What our own clock and memory know of the last point. */
export interface Lapse {
  /** The arrival before this one was `older`. */
  readonly wasOlder: boolean;
  /** Of our monotonic clock, since the last point first arrived. */
  readonly elapsedMs: number;
}

export function verdictOn(arrived: Point, last: Point, lapse: Lapse): Verdict {
  if (Number.isNaN(last.timeMs)) return 'first';
  const advancedMs = arrived.timeMs - last.timeMs;
  if (advancedMs < -SET_BACK_MS) return lapse.wasOlder ? 'setBack' : 'older';
  if (advancedMs <= 0) return 'repeated';
  // A first reading can be of the very second of the start, which is no reason to doubt the second.
  if (arrived.startMs >= last.timeMs && arrived.startMs !== last.startMs) return 'restarted';
  if (counterFell(last, arrived)) {
    return arrived.startMs > last.startMs ? 'restarted' : 'fell';
  }
  if (advancedMs - lapse.elapsedMs > SET_FORWARD_MS) return 'setForward';
  return advancedMs < CLOSEST_PAIR_MS ? 'close' : 'next';
}

function counterFell(last: Point, arrived: Point): boolean {
  return cpuNanosBetween(last.cpuSeconds, last.cpuNanos, arrived.cpuSeconds, arrived.cpuNanos) < 0;
}

/**
 * Whether the start of a container counts as its previous point, with a counter of 0
 * (as upstream: pkg/storage/pod.go, but up to two resolutions, and only where no point was seen).
 */
export function isFresh(startMs: number, timeMs: number, resolutionMs: number): boolean {
  const ageMs = timeMs - startMs;
  return ageMs >= YOUNGEST_MS && ageMs < 2 * resolutionMs;
}

/**
 * Whether the start of a container did not count when this point was its first: it was too young, by no more than a
 * few seconds. A real kubelet's next sample often comes so soon that the two cannot be paired; then the start counts
 * for that one, or there would be no figures for a whole resolution more.
 */
export function wasTooYoung(startMs: number, timeMs: number): boolean {
  return timeMs - startMs < YOUNGEST_MS;
}

/**
 * Whether a kubelet's own rate may be served in place of a rate of ours. A zero may mean "not measured
 * yet", and so may any rate of a container younger than the kubelet's sampling period.
 */
export function isBelievableRate(rateNanoCores: number, startMs: number, timeMs: number): boolean {
  return rateNanoCores > 0 && timeMs - startMs >= YOUNGEST_MS;
}

/**
 * What is served of a node or pod:
 * - `rate`: the rates between its points;
 * - `kept`: its last complete figures, of an earlier answer, while the points do not make new ones;
 * - `bootstrap`: the kubelet's own rates, for want of any other figure;
 * - `none`: nothing.
 */
export type Standing = 'rate' | 'kept' | 'bootstrap' | 'none';

export interface Prospects {
  /** Every running container has a rate. */
  readonly complete: boolean;
  /** The clock was set back: figures of before carry times that have not come yet. */
  readonly startedOver: boolean;
  /** There are complete figures of before, and they are not stale. */
  readonly keepable: boolean;
  /** Every running container has a believable rate of the kubelet's. */
  readonly bootstrappable: boolean;
}

export function standingOf(prospects: Prospects): Standing {
  if (prospects.complete) return 'rate';
  if (prospects.keepable && !prospects.startedOver) return 'kept';
  return prospects.bootstrappable ? 'bootstrap' : 'none';
}

export interface StalenessLimits {
  readonly stalenessMs: number;
  readonly resolutionMs: number;
}

/**
 * Whether a sample is too old to be served. Ages are of our monotonic clock: since its time first
 * arrived, and since its kubelet last answered. As long as the kubelet answers with it, a sample may
 * stay the same for two minutes; once scrapes are missed, it has `stalenessMs`. A kubelet counts as
 * silent after two resolutions, so that a single missed scrape never takes a figure away.
 */
export function isStale(
  sampleAgeMs: number,
  silenceMs: number,
  { stalenessMs, resolutionMs }: StalenessLimits,
): boolean {
  if (sampleAgeMs > Math.max(UNCHANGED_MS, stalenessMs)) return true;
  return sampleAgeMs > stalenessMs && silenceMs > Math.min(stalenessMs, 2 * resolutionMs);
}

/**
 * The moment as of which a node's figures are judged. It stands still from the moment on at which its kubelet was
 * excused, and goes on five minutes behind after as long: so what was stale then stays so. Monotonic ms.
 */
export function judgedAtMs(nowMs: number, excusedAtMs: number | undefined): number {
  return excusedAtMs === undefined ? nowMs : Math.max(excusedAtMs, nowMs - EXCUSED_MS);
}
