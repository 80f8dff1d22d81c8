import type { Clock } from '../clock.ts';
import type { Admission, Place } from './admission.ts';
import type { BlockPool } from './block-pool.ts';
import { isExcusable } from './excuse.ts';
import type { Failures } from './failures.ts';
import type { QueueInstruments, QueuedScrape } from './instruments.ts';
import type { BlockStore, KubeletReader, Reviewer, ScrapeNode } from './ports.ts';
import type { Rounds } from './rounds.ts';
import { backoffMs, type PhasePlan, secondScrapeDelayMs } from './schedule.ts';
import { Scrape } from './scrape.ts';
import type { UnderWay } from './under-way.ts';

/** Readiness does not wait longer for a kubelet's first answer. */
const REACHABLE_MS = 2_000;
/** A node that changes all the time is not asked more often than this. */
const NEAREST_RETRY_MS = 1_000;

/** What the loops of all nodes share. */
export interface Surroundings {
  readonly kubelet: KubeletReader;
  readonly storage: BlockStore;
  readonly reviewer: Reviewer;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly blocks: BlockPool;
  readonly phases: PhasePlan;
  readonly rounds: Rounds;
  readonly failures: Failures;
  readonly queue: QueueInstruments;
  /** The scrapes that have begun and not ended. */
  readonly running: UnderWay;
  readonly resolutionMs: number;
  readonly requestTimeoutMs: number;
}

/** The schedule of one node: its timer, its scrape, its deadline. It knows no other node. */
export class NodeLoop {
  readonly #house: Surroundings;
  readonly #phase: number;
  #node: ScrapeNode;
  #timer: NodeJS.Timeout | undefined;
  #place: Place | undefined;
  #queued: QueuedScrape | undefined;
  #scrape: Scrape | undefined;
  #endedMs = Number.NEGATIVE_INFINITY;
  #answers = 0;
  #isFailing = false;
  /** In a row, since there was no reason any more to expect another. */
  #failures = 0;
  #retryAtOnce = false;
  #closed = false;

  constructor(node: ScrapeNode, house: Surroundings) {
    this.#node = node;
    this.#house = house;
    this.#phase = house.phases.join();
    this.#enqueue();
  }

  /** Whether the node answered in its first scrape, or shows no sign of doing so. */
  get isSettled(): boolean {
    if (this.#answers > 0 || this.#isFailing) return true;
    if (this.#scrape === undefined) return false;
    return this.#house.clock.monotonicMs() - this.#scrape.startedMs >= REACHABLE_MS;
  }

  get hasAnswered(): boolean {
    return this.#answers > 0;
  }

  /**
   * Takes the node as it is now. What may have mended a failing one brings its next scrape forward; a
   * request to an address that is no longer the node's is given up.
   */
  update(node: ScrapeNode): void {
    const moved = !hasSameEndpoint(this.#node, node);
    const becameReady = node.ready && !this.#node.ready;
    this.#node = node;
    if (moved && this.#scrape !== undefined) {
      this.#retryAtOnce = true;
      this.#scrape.abort(new DOMException('The node has moved', 'AbortError'));
    } else if (moved || becameReady) {
      this.#bringForward();
    }
  }

  /** What kept it from answering may be over. */
  wake(): void {
    this.#failures = 0;
    this.#bringForward();
  }

  /** Ends it for good; an answer that is still to come is dropped. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#place?.leave();
    if (this.#scrape === undefined) this.#queued?.ended();
    this.#scrape?.abort(new DOMException('The node is no longer scraped', 'AbortError'));
    this.#house.phases.leave(this.#phase);
  }

  /** The next scrape of a failing node, or of one that is just about to fail. */
  #bringForward(): void {
    if (this.#scrape !== undefined) this.#retryAtOnce = true;
    else if (this.#isFailing && this.#timer !== undefined) this.#plan(this.#nearestRetryMs());
  }

  #plan(atMs: number): void {
    clearTimeout(this.#timer);
    const delayMs = Math.max(0, atMs - this.#house.clock.monotonicMs());
    this.#timer = setTimeout(this.#enqueue.bind(this), delayMs); // no closure, as in scrape.ts
  }

  #enqueue(): void {
    this.#timer = undefined;
    const queued = this.#house.queue.added(this.#isFailing);
    this.#queued = queued;
    this.#place = this.#house.admission.enter(() => {
      queued.begun();
      this.#house.running.begin();
      void this.#run().then(() => {
        queued.ended();
        this.#house.running.end();
      });
    });
  }

