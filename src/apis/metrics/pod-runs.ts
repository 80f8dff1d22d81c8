import type { ItemRun } from '../../apiserver/api-group.ts';
import type { Clock } from '../../clock.ts';
import type { PodUsage, Term } from '../../model/usage.ts';
import type { ResourceMetricsInstruments } from './instruments.ts';
import type { PodMetrics, PodRecord } from './objects.ts';

/** So many pods are one run, or nearly twice as many. */
const PODS = 64;
/** Runs that no list has asked for in a whole period are dropped. By then most of their figures have changed anyway. */
const PERIOD_MS = 20_000;
/**
 * Pods that selectors have picked and whose runs are kept, all selectors together: clients ask for what they like, and a pod
 * of one or two containers takes 700 bytes in each.
 */
const MOST_PICKED = 32_768;

/** Pods in the order of a list. */
export interface PodSequence {
  /** The same array until the pods change. */
  snapshot(): readonly PodRecord[];
}

interface RunParts {
  readonly usage: {
    podUsage(pod: PodRecord): PodUsage | undefined;
    podTerm?(pod: PodRecord): Term | undefined;
    readonly changes?: number;
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
  /** Of all sources, when the places were looked at last. */
  #changes = Number.NaN;
  /** Until when what was found there holds, if no source changes; monotonic. */
  #allUntilMs = Number.NEGATIVE_INFINITY;

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
    this.#lookAround(monotonicMs);
    const revisions = this.#revisions;
    for (let place = 0; place < revisions.length; place++) {
      if (revisions[place] === 0) continue;
      instruments.observeFreshness((nowMs - (this.#timestampsMs[place] ?? 0)) / 1000);
    }
    return revisions;
  }

  itemAt(place: number): PodMetrics | undefined {
    const pod = this.pods[place];
    const usage = pod && this.#parts.usage.podUsage(pod);
    return usage && { pod, usage };
  }

  /** Looks at the places that may have something new to say. */
  #lookAround(monotonicMs: number): void {
    const { changes = Number.NaN } = this.#parts.usage;
    if (changes === this.#changes && monotonicMs <= this.#allUntilMs) return;
    this.#changes = changes;
    this.#allUntilMs = Number.POSITIVE_INFINITY;
    for (let place = 0; place < this.#revisions.length; place++) {
      const holds =
        this.#sources[place]?.version === this.#versions[place] &&
        monotonicMs <= (this.#untilMs[place] ?? 0);
      if (!holds) this.#look(place);
      // Of what has no source nobody says when it changes.
      const untilMs = this.#sources[place] ? (this.#untilMs[place] ?? 0) : Number.NEGATIVE_INFINITY;
      if (untilMs < this.#allUntilMs) this.#allUntilMs = untilMs;
    }
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

/** Pods that were picked one by one. */
export interface PickedPods {
  /** Equal for equal questions. */
  readonly question: string;
  /** Another number whenever the answer may be another one; undefined: nobody knows, or the answer shall not be kept. */
  readonly version: number | undefined;
  /** Undefined where nothing was found for a while. */
  pods(): Iterable<PodRecord | undefined>;
}

/** Keeps the runs of sequences and of picked pods from one list to the next, as long as lists come. */
export class RunCache {
  readonly #kept = new Map<PodSequence, KeptRuns>();
  readonly #picked = new Map<string, KeptRuns>();
  #willSweep = false;

  runs(sequence: PodSequence, make: MakeRun): readonly PodRun[] {
    let kept = this.#kept.get(sequence);
    if (!kept) this.#kept.set(sequence, (kept = new KeptRuns()));
    kept.isUsed = true;
    this.#sweepLater();
    return kept.runsOf(sequence.snapshot(), make);
  }

  /** Of pods that were picked before, where picking would give the same. */
  known({ question, version }: PickedPods): readonly PodRun[] | undefined {
    const kept = this.#picked.get(question);
    if (kept === undefined || version === undefined || kept.version !== version) return undefined;
    kept.isUsed = true;
    return kept.runs;
  }

  /** Picks them. Where there are too many to keep, each run lives as long as somebody reads it. */
  *pick(picked: PickedPods, make: MakeRun): Generator<PodRun | undefined> {
    const { question, version } = picked;
    const known = this.#picked.get(question);
    const pods: PodRecord[] = [];
    for (const pod of picked.pods()) {
      if (pod) pods.push(pod);
      yield undefined;
    }
    this.#picked.delete(question);
    if (version === undefined || Math.max(pods.length, PODS) > this.#room) {
      yield* runsOf(pods, make);
      return;
    }
    const kept = known ?? new KeptRuns();
    kept.isUsed = true;
    kept.version = version;
    this.#picked.set(question, kept);
    this.#sweepLater();
    yield* kept.runsOf(pods, make);
  }

  /** Of pods. An answer without any takes room as well. */
  get #room(): number {
    let room = MOST_PICKED;
    for (const { size } of this.#picked.values()) room -= Math.max(size, PODS);
    return room;
  }

  #sweepLater(): void {
    if (this.#willSweep) return;
    this.#willSweep = true;
    setTimeout(() => {
      this.#willSweep = false;
      sweep(this.#kept);
      sweep(this.#picked);
      if (this.#kept.size + this.#picked.size > 0) this.#sweepLater();
    }, PERIOD_MS).unref();
  }
}

function sweep<Key>(all: Map<Key, KeptRuns>): void {
  for (const [key, kept] of all) {
    if (!kept.isUsed) all.delete(key);
    kept.isUsed = false;
  }
}

class KeptRuns {
  /** Since the last sweep. */
  isUsed = false;
  /** Of picked pods. */
  version: number | undefined = undefined;
  #pods: readonly PodRecord[] = [];
  #runs: readonly PodRun[] = [];

  get runs(): readonly PodRun[] {
    return this.#runs;
  }

  /** In pods. */
  get size(): number {
    return this.#pods.length;
  }

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
