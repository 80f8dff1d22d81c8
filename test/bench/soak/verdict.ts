import { median } from '../statistics.ts';

/** What is seen of the server every few seconds. */
export interface Sight {
  /** Since the start of the soak. */
  readonly atMs: number;
  readonly residentMb: number;
  readonly anonymousMb: number;
  /** What V8 holds for its heap, in use or not, and what it knows to hang on it outside. */
  readonly heapMb: number;
  readonly externalMb: number;
  /** Sockets included. */
  readonly openFiles: number;
  /** Lines of its self-metrics: each is a series or a part of one. */
  readonly metricLines: number;
  /** Longest delay of its event loop since it was asked last. */
  readonly loopDelayMs: number;
}

/** Seen at one moment, after a garbage collection. */
export interface HeapSight {
  readonly usedMb: number;
  readonly backingMb: number;
}

export interface Row {
  readonly what: string;
  readonly middle: number;
  readonly end: number;
  /** The share by which the end may be more than the middle, and what it may be more at any rate; undefined: only told. */
  readonly bound: { readonly share: number; readonly absolute: number } | undefined;
  readonly isKept: boolean;
}

export interface Seen {
  readonly sights: readonly Sight[];
  readonly durationMs: number;
  readonly heapMiddle: HeapSight;
  readonly heapEnd: HeapSight;
}

/** Shares of the whole duration: of 20 minutes the middle are the minutes 9 to 11, the end the last two. */
const MIDDLE = [0.45, 0.55] as const;
const END = [0.9, 1] as const;

/** Medians of the middle against those of the end. */
export function compareEnds({ sights, durationMs, heapMiddle, heapEnd }: Seen): Row[] {
  const within = ([from, to]: readonly [number, number]): readonly Sight[] =>
    sights.filter(({ atMs }) => atMs >= from * durationMs && atMs <= to * durationMs);
  const [middle, end] = [within(MIDDLE), within(END)];
  const row = (
    what: string,
    of: (sight: Sight) => number,
    share: number | undefined,
    absolute = 0,
  ): Row => judged(what, median(middle.map(of)), median(end.map(of)), share, absolute);
  return [
    row('resident, MB', ({ residentMb }) => residentMb, 0.05),
    row('anonymous, MB', ({ anonymousMb }) => anonymousMb, undefined),
    row('heap, in use or not, MB', ({ heapMb }) => heapMb, undefined),
    row('external, MB', ({ externalMb }) => externalMb, undefined),
    judged('live heap after a collection, MB', heapMiddle.usedMb, heapEnd.usedMb, 0.05, 2),
    judged('live array buffers, MB', heapMiddle.backingMb, heapEnd.backingMb, 0.1, 4),
    row('open files and sockets', ({ openFiles }) => openFiles, 0.05, 15),
    row('lines of self-metrics', ({ metricLines }) => metricLines, 0.05, 20),
    row(
      'event-loop delay, longest of one a second in 5 s, ms',
      ({ loopDelayMs }) => loopDelayMs,
      undefined,
    ),
  ];
}

function judged(
  what: string,
  middle: number,
  end: number,
  share: number | undefined,
  absolute: number,
): Row {
  if (share === undefined) return { what, middle, end, bound: undefined, isKept: true };
  const isKept = end <= middle * (1 + share) + absolute;
  return { what, middle, end, bound: { share, absolute }, isKept };
}
