/**
 * How many requests are being answered, and how many may be. Reading and changing requests have limits of
 * their own; this server has nothing to change, but a flood of refused POSTs must not crowd out readers.
 */
export class InFlightLimit {
  private readonly limits: { readonly readOnly: number; readonly mutating: number };
  private readonly current = { readOnly: 0, mutating: 0 };
  private readonly recent: { readonly readOnly: RecentPeak; readonly mutating: RecentPeak };

  /** 0 means no limit. `nowMs` is a monotonic clock. */
  constructor(
    limits: { readonly readOnly: number; readonly mutating: number },
    nowMs: () => number = () => performance.now(),
  ) {
    this.limits = limits;
    this.recent = { readOnly: new RecentPeak(nowMs), mutating: new RecentPeak(nowMs) };
  }

  /** How many are being answered now. */
  get counts(): { readonly readOnly: number; readonly mutating: number } {
    return this.current;
  }

  /** The most at once within about the last second: a scrape would hardly ever see a short request itself. */
  get peaks(): { readonly readOnly: number; readonly mutating: number } {
    return { readOnly: this.recent.readOnly.value, mutating: this.recent.mutating.value };
  }

  /**
   * Takes a place, to be given back by calling what is returned, once. Undefined: there is none, and the
   * request is too many. An `exempt` request always finds one, so that an administrator gets through.
   */
  enter(verb: string, exempt: boolean): (() => void) | undefined {
    const kind = READING_VERBS.has(verb) ? 'readOnly' : 'mutating';
    const limit = this.limits[kind];
    if (limit > 0 && this.current[kind] >= limit) return exempt ? () => undefined : undefined;
    this.recent[kind].note(++this.current[kind]);
    return () => {
      this.recent[kind].note(--this.current[kind]);
    };
  }
}

const SECOND_MS = 1000;

/** The highest of a changing count within this second and the one before, without a timer. */
class RecentPeak {
  private readonly nowMs: () => number;
  private second = 0;
  private count = 0;
  private highest = 0;
  private highestBefore = 0;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  note(count: number): void {
    this.turn();
    this.count = count;
    this.highest = Math.max(this.highest, count);
  }

  get value(): number {
    this.turn();
    return Math.max(this.highest, this.highestBefore);
  }

  private turn(): void {
    const second = Math.floor(this.nowMs() / SECOND_MS);
    if (second === this.second) return;
    this.highestBefore = second === this.second + 1 ? this.highest : this.count;
    this.highest = this.count;
    this.second = second;
  }
}

const READING_VERBS = new Set(['get', 'list', 'watch']);
