/** The index of the first entry that comes after `name`; entries are in order of their names. */
export function indexAfter(entries: readonly { readonly name: string }[], name: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && entry.name <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The entries after `name`, all of them when it is undefined. Found without a walk, and not copied. */
export function entriesAfter<Entry extends { readonly name: string }>(
  entries: readonly Entry[],
  name: string | undefined,
): Iterable<Entry> {
  return name === undefined ? entries : from(entries, indexAfter(entries, name));
}

function* from<Entry>(entries: readonly Entry[], start: number): Generator<Entry> {
  for (let at = start; at < entries.length; at++) {
    const entry = entries[at];
    if (entry !== undefined) yield entry;
  }
}