  /** One scrape, from its request to the plan for the next. Never rejects. */
  async #run(): Promise<void> {
    const { clock, rounds, requestTimeoutMs } = this.#house;
    const startedMs = clock.monotonicMs();
    const round = rounds.begin(startedMs);
    const node = this.#node;
    const scrape = new Scrape(startedMs);
    this.#scrape = scrape;
    this.#retryAtOnce = false;
    let failure: { readonly error: unknown } | undefined;
    try {
      await scrape.run(node.name, requestTimeoutMs, (signal) => this.#read(node, signal));
    } catch (error) {
      failure = { error };
    }
    this.#endedMs = clock.monotonicMs();
    rounds.end(round, this.#endedMs);
    this.#place?.leave();
    // What is held until the next scrape grows old, and dies where collecting it costs most.
    this.#place = undefined;
    this.#queued = undefined;
    this.#scrape = undefined;
    if (this.#closed) return;
    if (failure === undefined) this.#succeeded(startedMs);
    else this.#failed(failure.error, scrape.signal);
  }

  /** Stores the answer. It may end long after we gave up: the block is given back when the reader lets go of it. */
  async #read(node: ScrapeNode, signal: AbortSignal): Promise<void> {
    const { kubelet, storage, blocks, failures } = this.#house;
    const block = blocks.take();
    try {
      await kubelet.scrape(node, block, signal);
      signal.throwIfAborted();
      failures.answered(node, storage.store(node.name, block), block.source);
    } finally {
      blocks.give(block);
    }
  }

  #succeeded(startedMs: number): void {
    const { clock, failures, phases, resolutionMs } = this.#house;
    this.#isFailing = false;
    this.#failures = 0;
    this.#answers += 1;
    failures.succeeded(this.#node);
    this.#plan(
      this.#answers === 1
        ? startedMs + secondScrapeDelayMs(resolutionMs)
        : phases.nextMs(this.#phase, startedMs, clock.monotonicMs()),
    );
  }

  #failed(error: unknown, signal: AbortSignal): void {
    const movedAway = signal.aborted && isAbort(signal.reason);
    if (!movedAway) {
      const { failures, storage, reviewer } = this.#house;
      const isExcused = isExcusable(error, reviewer);
      this.#isFailing = true;
      this.#failures += 1;
      storage.missed(this.#node.name, isExcused);
      failures.failed(this.#node, error, isExcused);
    }
    if (this.#retryAtOnce) this.#plan(movedAway ? this.#endedMs : this.#nearestRetryMs());
    else this.#plan(this.#endedMs + backoffMs(this.#failures));
  }

  #nearestRetryMs(): number {
    return this.#endedMs + NEAREST_RETRY_MS;
  }
}

function isAbort(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'AbortError';
}

/** Whether a request to the one would go where a request to the other goes. */
function hasSameEndpoint(one: ScrapeNode, other: ScrapeNode): boolean {
  return (
    one.kubeletPort === other.kubeletPort &&
    one.resourceMetricsPath === other.resourceMetricsPath &&
    one.addresses.length === other.addresses.length &&
    one.addresses.every(({ type, address }, at) => {
      const counterpart = other.addresses[at];
      return type === counterpart?.type && address === counterpart.address;
    })
  );
}
