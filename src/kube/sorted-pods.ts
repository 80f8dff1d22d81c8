import { compareNames } from '../apimachinery/byte-order.ts';
import type { PodRecord } from './pod-record.ts';
import { indexAfter } from './sorted-names.ts';

/** Changes that wait for a reader are merged when there are so many, so that no reader waits for long. */
const MAX_PENDING = 4096;
/** Up to so many pods, a new array at each change costs less than to remember the change. */
const SMALL = 32;

/**
 * Pods of one namespace by name. What `snapshot` has handed out never changes: changes are gathered, and
 * merged into a new array when somebody reads.
 */
export class SortedPods {
  private sorted: readonly PodRecord[] = [];
  private added: Set<PodRecord> | undefined;
  private removed: Set<PodRecord> | undefined;

  get size(): number {
    return this.sorted.length + (this.added?.size ?? 0) - (this.removed?.size ?? 0);
  }

  add(pod: PodRecord): void {
    if (this.isSmall) {
      this.sorted = this.sorted.toSpliced(indexAfter(this.sorted, pod.name), 0, pod);
      return;
    }
    this.added ??= new Set();
    this.added.add(pod);
    if (this.added.size >= MAX_PENDING) this.snapshot();
  }

  /** The pod must be in it. */
  delete(pod: PodRecord): void {
    if (this.isSmall) {
      this.sorted = this.sorted.toSpliced(this.sorted.indexOf(pod), 1);
      return;
    }
    if (this.added?.delete(pod)) return;
    this.removed ??= new Set();
    this.removed.add(pod);
  }

  snapshot(): readonly PodRecord[] {
    const { added, removed } = this;
    if (added || removed) {
      this.added = undefined;
      this.removed = undefined;
      const news = added ? [...added].sort(byName) : [];
      const kept = removed?.size ? this.sorted.filter((pod) => !removed.has(pod)) : this.sorted;
      this.sorted = news.length === 0 ? kept : merge(kept, news);
    }
    return this.sorted;
  }

  private get isSmall(): boolean {
    return this.sorted.length < SMALL && !this.added && !this.removed;
  }
}

/** Of the very length: an array that grew keeps room for half as many again, and 16. */
function merge(left: readonly PodRecord[], right: readonly PodRecord[]): PodRecord[] {
  const merged = new Array<PodRecord>(left.length + right.length);
  let to = 0;
  let at = 0;
  for (const pod of left) {
    for (let next = right[at]; next && next.name < pod.name; next = right[at]) {
      merged[to++] = next;
      at++;
    }
    merged[to++] = pod;
  }
  for (; at < right.length; at++) {
    const next = right[at];
    if (next) merged[to++] = next;
  }
  return merged;
}

function byName(left: PodRecord, right: PodRecord): number {
  return compareNames(left.name, right.name);
}
