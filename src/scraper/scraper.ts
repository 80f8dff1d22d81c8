import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { Admission } from './admission.ts';
import { BlockPool } from './block-pool.ts';
import { Failures } from './failures.ts';
import type { ScraperInstruments } from './instruments.ts';
import { NodeLoop, type Surroundings } from './node-loop.ts';
import type { BlockStore, KubeletReader, NodeSource, Reviewer, ScrapeNode } from './ports.ts';
import { Rounds } from './rounds.ts';
import { PhasePlan, secondScrapeDelayMs } from './schedule.ts';
import { UnderWay } from './under-way.ts';

/** Nodes that get their loops in one turn of the event loop: 5 ms, while the code is cold. */
const NODES_A_TURN = 250;
/** So many failing nodes may be asked again at once while all others go on as ever. */
const FEW_FAILING = 32;

export interface ScraperOptions {
  readonly nodes: NodeSource;
  readonly kubelet: KubeletReader;
  readonly storage: BlockStore;
  readonly reviewer: Reviewer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly instruments: ScraperInstruments;
  readonly resolutionMs: number;
  /** From the start of a node's request to its end, whatever it waits for. */
  readonly requestTimeoutMs: number;
}

export interface ScraperStatus {
  readonly nodes: number;
  /** Nodes whose last scrape failed, and how many by reason. */
  readonly failing: number;
  readonly failingByReason: ReadonlyMap<string, number>;
  /**
   * Every node has answered once, or failed to, or been silent for 2 s, and one at least has answered if
   * there are any. Stays true: a node that comes later does not make a serving process unready.
   */
  readonly everyReachableNodeScrapedOnce: boolean;
  readonly firstResolutionOver: boolean;
  /** When the schedule turned last, on the monotonic clock; undefined before the start. */
  readonly lastTurnMs: number | undefined;
  /** False only when the schedule itself is stuck; slow kubelets do not matter. */
  readonly turning: boolean;
}

/**
 * Scrapes every node on its own schedule: at once when it appears, again as soon as its kubelet can have a
 * new sample, then once a resolution. What one kubelet does changes nothing for another.
 */
export class Scraper implements AsyncDisposable {
  readonly #nodes: NodeSource;
  readonly #resolutionMs: number;
  readonly #loops = new Map<string, NodeLoop>();
  /** Of those that there were at the start: the ones without a loop so far. */
  readonly #pending = new Map<string, ScrapeNode>();
  #enrolling: NodeJS.Immediate | undefined;
  readonly #options: ScraperOptions;
  readonly #rounds: Rounds;
  readonly #failures: Failures;
  readonly #running = new UnderWay();
  #house: Surroundings | undefined;
  readonly #subscriptions: (() => void)[] = [];
  #turns: NodeJS.Timeout | undefined;
  #startedMs: number | undefined;
  #lastTurnMs: number | undefined;
  /** When all nodes came at once last. */
  #rushedAtMs = Number.NEGATIVE_INFINITY;
  #scrapedOnce = false;

