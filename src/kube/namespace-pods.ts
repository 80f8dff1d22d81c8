import type { LabelSelector } from '../apimachinery/label-selector.ts';
import type { LabelSet } from '../apimachinery/label-set.ts';
import { LabelIndex } from './label-index.ts';
import { mergedAfter } from './merged-names.ts';
import type { PodRecord } from './pod-record.ts';
import { entriesAfter } from './sorted-names.ts';
import { SortedPods } from './sorted-pods.ts';

/**
 * When more than one pod in so many is wanted, or as many label sets would have to be asked, the pods are
 * picked from all, in their order, instead of merged from the groups of their label sets.
 */
const PICKED_SHARE = 4;

/** The pods of one namespace, by name and by labels. Pods with equal labels are one group. */
export class NamespacePods {
  readonly name: string;
  /** Of the index: which of its changes was the last one here. */
  version = 0;
  private readonly byName = new Map<string, PodRecord>();
  readonly sorted = new SortedPods();
  private readonly groups = new Map<LabelSet, SortedPods>();
  private readonly labelIndex = new LabelIndex(this.groups);

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.byName.size;
  }

  get(name: string): PodRecord | undefined {
    return this.byName.get(name);
  }

  all(): Iterable<PodRecord> {
    return this.byName.values();
  }

  add(pod: PodRecord): void {
    this.byName.set(pod.name, pod);
    this.sorted.add(pod);
    let group = this.groups.get(pod.labels);
    if (!group) {
      group = new SortedPods();
      this.groups.set(pod.labels, group);
      this.labelIndex.add(pod.labels);
    }
    group.add(pod);
  }

  delete(name: string): boolean {
    const pod = this.byName.get(name);
    if (!pod) return false;
    this.byName.delete(name);
    this.sorted.delete(pod);
    const group = this.groups.get(pod.labels);
    group?.delete(pod);
    if (group?.size === 0) {
      this.groups.delete(pod.labels);
      this.labelIndex.delete(pod.labels);
    }
    return true;
  }

  /** By name, those after `after`. Undefined where nothing was found for a while. */
  list(selector: LabelSelector, after: string | undefined): Iterable<PodRecord | undefined> {
    return selector.isEverything
      ? entriesAfter(this.sorted.snapshot(), after)
      : this.select(selector, after);
  }

  /**
   * The same pods where they are kept in one piece, or nothing when there are none; undefined where they have to
   * be picked or merged. Pauses as list does.
   */
  *sequences(selector: LabelSelector): Generator<undefined, readonly SortedPods[] | undefined> {
    if (selector.isEverything) return [this.sorted];
    const groups = yield* this.groupsOf(selector);
    return groups && groups.length <= 1 ? groups : undefined;
  }

  private *groupsOf(
    selector: LabelSelector,
  ): Generator<undefined, readonly SortedPods[] | undefined> {
    const few = this.size / PICKED_SHARE;
    const sets = yield* this.labelIndex.matching(selector, Math.max(few, 1));
    return sets?.flatMap((labels) => this.groups.get(labels) ?? []);
  }

  private *select(
    selector: LabelSelector,
    after: string | undefined,
  ): Generator<PodRecord | undefined> {
    const few = this.size / PICKED_SHARE;
    const groups = yield* this.groupsOf(selector);
    if (!groups || (groups.length > 1 && sizeOf(groups) > few)) {
      yield* picked(entriesAfter(this.sorted.snapshot(), after), selector);
      return;
    }
    const [first, ...others] = groups.map((group) => group.snapshot());
    if (first) {
      yield* others.length === 0
        ? entriesAfter(first, after)
        : mergedAfter([first, ...others], after);
    }
  }
}

function sizeOf(groups: readonly SortedPods[]): number {
  return groups.reduce((size, group) => size + group.size, 0);
}

/** Those that match, undefined for the others. Neighbours often have the same labels: these are asked once. */
function* picked(
  pods: Iterable<PodRecord>,
  selector: LabelSelector,
): Generator<PodRecord | undefined> {
  let labels: LabelSet | undefined;
  let matches = false;
  for (const pod of pods) {
    if (pod.labels !== labels) {
      labels = pod.labels;
      matches = selector.matches(labels);
    }
    yield matches ? pod : undefined;
  }
}
