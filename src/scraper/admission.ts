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
  readonly #waiting = new Set<Ticket>();
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
    const ticket = new Ticket(begin, this);
    // Past the set where nobody waits: filled and emptied all the time it would make its table anew, and each keeps the one
    // after it from being collected.
    if (this.#waiting.size === 0 && this.#hasRoom) this.#start(ticket);
    else {
      this.#waiting.add(ticket);
      this.#startNext();
    }
    return ticket;
  }

  /** For tickets, once each: whoever has this one leaves, or takes long. */
  left(ticket: Ticket): void {
    if (ticket.hasBegun) {
      this.#quick -= 1;
      this.#startNext();
    } else {
      this.#waiting.delete(ticket);
    }
  }

  get #hasRoom(): boolean {
    return this.#quick < this.#places;
  }

  #startNext(): void {
    if (!this.#hasRoom) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#start(next);
  }

  #start(ticket: Ticket): void {
    this.#quick += 1;
    ticket.begin();
  }
}

/** Whoever has a place or waits for one. */
class Ticket implements Place {
  readonly #begin: () => void;
  readonly #admission: Admission;
  #timer: NodeJS.Timeout | undefined;
  #hasLeft = false;

  constructor(begin: () => void, admission: Admission) {
    this.#begin = begin;
    this.#admission = admission;
  }

  get hasBegun(): boolean {
    return this.#timer !== undefined;
  }

  begin(): void {
    this.#timer = setTimeout(this.leave.bind(this), QUICK_MS); // no closure, as in scrape.ts
    this.#begin();
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    clearTimeout(this.#timer);
    this.#admission.left(this);
  }
}