  constructor(options: ScraperOptions) {
    this.#options = options;
    this.#nodes = options.nodes;
    this.#resolutionMs = options.resolutionMs;
    this.#rounds = new Rounds((seconds) => {
      options.instruments.observeRound(seconds);
    });
    this.#failures = new Failures(options.log, options.resolutionMs);
  }

  /** Begins, once; the nodes should be known by then. Ends with the disposal. */
  start(): void {
    if (this.#house !== undefined) return;
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#startedMs = nowMs;
    this.#rushedAtMs = nowMs;
    this.#lastTurnMs = nowMs;
    this.#house = this.#surroundings(nowMs);
    this.#turns = setInterval(() => {
      this.#turn(clock.monotonicMs());
    }, this.#resolutionMs);
    this.#subscriptions.push(
      this.#nodes.subscribe({
        upserted: (node) => {
          this.#upsert(node);
        },
        deleted: (name) => {
          this.#delete(name);
        },
      }),
      this.#options.reviewer.subscribe({
        back: () => {
          this.#prepareForRush(clock.monotonicMs());
          for (const loop of this.#loops.values()) loop.wake();
        },
      }),
    );
    for (const node of this.#nodes.list()) this.#pending.set(node.name, node);
    this.#enroll();
  }

  status(): ScraperStatus {
    const nowMs = this.#options.clock.monotonicMs();
    const startedMs = this.#startedMs;
    const lastTurnMs = this.#lastTurnMs;
    this.#scrapedOnce ||= startedMs !== undefined && this.#areAllSettled();
    return {
      nodes: this.#loops.size + this.#pending.size,
      failing: this.#failures.size,
      failingByReason: this.#failures.countsByReason(),
      everyReachableNodeScrapedOnce: this.#scrapedOnce,
      firstResolutionOver: startedMs !== undefined && nowMs - startedMs >= this.#resolutionMs,
      lastTurnMs,
      turning: lastTurnMs === undefined || nowMs - lastTurnMs <= 1.5 * this.#resolutionMs,
    };
  }

  /** Ends all timers and requests, and waits until the requests have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    clearInterval(this.#turns);
    clearImmediate(this.#enrolling);
    this.#pending.clear();
    this.#house?.admission.close();
    for (const loop of this.#loops.values()) loop.close();
    this.#loops.clear();
    await this.#running.ended();
  }

  #surroundings(nowMs: number): Surroundings {
    const { kubelet, storage, reviewer, clock, requestTimeoutMs } = this.#options;
    return {
      kubelet,
      storage,
      reviewer,
      clock,
      admission: new Admission(),
      blocks: new BlockPool(),
      // A node that answers at the start has its second scrape at a moment of phase 0.
      phases: new PhasePlan(nowMs + secondScrapeDelayMs(this.#resolutionMs), this.#resolutionMs),
      rounds: this.#rounds,
      failures: this.#failures,
      queue: this.#options.instruments.queue,
      running: this.#running,
      resolutionMs: this.#resolutionMs,
      requestTimeoutMs,
    };
  }

  /** Thousands of loops at once would hold up everybody else. */
  #enroll(): void {
    let room = NODES_A_TURN;
    for (const node of this.#pending.values()) {
      if (room-- === 0) break;
      this.#upsert(node);
    }
    if (this.#pending.size === 0) return;
    this.#enrolling = setImmediate(() => {
      this.#enroll();
    });
  }

  #upsert(node: ScrapeNode): void {
    this.#pending.delete(node.name);
    const loop = this.#loops.get(node.name);
    if (loop !== undefined) loop.update(node);
    else if (this.#house !== undefined) this.#loops.set(node.name, new NodeLoop(node, this.#house));
  }

  #delete(nodeName: string): void {
    this.#pending.delete(nodeName);
    this.#loops.get(nodeName)?.close();
    this.#loops.delete(nodeName);
    this.#failures.forget(nodeName);
    this.#options.storage.removeNode(nodeName);
  }

  #turn(nowMs: number): void {
    this.#lastTurnMs = nowMs;
    this.#rounds.turn();
    this.#failures.sumUp(this.#loops.size, nowMs);
    // A rush is over when everybody has had a turn; timers are a little early now and then.
    if (!this.#areAllSettled() || nowMs - this.#rushedAtMs < this.#resolutionMs / 2) return;
    this.#house?.admission.carry(this.#loops.size, this.#resolutionMs);
  }

  /** Those that fail are about to be asked at once. One that comes and goes shall not keep all others waiting. */
  #prepareForRush(nowMs: number): void {
    if (this.#failures.size <= FEW_FAILING || nowMs - this.#rushedAtMs < this.#resolutionMs) return;
    this.#rushedAtMs = nowMs;
    this.#house?.admission.narrow();
  }

  #areAllSettled(): boolean {
    if (this.#pending.size > 0) return false;
    let answered = this.#loops.size === 0;
    for (const loop of this.#loops.values()) {
      if (!loop.isSettled) return false;
      answered ||= loop.hasAnswered;
    }
    return answered;
  }
}
