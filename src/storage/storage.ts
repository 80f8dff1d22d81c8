import type { Clock } from '../clock.ts';
import type { NodeBlock } from '../model/node-block.ts';
import type { NodeUsage, PodUsage, Term, Usable } from '../model/usage.ts';
import { nodeUsageOf, oldestArrival, oldestTime, podUsageOf } from './figures.ts';
import type { PointCounts, StorageInstruments } from './instruments.ts';
import { NodeRecord, PodEntry } from './node-record.ts';
import { NodeUpdate } from './node-update.ts';
import { PodIndex } from './pod-index.ts';
import { NODE_ROW, startOf, timeOf } from './point-rows.ts';
import { isStale, judgedAtMs } from './retention.ts';

export interface StorageOptions {
  readonly config: {
    readonly resolutionMs: number;
    /** How long figures outlive missed scrapes. */
    readonly stalenessMs: number;
    /** Whether the kubelet's own rate stands in until a second point exists. */
    readonly bootstrapFromKubeletRate: boolean;
  };
  readonly clock: Clock;
  readonly instruments: StorageInstruments;
}

/** What identifies a pod of the API. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The uid that the kubelet uses for a static pod; '' for any other. */
  readonly mirrorUid: string;
  /** Where the storage found it. Whoever keeps the same object for a pod spares the search by names. */
  place?: unknown;
}

/**
 * The last two points of every node and container, as columns per node, and what can be served of them.
 * It judges by the rules of retention.ts; ages are of the monotonic clock, so that nobody's wall clock counts.
 */
export class Storage {
  /** How often anything has changed that is said of pods, except by time; counted by the nodes' records. */
  changes = 0;
  readonly #config: StorageOptions['config'];
  readonly #clock: Clock;
  readonly #index = new PodIndex();
  readonly #nodes = new Map<string, NodeRecord>();
  readonly #update: NodeUpdate;

  constructor({ config, clock, instruments }: StorageOptions) {
    this.#config = config;
    this.#clock = clock;
    this.#update = new NodeUpdate({ ...config, index: this.#index });
    instruments.readPointsFrom(() => this.pointCounts());
  }

  /**
   * Takes in what a kubelet answered just now. What a successful answer lacks does not exist: it is gone at
   * once. Copies what it keeps; the block may be used again. Says of what there were figures.
   */
  store(nodeName: string, block: NodeBlock): Usable {
    let node = this.#nodes.get(nodeName);
    if (node === undefined) {
      node = new NodeRecord(this);
      this.#nodes.set(nodeName, node);
    }
    return this.#update.apply(node, block, this.#clock.monotonicMs());
  }

  /**
   * A scrape of the node brought nothing. While it is excused, its figures do not age, for five minutes at most; that
   * ends with the next answer, or the next scrape that brought nothing without an excuse.
   */
  missed(nodeName: string, isExcused: boolean): void {
    const node = this.#nodes.get(nodeName);
    if (node === undefined) return;
    if (isExcused) node.excusedAtMs ??= this.#clock.monotonicMs();
    else node.excusedAtMs = undefined;
  }

  /** Forgets a node and its pods. */
  removeNode(nodeName: string): void {
    const node = this.#nodes.get(nodeName);
    if (node === undefined) return;
    for (const entry of node.pods) this.#index.remove(entry);
    this.#nodes.delete(nodeName);
  }

