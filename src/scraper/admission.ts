/** As fast as a thousand at once, and a fraction of their memory (docs/perf.md 3). */
const FEWEST_QUICK = 32;
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
 *
 * At the start, and when many are asked again as kube-apiserver is back, there are 32 places: connections that are made together hold
 * up the event loop, and each kubelet may have to ask kube-apiserver who we are. Else as many as
 * carry all nodes once in a resolution if each of them takes that half second: with one of 15 s, 32 would carry 5,000 only
 * while none takes 96 ms.
 */
export class Admission {
  readonly #waiting = new Set<() => void>();
  #places = FEWEST_QUICK;
  #quick = 0;

  /** Makes room for so many nodes, each to be scraped once in a resolution: one place more with each that comes. */
  carry(nodes: number, resolutionMs: number): void {
    this.#places = Math.max(FEWEST_QUICK, Math.ceil((nodes * QUICK_MS) / resolutionMs));
  }

  /** As at the start: all nodes are about to come at once. */
  narrow(): void {
    this.#places = FEWEST_QUICK;
  }

  /** Nothing that waits is begun any more. */
  close(): void {
    this.#places = 0;
    this.#waiting.clear();
  }

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
    if (this.#quick >= this.#places) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }
}
