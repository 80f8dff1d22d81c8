import type { ItemRun } from '../../apiserver/api-group.ts';
import type { Clock } from '../../clock.ts';
import type { PodUsage, Term } from '../../model/usage.ts';
import type { ResourceMetricsInstruments } from './instruments.ts';
import type { PodMetrics, PodRecord } from './objects.ts';

/** So many pods are one run, or nearly twice as many. */
const PODS = 64;
/** Runs that no list has asked for in a whole period are dropped. By then most of their figures have changed anyway. */
const PERIOD_MS = 20_000;

/** Pods in the order of a list. */
export interface PodSequence {
  /** The same array until the pods change. */
  snapshot(): readonly PodRecord[];
}

interface RunParts {
  readonly usage: {
    podUsage(pod: PodRecord): PodUsage | undefined;
    podTerm?(pod: PodRecord): Term | undefined;
  };
  readonly instruments: ResourceMetricsInstruments;
  readonly clock: Clock;
}

type MakeRun = (pods: readonly PodRecord[]) => PodRun;

/**
 * Neighbours in a list. Whether the figures of a pod are still those that they were is read off columns here, without a
 * look at the pod: of a large cluster that lies all over memory.
 */
export class PodRun implements ItemRun<PodMetrics> {
  readonly pods: readonly PodRecord[];
  json: ItemRun<PodMetrics>['json'] = undefined;
  protobuf: ItemRun<PodMetrics>['protobuf'] = undefined;
  readonly #parts: RunParts;
  readonly #sources: (Term['source'] | undefined)[];
  readonly #versions: Float64Array;
  /** What the source calls the figures. */
  readonly #figures: Float64Array;
  /** Monotonic. */
  readonly #untilMs: Float64Array;
  readonly #timestampsMs: Float64Array;
  readonly #revisions: Uint32Array;
  #revision = 0;

  constructor(pods: readonly PodRecord[], parts: RunParts) {
    const { length } = pods;
    this.pods = pods;
    this.#parts = parts;
    this.#sources = new Array<undefined>(length).fill(undefined);
    this.#versions = new Float64Array(length);
    this.#figures = new Float64Array(length);
    this.#untilMs = new Float64Array(length);
    this.#timestampsMs = new Float64Array(length);
    this.#revisions = new Uint32Array(length);
  }

  /** Counts as serving them: their age is observed. */
  revise(): Uint32Array {
    const { clock, instruments } = this.#parts;
    const monotonicMs = clock.monotonicMs();
    const nowMs = clock.nowMs();
    const revisions = this.#revisions;
    for (let place = 0; place < revisions.length; place++) {
      const holds =
        this.#sources[place]?.version === this.#versions[place] &&
        monotonicMs <= (this.#untilMs[place] ?? 0);
      if (!holds) this.#look(place);
      if (revisions[place] === 0) continue;
      instruments.observeFreshness((nowMs - (this.#timestampsMs[place] ?? 0)) / 1000);
    }
    return revisions;
  }

  itemAt(place: number): PodMetrics {
    const pod = this.pods[place];
    const usage = pod && this.#parts.usage.podUsage(pod);
    if (!pod || !usage) throw new Error(`Cannot give an item: none stands at ${place}`);
    return { pod, usage };
  }

  #look(place: number): void {
    const pod = this.pods[place];
    if (!pod) return;
    const term = this.#parts.usage.podTerm?.(pod);
    if (!term) {
      this.#sources[place] = undefined;
      this.#say(place, this.#parts.usage.podUsage(pod)?.timestampMs);
      return;
    }
    const { source, untilMs, revision, timestampMs } = term;
    const isSame = source === this.#sources[place] && revision === this.#figures[place];
    this.#sources[place] = source;
    this.#versions[place] = source.version;
    this.#figures[place] = revision;
    this.#untilMs[place] = untilMs;
    if (!isSame) this.#say(place, revision === 0 ? undefined : timestampMs);
  }

  /** Something new, or, without a timestamp, nothing at all. */
  #say(place: number, timestampMs: number | undefined): void {
    this.#timestampsMs[place] = timestampMs ?? 0;
    this.#revisions[place] = timestampMs === undefined ? 0 : ++this.#revision;
  }
}

/** Keeps the runs of sequences from one list to the next, as long as lists come. */
export class RunCache {
  readonly #kept = new Map<PodSequence, KeptRuns>();
  #willSweep = false;

  runs(sequence: PodSequence, make: MakeRun): readonly PodRun[] {
    let kept = this.#kept.get(sequence);
    if (!kept) this.#kept.set(sequence, (kept = new KeptRuns()));
    kept.isUsed = true;
    this.#sweepLater();
    return kept.runsOf(sequence.snapshot(), make);
  }

  #sweepLater(): void {
    if (this.#willSweep) return;
    this.#willSweep = true;
    setTimeout(() => {
      this.#willSweep = false;
      for (const [sequence, kept] of this.#kept) {
        if (!kept.isUsed) this.#kept.delete(sequence);
        kept.isUsed = false;
      }
      if (this.#kept.size > 0) this.#sweepLater();
    }, PERIOD_MS).unref();
  }
}

class KeptRuns {
  /** Since the last sweep. */
  isUsed = false;
  #pods: readonly PodRecord[] = [];
  #runs: readonly PodRun[] = [];

  runsOf(pods: readonly PodRecord[], make: MakeRun): readonly PodRun[] {
    if (pods === this.#pods) return this.#runs;
    const known = new Map(this.#runs.map((run) => [run.pods[0], run]));
    const runs: PodRun[] = [];
    for (let at = 0; at < pods.length;) {
      const run = stillThere(known.get(pods[at]), pods, at) ?? make(newPods(pods, at, known));
      runs.push(run);
      at += run.pods.length;
    }
    this.#pods = pods;
    this.#runs = runs;
    return runs;
  }
}

/** The run, if its pods stand there as they did. */
function stillThere(
  run: PodRun | undefined,
  pods: readonly PodRecord[],
  at: number,
): PodRun | undefined {
  return run?.pods.every((pod, place) => pod === pods[at + place]) === true ? run : undefined;
}

/** What becomes a run of its own: up to where a known one may begin, if that is near enough. */
function newPods(
  pods: readonly PodRecord[],
  at: number,
  known: ReadonlyMap<PodRecord | undefined, PodRun>,
): readonly PodRecord[] {
  for (let end = at + PODS / 2; end < at + 2 * PODS && end < pods.length; end++) {
    if (known.has(pods[end])) return pods.slice(at, end);
  }
  return pods.slice(at, at + PODS);
}

/** The pods of one list only. */
export function* runsOf(
  pods: Iterable<PodRecord | undefined>,
  make: MakeRun,
): Generator<PodRun | undefined> {
  let some: PodRecord[] = [];
  for (const pod of pods) {
    if (pod) some.push(pod);
    if (some.length < PODS) {
      yield undefined;
      continue;
    }
    yield make(some);
    some = [];
  }
  if (some.length > 0) yield make(some);
}
