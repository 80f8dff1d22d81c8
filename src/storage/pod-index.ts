import type { PodEntry } from './node-record.ts';

/** Finds entries by namespace and name. Two maps rather than one of joined keys: a look-up makes no string. */
export class PodIndex {
  readonly #namespaces = new Map<string, Map<string, PodEntry>>();

  /** The first entry of that name; the others follow by `next`. */
  first(namespace: string, name: string): PodEntry | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  add(entry: PodEntry): void {
    let names = this.#namespaces.get(entry.namespace);
    if (names === undefined) {
      names = new Map();
      this.#namespaces.set(entry.namespace, names);
    }
    entry.next = names.get(entry.name);
    entry.next?.mustBeSearched();
    names.set(entry.name, entry);
  }

  remove(entry: PodEntry): void {
    entry.mustBeSearched();
    const names = this.#namespaces.get(entry.namespace);
    const first = names?.get(entry.name);
    if (names === undefined || first === undefined) return;
    if (first === entry) {
      if (entry.next !== undefined) names.set(entry.name, entry.next);
      else names.delete(entry.name);
      if (names.size === 0) this.#namespaces.delete(entry.namespace);
      return;
    }
    let before = first;
    while (before.next !== undefined && before.next !== entry) before = before.next;
    before.next = entry.next;
  }
}
