// When a node is due: pure functions and a small plan of phases (docs/design.md 2.2, docs/perf.md 3 and 6).

/** The kubelet samples about every 10 s: so long after the first answer the second can bring a second point. */
const SAMPLING_MS = 10_000;
/** Two scrapes of one node are never planned nearer than this: nearer points would not be paired. */
const NEAREST_MS = 5_000;

const FIRST_BACKOFF_MS = 5_000;
const LONGEST_BACKOFF_MS = 60_000;

/** Four groups a second: one burst costs the API its p99, one by one costs twice the CPU. */
const GROUP_SPACING_MS = 250;
/** A group is filled up to this before another is opened, so that few nodes do not go one by one. */
const GROUP_SIZE = 8;

/** Time from the start of a node's first answered scrape to its second. */
export function secondScrapeDelayMs(resolutionMs: number): number {
  return Math.min(SAMPLING_MS, resolutionMs);
}

/** Pause after the nth failure in a row, n from 1: it doubles up to a minute. */
export function backoffMs(failures: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), LONGEST_BACKOFF_MS);
}

/**
 * Spreads the nodes over the resolution in small groups: each group has a phase, at which all of its nodes
 * are due, once a resolution. Groups open in an order that keeps the open ones far from each other.
 */
export class PhasePlan {
  readonly #originMs: number;
  readonly #resolutionMs: number;
  /** Phases in the order of their opening, and how many nodes each has. */
  readonly #order: readonly number[];
  readonly #members: number[];

  /** `originMs` is a moment of phase 0. */
  constructor(originMs: number, resolutionMs: number) {
    this.#originMs = originMs;
    this.#resolutionMs = resolutionMs;
    this.#order = spreadOrder(Math.max(1, Math.floor(resolutionMs / GROUP_SPACING_MS)));
    this.#members = this.#order.map(() => 0);
  }

  /** Gives a node its phase, which it keeps until it leaves. */
  join(): number {
    let phase = this.#order[0] ?? 0;
    for (const candidate of this.#order) {
      const members = this.#members[candidate] ?? 0;
      const fewest = this.#members[phase] ?? 0;
      if (members > 0 && members < GROUP_SIZE) {
        phase = candidate;
        break;
      }
      if (members < fewest) phase = candidate;
    }
    this.#members[phase] = (this.#members[phase] ?? 0) + 1;
    return phase;
  }

  leave(phase: number): void {
    this.#members[phase] = (this.#members[phase] ?? 1) - 1;
  }

  /**
   * The next moment of a phase: in the future, and not too near to the scrape that began at `startedMs`.
   * A scrape that overran its next turn skips it.
   */
  nextMs(phase: number, startedMs: number, nowMs: number): number {
    const nearestMs = Math.min(NEAREST_MS, this.#resolutionMs / 2);
    const notBeforeMs = Math.max(nowMs, startedMs + nearestMs);
    const firstMs = this.#originMs + phase * GROUP_SPACING_MS;
    const turns = Math.ceil((notBeforeMs - firstMs) / this.#resolutionMs);
    return firstMs + turns * this.#resolutionMs;
  }
}

/** 0 to count - 1 so ordered that the first k lie well apart, for any k: the bits of the index reversed. */
function spreadOrder(count: number): number[] {
  const bits = Math.ceil(Math.log2(count));
  const reversed = Array.from({ length: 2 ** bits }, (_, index) => {
    let value = 0;
    for (let bit = 0; bit < bits; bit++) if (index & (1 << bit)) value |= 1 << (bits - 1 - bit);
    return value;
  });
  return reversed.filter((value) => value < count);
}
