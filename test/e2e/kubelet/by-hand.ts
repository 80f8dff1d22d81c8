// What a metrics server may say of the samples that a kubelet gave, worked out from the design alone: nothing of
// the server's own code is used.

/** What asks: the two sources differ in how exact their times are. */
export type Source = 'summary' | 'resource';

/** What a kubelet says of a container, or of the node, at one moment. */
export interface Sample {
  /** Since the epoch; NaN where it says nothing. */
  readonly startMs: number;
  readonly timeMs: number;
  /** Since the start. */
  readonly cpuNanos: number;
  /** By the kubelet's own reckoning, of about the last 10 s; NaN where it says nothing. */
  readonly nanoCores: number;
  readonly workingSetBytes: number;
}

/** What a metrics server says of a container, or of the node. */
export interface Figure {
  readonly nanoCores: number;
  readonly memoryBytes: number;
}

/** Of which samples a figure comes. */
export interface Origin {
  /** The sample whose time and memory are served. */
  readonly timeMs: number;
  readonly windowMs: number;
}

/** Nearer ones are not paired. */
const CLOSEST_PAIR_MS = 5_000;
/** Of the kubelet's own rate. */
const KUBELET_WINDOW_MS = 10_000;
/** A figure is cut to whole nanocores, a number in text form to the nearest double. */
const CUT_NANO_CORES = 1.5;

/**
 * Every way in which a figure can have come from these samples of one container: its memory is that of one sample, its
 * CPU the rate since an earlier one or since the start, or the kubelet's own. None: the figure is wrong.
 */
export function originsOf(figure: Figure, samples: readonly Sample[], source: Source): Origin[] {
  return samples
    .filter(({ workingSetBytes }) => workingSetBytes === figure.memoryBytes)
    .flatMap((last) => {
      const { startMs, timeMs } = last;
      const before = [...samples, { timeMs: startMs, cpuNanos: 0 }].filter(
        (each) => timeMs - each.timeMs >= CLOSEST_PAIR_MS && each.cpuNanos <= last.cpuNanos,
      );
      const paired = before
        .filter((each) => isSame(rateByHand(each, last, source), figure.nanoCores))
        .map((each) => ({ timeMs, windowMs: timeMs - each.timeMs }));
      const borrowed = source === 'summary' && isSame(last.nanoCores, figure.nanoCores);
      return borrowed ? [...paired, { timeMs, windowMs: KUBELET_WINDOW_MS }] : paired;
    });
}

/**
 * The rate in nanocores. Times of the summary are cut to whole seconds, so that the true rate is only known to lie
 * between two bounds: within these the kubelet's own is better than ours.
 */
export function rateByHand(
  from: Pick<Sample, 'timeMs' | 'cpuNanos'>,
  to: Sample,
  source: Source,
): number {
  const used = to.cpuNanos - from.cpuNanos;
  const seconds = (to.timeMs - from.timeMs) / 1000;
  if (source === 'resource' || !(to.nanoCores > 0)) return used / seconds;
  return Math.min(Math.max(to.nanoCores, used / (seconds + 1)), used / (seconds - 1));
}

function isSame(byHand: number, served: number): boolean {
  return Math.abs(byHand - served) <= CUT_NANO_CORES;
}

/** The one in the middle, or between the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [below = Number.NaN, above = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? above : (below + above) / 2;
}
