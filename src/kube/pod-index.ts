import { compareNames } from '../apimachinery/byte-order.ts';
import type { LabelRequirement, LabelSelector } from '../apimachinery/label-selector.ts';
import type { LabelSet } from '../apimachinery/label-set.ts';
import type { PodRecord } from './pod-record.ts';
import { mergedAfter } from './merged-names.ts';
import { entriesAfter } from './sorted-names.ts';
import { SortedPods } from './sorted-pods.ts';

/** Up to so many different label sets are looked at one by one, without an index. */
const WALKED_LABEL_SETS = 16;
/** With fewer pods to a label set, on average, it costs as much to ask the sets as to ask the pods. */
const MIN_PODS_PER_LABEL_SET = 2;
/** When more than one pod in so many is wanted, they are picked from all, in order, instead of merged from sets. */
const PICKED_SHARE = 4;
/** Of a namespace. Keys come from clients: who asks for more drops the one that was made first. */
const MAX_INDEXED_KEYS = 16;

/** Where a list goes on: after this pod, which need not exist any longer. */
export interface PodKey {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Pods by namespace, name and labels. Pods with equal labels are one group, and a selector is asked once
 * for a group; which groups have a label with a value is indexed for the keys that clients ask for. So a
 * list of a namespace costs as much as what it returns, however large the cluster is.
 */
export class PodIndex {
  private readonly namespaces = new Map<string, NamespacePods>();
  private sortedNamespaces: readonly NamespacePods[] | undefined;
  private pods = 0;

  get size(): number {
    return this.pods;
  }

  get(namespace: string, name: string): PodRecord | undefined {
    return this.namespaces.get(namespace)?.get(name);
  }

  /** The text that the pods of this namespace share, so that each does not hold its own. */
  namespaceText(namespace: string): string {
    return this.namespaces.get(namespace)?.name ?? namespace;
  }

  /** Replaces a pod of the same namespace and name. */
  set(pod: PodRecord): void {
    let namespace = this.namespaces.get(pod.namespace);
    if (!namespace) {
      namespace = new NamespacePods(pod.namespace);
      this.namespaces.set(pod.namespace, namespace);
      this.sortedNamespaces = undefined;
    }
    if (!namespace.delete(pod.name)) this.pods++;
    namespace.add(pod);
  }

  delete(namespace: string, name: string): void {
    const pods = this.namespaces.get(namespace);
    if (!pods?.delete(name)) return;
    this.pods--;
    if (pods.size > 0) return;
    this.namespaces.delete(namespace);
    this.sortedNamespaces = undefined;
  }

  *all(): Generator<PodRecord> {
    for (const namespace of this.namespaces.values()) yield* namespace.all();
  }

  /**
   * By namespace, then name; without `after`, from the first on. What is being iterated is fixed namespace by
   * namespace, as each is reached: changes meanwhile neither repeat a pod nor break the iteration. Where it
   * starts is found without a walk, and what is not taken is not looked for.
   */
  list(
    namespace: string | undefined,
    selector: LabelSelector,
    after?: PodKey,
  ): Iterable<PodRecord> {
    return {
      [Symbol.iterator]: () =>
        namespace === undefined
          ? this.everywhere(selector, after)
          : this.inNamespace(namespace, selector, after)[Symbol.iterator](),
    };
  }

  private *everywhere(selector: LabelSelector, after: PodKey | undefined): Generator<PodRecord> {
    if (after !== undefined) yield* this.inNamespace(after.namespace, selector, after);
    this.sortedNamespaces ??= [...this.namespaces.values()].sort((left, right) =>
      compareNames(left.name, right.name),
    );
    for (const { name } of entriesAfter(this.sortedNamespaces, after?.namespace)) {
      yield* this.inNamespace(name, selector, undefined); // by name: it may be another one by now
    }
  }

  private inNamespace(
    name: string,
    selector: LabelSelector,
    after: PodKey | undefined,
  ): Iterable<PodRecord> {
    const order = after === undefined ? 1 : compareNames(name, after.namespace);
    if (order < 0) return [];
    return this.namespaces.get(name)?.list(selector, order === 0 ? after?.name : undefined) ?? [];
  }
}

class NamespacePods {
  readonly name: string;
  private readonly byName = new Map<string, PodRecord>();
  private readonly sorted = new SortedPods();
  private readonly groups = new Map<LabelSet, SortedPods>();
  /** For a label key: which groups have it, by value. Made when first asked for. */
  private readonly keys = new Map<string, Map<string, Set<LabelSet>>>();

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
      for (const [key, byValue] of this.keys) indexLabels(byValue, key, pod.labels);
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
    if (group?.size === 0) this.forgetGroup(pod.labels);
    return true;
  }

