import type { Clock } from '../clock.ts';

/** Somebody who follows a resource of kube-apiserver, and tells how each attempt went. */
export interface Follower {
  /** A list or watch was answered as it was asked for. */
  follows(): void;
  /** There was no answer, or that of a kube-apiserver that has just begun and denies everybody. */
  lost(): void;
  /** It was answered otherwise. */
  refused(): void;
}

/**
 * Whether kube-apiserver is there, in the eyes of those who follow its resources. It is away when not one of them
 * reaches it; an answer ends that, be it a refusal. It is back when one of them follows again.
 */
export class Presence {
  private readonly clock: Clock;
  private readonly listeners = new Set<{ readonly back: () => void }>();
  private followers = 0;
  private readonly unreachable = new Set<Follower>();
  /** When it was away last, on the monotonic clock: all the time, while it is. */
  private lastAwayMs = Number.NEGATIVE_INFINITY;
  /** It was away, and nobody follows again yet. */
  private missed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** One more who follows. */
  follower(): Follower {
    this.followers += 1;
    const follower: Follower = {
      follows: () => {
        this.reached(follower);
        this.comeBack();
      },
      lost: () => {
        this.unreachable.add(follower);
        this.missed ||= this.isAway;
      },
      refused: () => {
        this.reached(follower);
      },
    };
    return follower;
  }

  get isAway(): boolean {
    return this.followers > 0 && this.unreachable.size === this.followers;
  }

  /** Whether it is away, or was at any time in the last `ms`. */
  wasAwayWithin(ms: number): boolean {
    return this.isAway || this.clock.monotonicMs() - this.lastAwayMs < ms;
  }

  /** Tells when it is back. Returns how to end that. */
  subscribe(listener: { readonly back: () => void }): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  private reached(follower: Follower): void {
    if (this.isAway) this.lastAwayMs = this.clock.monotonicMs();
    this.unreachable.delete(follower);
  }

  private comeBack(): void {
    if (!this.missed) return;
    this.missed = false;
    for (const listener of this.listeners) listener.back();
  }
}
