import type { LabelRequirement, LabelSelector } from '../apimachinery/label-selector.ts';
import type { LabelSet } from '../apimachinery/label-set.ts';
import type { PodRecord } from './pod-record.ts';
import { SortedPods, mergeSorted } from './sorted-pods.ts';

/** Up to so many different label sets are looked at one by one, without an index. */
const WALKED_LABEL_SETS = 16;
/** Of a namespace. Keys come from clients: who asks for more drops the one that was made first. */
const MAX_INDEXED_KEYS = 16;

/**
 * Pods by namespace, name and labels. Pods with equal labels are one group, and a selector is asked once
 * for a group; which groups have a label with a value is indexed for the keys that clients ask for. So a
 * list of a namespace costs as much as what it returns, however large the cluster is.
 */
export class PodIndex {
  private readonly namespaces = new Map<string, NamespacePods>();
  private sortedNames: readonly string[] | undefined;
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
      this.sortedNames = undefined;
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
    this.sortedNames = undefined;
  }

  *all(): Generator<PodRecord> {
    for (const namespace of this.namespaces.values()) yield* namespace.all();
  }

  /**
   * By namespace, then name. What is being iterated is fixed namespace by namespace, as each is reached:
   * changes meanwhile neither repeat a pod nor break the iteration.
   */
  list(namespace: string | undefined, selector: LabelSelector): Iterable<PodRecord> {
    if (namespace !== undefined) return this.namespaces.get(namespace)?.list(selector) ?? [];
    return { [Symbol.iterator]: () => this.listAll(selector) };
  }

  private *listAll(selector: LabelSelector): Generator<PodRecord> {
    this.sortedNames ??= [...this.namespaces.keys()].sort();
    for (const name of this.sortedNames) {
      yield* this.namespaces.get(name)?.list(selector) ?? [];
    }
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

  list(selector: LabelSelector): readonly PodRecord[] {
    if (selector.isEverything) return this.sorted.snapshot();
    const parts: (readonly PodRecord[])[] = [];
    for (const labels of this.candidates(selector)) {
      if (selector.matches(labels)) parts.push(this.groups.get(labels)?.snapshot() ?? []);
    }
    return mergeSorted(parts);
  }

  /** The groups that may match: of the requirements with values to be equal to, the one with the fewest. */
  private candidates(selector: LabelSelector): Iterable<LabelSet> {
    if (this.groups.size <= WALKED_LABEL_SETS) return this.groups.keys();
    let fewest: readonly ReadonlySet<LabelSet>[] | undefined;
    for (const requirement of selector.requirements) {
      if (!isEquality(requirement)) continue;
      const byValue = this.indexOf(requirement.key);
      const sets = requirement.values.flatMap((value) => byValue.get(value) ?? []);
      if (!fewest || sizeOf(sets) < sizeOf(fewest)) fewest = sets;
    }
    return fewest ? fewest.flatMap((labels) => [...labels]) : this.groups.keys();
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
