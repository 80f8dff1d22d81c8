import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { unlessAborted, withDeadline } from './deadline.ts';

/** Told what the cache does, for the self-metrics. */
export interface ReviewCacheObserver {
  /** One question has been answered, from the cache or not, after so many seconds. */
  requested(status: 'hit' | 'miss', seconds: number): void;
  /** So many more (or fewer) questions wait for an answer from outside. */
  waiting(change: 1 | -1): void;
  /** So many more (or fewer) questions are on their way outside. */
  asking(change: 1 | -1): void;
  asked(status: 'ok' | 'error'): void;
}

export interface ReviewCacheSettings {
  readonly maxEntries: number;
  /** Of one question outside, retries included. */
  readonly timeLimitMs: number;
  /** What a question that took longer fails with. */
  readonly late: () => Error;
  readonly clock: Clock;
  readonly observer?: ReviewCacheObserver;
}

export interface Answered<Answer> {
  readonly answer: Answer;
  /** How long it may be given again; 0: not at all. */
  readonly keepMs: number;
}

/**
 * Answers of kube-apiserver, kept for a while. Equal questions that come together are asked once.
 * What fails is not kept: the next one asks again.
 */
export class ReviewCache<Answer extends object> {
  readonly #settings: ReviewCacheSettings;
  readonly #answers: LRUCache<string, Answer>;
  readonly #underway = new Map<string, Promise<Answer>>();

  constructor(settings: ReviewCacheSettings) {
    this.#settings = settings;
    const { maxEntries, clock } = settings;
    this.#answers = new LRUCache<string, Answer>({
      max: maxEntries,
      ttlResolution: 0,
      // lru-cache takes a start of 0 for none: such an answer would be kept for ever
      perf: { now: () => clock.monotonicMs() + 1 },
    });
  }

  /**
   * The kept answer for `key`, at once, or a promise of the one that `ask` gives. `signal` ends this caller's waiting only:
   * others may wait for the same answer.
   */
  get(
    key: string,
    ask: (signal: AbortSignal) => Promise<Answered<Answer>>,
    signal?: AbortSignal,
  ): Answer | Promise<Answer> {
    const { clock, observer } = this.#settings;
    const startMs = clock.monotonicMs();
    const kept = this.#answers.get(key);
    if (!kept) return this.#waitFor(key, ask, { startMs, signal });
    observer?.requested('hit', (clock.monotonicMs() - startMs) / 1000);
    return kept;
  }

  async #waitFor(
    key: string,
    ask: (signal: AbortSignal) => Promise<Answered<Answer>>,
    { startMs, signal }: { readonly startMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<Answer> {
    const { clock, observer } = this.#settings;
    observer?.waiting(1);
    try {
      return await unlessAborted(this.#underway.get(key) ?? this.#ask(key, ask), signal);
    } finally {
      observer?.waiting(-1);
      observer?.requested('miss', (clock.monotonicMs() - startMs) / 1000);
    }
  }

  async #ask(
    key: string,
    ask: (signal: AbortSignal) => Promise<Answered<Answer>>,
  ): Promise<Answer> {
    const { timeLimitMs, late, observer } = this.#settings;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#underway.set(key, promise);
    observer?.asking(1);
    try {
      const { answer, keepMs } = await withDeadline(timeLimitMs, late, ask);
      if (keepMs > 0) this.#answers.set(key, answer, { ttl: keepMs });
      observer?.asked('ok');
      resolve(answer);
    } catch (err) {
      observer?.asked('error');
      reject(err);
    } finally {
      observer?.asking(-1);
      this.#underway.delete(key);
    }
    return promise;
  }
}
