/** As fast as a thousand at once, and a fraction of their memory (docs/perf.md 3). */
const QUICK_SCRAPES = 32;
/** A scrape that takes longer waits for its kubelet and not for us: it gives its place to the next. */
const QUICK_MS = 500;

/** A place in the queue or among the quick ones. */
export interface Place {
  /** Gives it up: waiting or begun, and any number of times. */
  leave(): void;
}

/**
 * Bounds how many scrapes run at once, in order of arrival. A slow kubelet holds a place for half a second
 * at most, so that any number of silent ones cannot keep the others waiting; slow scrapes are bounded by
 * the number of nodes, each having one at most.
 */
export class Admission {
  readonly #waiting = new Set<() => void>();
  #quick = 0;

  /** Calls `begin` when there is a place: at once, or later. */
  enter(begin: () => void): Place {
    let timer: NodeJS.Timeout | undefined;
    let left = false;
    const start = (): void => {
      this.#quick += 1;
      timer = setTimeout(leave, QUICK_MS);
      begin();
    };
    const leave = (): void => {
      if (left) return;
      left = true;
      if (timer === undefined) {
        this.#waiting.delete(start);
        return;
      }
      clearTimeout(timer);
      this.#quick -= 1;
      this.#startNext();
    };
    this.#waiting.add(start);
    this.#startNext();
    return { leave };
  }

  #startNext(): void {
    if (this.#quick >= QUICK_SCRAPES) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }
}
