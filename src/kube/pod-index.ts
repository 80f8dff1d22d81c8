import { compareNames } from '../apimachinery/byte-order.ts';
import type { LabelSelector } from '../apimachinery/label-selector.ts';
import { NamespacePods } from './namespace-pods.ts';
import type { PodRecord } from './pod-record.ts';
import { entriesAfter } from './sorted-names.ts';
import type { SortedPods } from './sorted-pods.ts';

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
  /** Counted for all namespaces together: of one that has come again no number comes again. */
  private changes = 0;

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

  /** Another number whenever a pod of the namespace, of any with undefined, comes, goes or is labelled anew. */
  revision(namespace: string | undefined): number {
    return namespace === undefined ? this.changes : (this.namespaces.get(namespace)?.version ?? 0);
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
    namespace.version = ++this.changes;
  }

  delete(namespace: string, name: string): void {
    const pods = this.namespaces.get(namespace);
    if (!pods?.delete(name)) return;
    this.pods--;
    pods.version = ++this.changes;
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
   * starts is found without a walk, and what is not taken is not looked for. Undefined where nothing was found
   * for a while: there the reader may pause.
   */
  list(
    namespace: string | undefined,
    selector: LabelSelector,
    after?: PodKey,
  ): Iterable<PodRecord | undefined> {
    return {
      [Symbol.iterator]: () =>
        namespace === undefined
          ? this.everywhere(selector, after)
          : this.inNamespace(namespace, selector, after)[Symbol.iterator](),
    };
  }

  /**
   * The same pods, as far as they are kept in order: each sequence stays the same object while there are any in it.
   * Undefined where they have to be picked one by one. Pauses as list does.
   */
  *sequences(
    namespace: string | undefined,
    selector: LabelSelector,
  ): Generator<undefined, Iterable<SortedPods> | undefined> {
    if (namespace === undefined) return selector.isEverything ? this.inAllNamespaces() : undefined;
    const pods = this.namespaces.get(namespace);
    return pods === undefined ? [] : yield* pods.sequences(selector);
  }

  private *inAllNamespaces(): Generator<SortedPods> {
    for (const { name } of this.inOrder()) {
      const pods = this.namespaces.get(name); // by name: it may be another one by now
      if (pods) yield pods.sorted;
    }
  }

  private inOrder(): readonly NamespacePods[] {
    return (this.sortedNamespaces ??= [...this.namespaces.values()].sort((left, right) =>
      compareNames(left.name, right.name),
    ));
  }

  private *everywhere(
    selector: LabelSelector,
    after: PodKey | undefined,
  ): Generator<PodRecord | undefined> {
    if (after !== undefined) yield* this.inNamespace(after.namespace, selector, after);
    for (const { name } of entriesAfter(this.inOrder(), after?.namespace)) {
      yield* this.inNamespace(name, selector, undefined); // by name: it may be another one by now
      yield undefined;
    }
  }

  private inNamespace(
    name: string,
    selector: LabelSelector,
    after: PodKey | undefined,
  ): Iterable<PodRecord | undefined> {
    const order = after === undefined ? 1 : compareNames(name, after.namespace);
    if (order < 0) return [];
    return this.namespaces.get(name)?.list(selector, order === 0 ? after?.name : undefined) ?? [];
  }
}
