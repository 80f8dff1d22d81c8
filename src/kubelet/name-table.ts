/** Slots that are tried for one name: names made up to meet in one slot must not make a search of the whole table. */
const MOST_PROBES = 128;
/** A tag is the upper bits of a name's hash and, in the lower ones, the period of its last lookup. No name: no tag. */
const NO_TAG = 0;
const PERIOD_BITS = 8;
/** Periods are counted from 1 to this, and from 1 again. */
const PERIODS = (1 << PERIOD_BITS) - 1;

export const FIRST_PERIOD = 1;

export function periodAfter(period: number): number {
  return (period % PERIODS) + 1;
}

/**
 * The table of `Names`: open-addressed, of a fixed number of slots. All that is kept of a name stands in one number, so that
 * a lookup touches two places of a memory that is mostly cold, and a search for what is not there one.
 */
export class NameTable {
  /** A power of two, at most 2^24. */
  readonly slots: number;
  private readonly names: (string | undefined)[];
  private readonly tags: Int32Array;

  constructor(slots: number) {
    this.slots = slots;
    this.names = new Array<string | undefined>(slots).fill(undefined);
    this.tags = new Int32Array(slots);
  }

  /** The slot of the name that the bytes from `start` to `end` are, or -1. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const { tags, names } = this;
    const mask = tags.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = ((hash >>> PERIOD_BITS) + probe) & mask;
      const tag = tags[slot] ?? NO_TAG;
      if (tag === NO_TAG) break;
      if ((tag ^ hash) >>> PERIOD_BITS === 0 && equals(names[slot] ?? '', bytes, start, end)) {
        return slot;
      }
    }
    return -1;
  }

  /** The slot of the name, or -1. */
  findText(hash: number, text: string): number {
    const { tags, names } = this;
    const mask = tags.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = ((hash >>> PERIOD_BITS) + probe) & mask;
      const tag = tags[slot] ?? NO_TAG;
      if (tag === NO_TAG) break;
      if ((tag ^ hash) >>> PERIOD_BITS === 0 && names[slot] === text) return slot;
    }
    return -1;
  }

  /** The name in a slot that was found; it has been looked up in this period. */
  use(slot: number, period: number): string {
    const { tags } = this;
    tags[slot] = withPeriod(tags[slot] ?? NO_TAG, period);
    return this.names[slot] ?? '';
  }

  /** Adds a name that is not there. False when it meets too many others. */
  put(name: string, hash: number, period: number): boolean {
    const { tags } = this;
    const mask = tags.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = ((hash >>> PERIOD_BITS) + probe) & mask;
      if (tags[slot] !== NO_TAG) continue;
      this.names[slot] = name;
      tags[slot] = withPeriod(hash, period);
      return true;
    }
    return false;
  }

  /** Adds what stands in a slot of another table, if anything does. False when that meets too many others. */
  putFrom(table: NameTable, slot: number): boolean {
    const tag = table.tags[slot] ?? NO_TAG;
    return tag === NO_TAG || this.put(table.names[slot] ?? '', tag, tag & PERIODS);
  }

  /** Drops what stands in the slot if it was looked up neither in this period nor in the one before. Says whether it did. */
  dropOld(slot: number, period: number): boolean {
    const tag = this.tags[slot] ?? NO_TAG;
    if (tag === NO_TAG) return false;
    const seen = tag & PERIODS;
    if (seen === period || periodAfter(seen) === period) return false;
    this.drop(slot);
    return true;
  }

  /** Empties a slot, and moves up what stands behind it because the slot was taken. */
  private drop(slot: number): void {
    const { names, tags } = this;
    const mask = tags.length - 1;
    let hole = slot;
    for (let at = (slot + 1) & mask; tags[at] !== NO_TAG; at = (at + 1) & mask) {
      const tag = tags[at] ?? NO_TAG;
      const fromHome = (at - (tag >>> PERIOD_BITS)) & mask;
      if (fromHome < ((at - hole) & mask)) continue;
      names[hole] = names[at];
      tags[hole] = tag;
      hole = at;
    }
    names[hole] = undefined;
    tags[hole] = NO_TAG;
  }
}

function withPeriod(tag: number, period: number): number {
  return (tag & ~PERIODS) | period;
}

function equals(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (name.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}
