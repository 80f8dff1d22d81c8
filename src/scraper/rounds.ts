/** The scrapes that began within one resolution. */
export interface Round {
  firstStartMs: number;
  lastEndMs: number;
  running: number;
  over: boolean;
}

/**
 * What upstream's tick has become: a round is one resolution, and lasts from the start of its first scrape
 * to the end of its last one, which may be after the resolution. A round without a scrape lasts no time.
 */
export class Rounds {
  readonly #observeSeconds: (seconds: number) => void;
  #current: Round = emptyRound();

  constructor(observeSeconds: (seconds: number) => void) {
    this.#observeSeconds = observeSeconds;
  }

  /** A scrape begins. */
  begin(nowMs: number): Round {
    const round = this.#current;
    if (Number.isNaN(round.firstStartMs)) round.firstStartMs = nowMs;
    round.running += 1;
    return round;
  }

  /** A scrape of that round has ended. */
  end(round: Round, nowMs: number): void {
    round.running -= 1;
    round.lastEndMs = nowMs;
    if (round.over && round.running === 0) this.#observe(round);
  }

  /** A resolution is over. */
  turn(): void {
    const round = this.#current;
    this.#current = emptyRound();
    round.over = true;
    if (round.running === 0) this.#observe(round);
  }

  #observe({ firstStartMs, lastEndMs }: Round): void {
    this.#observeSeconds(Number.isNaN(firstStartMs) ? 0 : (lastEndMs - firstStartMs) / 1000);
  }
}

function emptyRound(): Round {
  return { firstStartMs: Number.NaN, lastEndMs: Number.NaN, running: 0, over: false };
}
