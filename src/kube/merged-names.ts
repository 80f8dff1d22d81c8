import { indexAfter } from './sorted-names.ts';

interface Named {
  readonly name: string;
}

/** A part that is being read: `entry` is the next to give, `entries[at]` the one after it. */
interface Reader<Entry> {
  readonly entries: readonly Entry[];
  at: number;
  entry: Entry;
}

/**
 * The entries of all parts after `name`, in the order of their names; each part is in that order already. Merged as
 * they are taken: who takes a page pays for a page. No name stands in two parts.
 */
export function* mergedAfter<Entry extends Named>(
  parts: readonly (readonly Entry[])[],
  name: string | undefined,
): Generator<Entry> {
  const heap = parts.flatMap((entries) => readerOf(entries, name) ?? []);
  for (let root = (heap.length >> 1) - 1; root >= 0; root--) sink(heap, root);
  for (let first = heap[0]; first !== undefined; first = heap[0]) {
    yield first.entry;
    advance(heap, first);
  }
}

function readerOf<Entry extends Named>(
  entries: readonly Entry[],
  name: string | undefined,
): Reader<Entry> | undefined {
  const at = name === undefined ? 0 : indexAfter(entries, name);
  const entry = entries[at];
  return entry && { entries, at: at + 1, entry };
}

/** The first reader of the heap goes to its next entry, or leaves when it has none. */
function advance<Entry extends Named>(heap: Reader<Entry>[], first: Reader<Entry>): void {
  const next = first.entries[first.at++];
  if (next !== undefined) {
    first.entry = next;
  } else {
    const last = heap.pop();
    if (last === undefined || last === first) return;
    heap[0] = last;
  }
  sink(heap, 0);
}

/** Puts the reader at `root` where it belongs below it, so that no reader comes before its parent. */
function sink<Entry extends Named>(heap: Reader<Entry>[], root: number): void {
  const sinking = heap[root];
  if (sinking === undefined) return;
  let at = root;
  for (;;) {
    const child = smallerChild(heap, at);
    const reader = heap[child];
    if (reader === undefined || reader.entry.name >= sinking.entry.name) break;
    heap[at] = reader;
    at = child;
  }
  heap[at] = sinking;
}

function smallerChild<Entry extends Named>(heap: readonly Reader<Entry>[], at: number): number {
  const left = 2 * at + 1;
  const [first, second] = [heap[left], heap[left + 1]];
  return first && second && second.entry.name < first.entry.name ? left + 1 : left;
}
