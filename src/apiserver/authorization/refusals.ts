import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';

/** So soon it is asked again whether somebody may no longer do what he was allowed to, and for so long. */
const DOUBTED_MS = 1_000;
const LONGEST_DOUBT_MS = 10_000;

export interface RefusalSettings {
  /** Questions whose answers are remembered; of more, those that were asked longest ago are forgotten. */
  readonly maxEntries: number;
  /** How long a refusal may be kept. */
  readonly keptMs: number;
  readonly clock: Clock;
}

/**
 * Knows which refusals are to be doubted. A kube-apiserver that has just begun refuses everybody until it has read its
 * roles: kept like any other, such a refusal would shut out for ten seconds who had been served all the time. So one of what
 * was allowed before is asked again every second, until it has stood for ten, or for as long as a refusal is kept.
 */
export class Refusals {
  /** Of what was allowed: when it was refused for the first time since; infinite: not yet. Monotonic ms. */
  readonly #refusedAtMs: LRUCache<string, number>;
  readonly #settings: RefusalSettings;

  constructor(settings: RefusalSettings) {
    this.#settings = settings;
    this.#refusedAtMs = new LRUCache({ max: settings.maxEntries });
  }

  allowed(key: string): void {
    this.#refusedAtMs.set(key, Number.POSITIVE_INFINITY);
  }

  /** Takes note of a refusal, and says how long it may be kept, in ms. */
  refused(key: string): number {
    const { clock, keptMs } = this.#settings;
    const known = this.#refusedAtMs.get(key);
    if (known === undefined) return keptMs;
    const nowMs = clock.monotonicMs();
    const sinceMs = Math.min(known, nowMs);
    if (nowMs - sinceMs >= Math.min(keptMs, LONGEST_DOUBT_MS)) {
      this.#refusedAtMs.delete(key);
      return keptMs;
    }
    this.#refusedAtMs.set(key, sinceMs);
    return Math.min(DOUBTED_MS, keptMs);
  }
}