  /** By name, those after `after`. */
  list(selector: LabelSelector, after: string | undefined): Iterable<PodRecord> {
    const groups = this.groupsOf(selector);
    if (!groups) {
      const pods = entriesAfter(this.sorted.snapshot(), after);
      return selector.isEverything ? pods : selected(pods, selector);
    }
    const parts = groups.map((group) => group.snapshot());
    return mergedAfter(parts, after);
  }

  /** The groups that are selected; undefined where it is better to look at the pods, in their order. */
  private groupsOf(selector: LabelSelector): readonly SortedPods[] | undefined {
    const candidates = selector.isEverything ? undefined : this.candidates(selector);
    if (!candidates) return undefined;
    const groups: SortedPods[] = [];
    let pods = 0;
    for (const labels of candidates) {
      const group = selector.matches(labels) ? this.groups.get(labels) : undefined;
      if (!group) continue;
      groups.push(group);
      pods += group.size;
    }
    return groups.length > 1 && pods * PICKED_SHARE > this.size ? undefined : groups;
  }

  /**
   * The label sets that may match: of the requirements with values to be equal to, those of the one with the
   * fewest. Undefined when there is no such requirement, and hardly fewer sets than pods.
   */
  private candidates(selector: LabelSelector): Iterable<LabelSet> | undefined {
    if (this.groups.size <= WALKED_LABEL_SETS) return this.groups.keys();
    let fewest: readonly ReadonlySet<LabelSet>[] | undefined;
    for (const requirement of selector.requirements) {
      if (!isEquality(requirement)) continue;
      const byValue = this.indexOf(requirement.key);
      const sets = requirement.values.flatMap((value) => byValue.get(value) ?? []);
      if (!fewest || sizeOf(sets) < sizeOf(fewest)) fewest = sets;
    }
    if (fewest) return fewest.flatMap((labels) => [...labels]);
    const areMany = this.groups.size * MIN_PODS_PER_LABEL_SET > this.size;
    return areMany ? undefined : this.groups.keys();
  }

  private indexOf(key: string): ReadonlyMap<string, ReadonlySet<LabelSet>> {
    const known = this.keys.get(key);
    if (known) return known;
    const [oldest] = this.keys.keys();
    if (this.keys.size >= MAX_INDEXED_KEYS && oldest !== undefined) this.keys.delete(oldest);
    const byValue = new Map<string, Set<LabelSet>>();
    for (const labels of this.groups.keys()) indexLabels(byValue, key, labels);
    this.keys.set(key, byValue);
    return byValue;
  }

  private forgetGroup(labels: LabelSet): void {
    this.groups.delete(labels);
    for (const [key, byValue] of this.keys) {
      const value = labels.get(key);
      if (value === undefined) continue;
      const sets = byValue.get(value);
      sets?.delete(labels);
      if (sets?.size === 0) byValue.delete(value);
    }
  }
}

/** Those that match. Neighbours often have the same labels: these are asked once. */
function* selected(pods: Iterable<PodRecord>, selector: LabelSelector): Generator<PodRecord> {
  let labels: LabelSet | undefined;
  let matches = false;
  for (const pod of pods) {
    if (pod.labels !== labels) {
      labels = pod.labels;
      matches = selector.matches(labels);
    }
    if (matches) yield pod;
  }
}

function indexLabels(byValue: Map<string, Set<LabelSet>>, key: string, labels: LabelSet): void {
  const value = labels.get(key);
  if (value === undefined) return;
  const sets = byValue.get(value);
  if (sets) sets.add(labels);
  else byValue.set(value, new Set([labels]));
}

function isEquality({ operator }: LabelRequirement): boolean {
  return operator === '=' || operator === '==' || operator === 'in';
}

function sizeOf(sets: readonly ReadonlySet<LabelSet>[]): number {
  return sets.reduce((size, labels) => size + labels.size, 0);
}