  /** Undefined while there are no figures, and when they are stale. Not kept. */
  nodeUsage(nodeName: string): NodeUsage | undefined {
    const node = this.#nodes.get(nodeName);
    if (node === undefined || !this.#servesNode(node, this.#clock.monotonicMs())) return undefined;
    const { standing } = node;
    return standing === 'rate' || standing === 'bootstrap'
      ? nodeUsageOf(node, standing)
      : node.kept?.usage;
  }

  /** Undefined while there are no complete figures of the pod with this uid, and when they are stale. Not kept. */
  podUsage(pod: PodIdentity): PodUsage | undefined {
    const entry = this.#entryOf(pod);
    if (entry === undefined || !this.#servesPod(entry, this.#clock.monotonicMs())) return undefined;
    const { standing } = entry;
    return standing === 'rate' || standing === 'bootstrap'
      ? podUsageOf(entry, standing)
      : entry.kept?.usage;
  }

  /** Whether nodeUsage has anything to give. Makes nothing, so a count leaves nothing behind. */
  hasNodeUsage(nodeName: string): boolean {
    const node = this.#nodes.get(nodeName);
    return node !== undefined && this.#servesNode(node, this.#clock.monotonicMs());
  }

  /** Whether podUsage has anything to give. */
  hasPodUsage(pod: PodIdentity): boolean {
    const entry = this.#entryOf(pod);
    return entry !== undefined && this.#servesPod(entry, this.#clock.monotonicMs());
  }

  /** What podUsage would give, without making it, and how long that holds. Undefined where nobody knows. */
  podTerm(pod: PodIdentity): Term | undefined {
    const entry = this.#entryOf(pod);
    if (entry?.finder !== pod) return undefined; // another entry of that name may come into its place
    const { kept, node, changedAt, firstRow, endRow } = entry;
    // What is not served now is not served before the next answer.
    if (!this.#servesPod(entry, this.#clock.monotonicMs())) {
      return { source: node, untilMs: Number.POSITIVE_INFINITY, revision: 0, timestampMs: 0 };
    }
    const arrivedAtMs = kept?.arrivedAtMs ?? oldestArrival(node.rows, firstRow, endRow);
    return {
      source: node,
      untilMs: arrivedAtMs + this.#config.stalenessMs,
      revision: changedAt,
      timestampMs: kept?.usage.timestampMs ?? oldestTime(node.rows, firstRow, endRow),
    };
  }

  /** Nodes, and containers of pods, that can be served now. Walks over all pods: for the metrics page. */
  pointCounts(): PointCounts {
    const nowMs = this.#clock.monotonicMs();
    let nodes = 0;
    let containers = 0;
    for (const node of this.#nodes.values()) {
      if (this.#servesNode(node, nowMs)) nodes += 1;
      for (const entry of node.pods) {
        if (this.#servesPod(entry, nowMs)) containers += servedContainers(entry);
      }
    }
    return { node: nodes, container: containers };
  }

  /** Whether any node can be served now. */
  hasNodeFigures(): boolean {
    const nowMs = this.#clock.monotonicMs();
    for (const node of this.#nodes.values()) if (this.#servesNode(node, nowMs)) return true;
    return false;
  }

  /** Whether any pod can be served now. */
  hasPodFigures(): boolean {
    const nowMs = this.#clock.monotonicMs();
    for (const node of this.#nodes.values()) {
      for (const entry of node.pods) if (this.#servesPod(entry, nowMs)) return true;
    }
    return false;
  }

  #servesNode(node: NodeRecord, nowMs: number): boolean {
    if (node.standing === 'none') return false;
    const atMs = judgedAtMs(nowMs, node.excusedAtMs);
    if (node.kept !== undefined) return !this.#isKeptTooLong(node.kept.arrivedAtMs, atMs);
    const arrivedAtMs = oldestArrival(node.rows, NODE_ROW, NODE_ROW + 1);
    return !isStale(atMs - arrivedAtMs, atMs - node.answeredAtMs, this.#config);
  }

  #servesPod({ standing, kept, node, firstRow, endRow }: PodEntry, nowMs: number): boolean {
    if (standing === 'none') return false;
    const atMs = judgedAtMs(nowMs, node.excusedAtMs);
    if (kept !== undefined) return !this.#isKeptTooLong(kept.arrivedAtMs, atMs);
    const arrivedAtMs = oldestArrival(node.rows, firstRow, endRow);
    return !isStale(atMs - arrivedAtMs, atMs - node.answeredAtMs, this.#config);
  }

  #isKeptTooLong(arrivedAtMs: number, nowMs: number): boolean {
    return nowMs - arrivedAtMs > this.#config.stalenessMs;
  }

  /** The entry with the pod's uid; where the source tells none, any of its name. Of several the newest. */
  #entryOf(pod: PodIdentity): PodEntry | undefined {
    const { place } = pod;
    if (place instanceof PodEntry && place.finder === pod && place.node.owner === this)
      return place;
    const first = this.#index.first(pod.namespace, pod.name);
    if (first === undefined || first.next !== undefined) return newestOf(first, pod);
    if (!isOf(first, pod)) return undefined;
    first.foundBy(pod);
    return first;
  }
}

function isOf({ uid }: PodEntry, pod: PodIdentity): boolean {
  return uid === pod.uid || uid === '' || uid === pod.mirrorUid;
}

/** Of those that have one name. */
function newestOf(first: PodEntry | undefined, pod: PodIdentity): PodEntry | undefined {
  let found: PodEntry | undefined;
  for (let entry = first; entry !== undefined; entry = entry.next) {
    if (isOf(entry, pod) && (found === undefined || isNewer(entry, found))) found = entry;
  }
  return found;
}

function servedContainers({ kept, firstRow, endRow }: PodEntry): number {
  return kept === undefined ? endRow - firstRow : kept.usage.containers.length;
}

/**
 * Which of two entries of one pod to believe, when two nodes report it: the one with a uid, then the one
 * with the newest container, then the newest sample. So a pod that moved is not served from where it was.
 */
function isNewer(entry: PodEntry, than: PodEntry): boolean {
  if ((entry.uid === '') !== (than.uid === '')) return than.uid === '';
  const start = newest(entry, startOf);
  const otherStart = newest(than, startOf);
  return start === otherStart ? newest(entry, timeOf) > newest(than, timeOf) : start > otherStart;
}

function newest(
  { node, firstRow, endRow }: PodEntry,
  of: (rows: NodeRecord['rows'], row: number) => number,
): number {
  let newestMs = Number.NEGATIVE_INFINITY;
  for (let row = firstRow; row < endRow; row++) {
    const timeMs = of(node.rows, row);
    if (timeMs > newestMs) newestMs = timeMs;
  }
  return newestMs;
}
