import { FIRST_PERIOD, NameTable, periodAfter } from './name-table.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;
/** FNV-1a. */
const HASH_BEGIN = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/** Slots of the table, a power of two. */
const SMALLEST_TABLE = 1 << 10;
/** How much of it is filled at most. */
const FULLEST = 0.7;
/** Names kept. A cluster of 150,000 pods has some 350,000 names and uids. */
const MOST_NAMES = 1 << 20;
/** The longest name that Kubernetes allows (RFC 1123 subdomain); what is longer is not kept. */
const LONGEST_NAME_BYTES = 253;
/**
 * Lookups that find a name, for each slot of the table, in one period. Kept names are so found 6 to 12 times, in as many
 * rounds of the cluster or fewer; as long as not one name in sixteen that are looked up is new, the table stays bounded.
 */
const FINDS_PER_SLOT = 4;
/** Lookups between two pieces of the sweep, and slots that a piece looks at. */
const SWEEP_PIECE = 256;
/** Slots of a table outgrown that are moved at each lookup: 262,144 of them within some 40 scrapes. */
const MOVE_PIECE = 64;

/**
 * Turns the bytes of a name into a string, and the same bytes into the same string without allocating
 * again: all kubelets repeat their names every few seconds, and kube-apiserver tells the same ones.
 *
 * Bounded without a clock: a period is over when the names that are kept have been found again some times each. A sweep
 * goes round the table, a few slots at a time, and drops what was not looked up in this period or the one before. So
 * names of pods that are gone vanish within three periods, and there is no moment at which everything is moved, or held
 * twice.
 */
export class Names {
  /** The hash of the name returned last: equal names have equal hashes. */
  hash = 0;
  /** What internQuoted found last. */
  last = '';

  private table = new NameTable(SMALLEST_TABLE);
  /** The table before, while it is moved into the new one piece by piece: all slots below `moved` have been. */
  private outgrown: NameTable | undefined = undefined;
  private moved = 0;
  private kept = 0;
  private period = FIRST_PERIOD;
  /** Of this period. */
  private finds = 0;
  private lookups = 0;
  /** Where the sweep goes on. */
  private swept = 0;

  /** How many names are kept. */
  get size(): number {
    return this.kept;
  }

  /** The string that is kept for a text, so that whoever got it another way does not hold one more. */
  share(text: string): string {
    if (text.length > LONGEST_NAME_BYTES) return text;
    let hash = HASH_BEGIN;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= DELETE) return text;
      hash = Math.imul(hash ^ code, HASH_PRIME);
    }
    this.hash = mixed(hash);
    this.count();
    const slot = this.table.findText(this.hash, text);
    if (slot >= 0) return this.use(this.table, slot);
    if (this.outgrown !== undefined) {
      const before = this.outgrown.findText(this.hash, text);
      if (before >= this.moved) return this.use(this.outgrown, before);
    }
    this.keep(text);
    return text;
  }

  /** The string of the bytes from `start` to `end`, read as UTF-8. */
  intern(bytes: Uint8Array, start: number, end: number): string {
    let hash = HASH_BEGIN;
    for (let index = start; index < end; index++) {
      hash = Math.imul(hash ^ (bytes[index] ?? 0), HASH_PRIME);
    }
    this.hash = mixed(hash);
    return this.find(bytes, start, end);
  }

  /**
   * Interns the bytes from `start` to the next quote into `last`, and returns where that is. -1 when something else comes
   * first than what names are made of: the string is to be read with more care.
   */
  internQuoted(bytes: Uint8Array, start: number): number {
    let hash = HASH_BEGIN;
    let end = start;
    let byte = bytes[end] ?? 0;
    while (byte > QUOTE && byte < DELETE && byte !== BACKSLASH) {
      hash = Math.imul(hash ^ byte, HASH_PRIME);
      byte = bytes[++end] ?? 0;
    }
    if (byte !== QUOTE) return -1;
    this.hash = mixed(hash);
    this.last = this.find(bytes, start, end);
    return end;
  }

  /** Looks the bytes up whose hash was just made. */
  private find(bytes: Uint8Array, start: number, end: number): string {
    this.count();
    const slot = this.table.find(this.hash, bytes, start, end);
    if (slot >= 0) return this.use(this.table, slot);
    if (this.outgrown !== undefined) {
      const before = this.outgrown.find(this.hash, bytes, start, end);
      if (before >= this.moved) return this.use(this.outgrown, before);
    }
    const name = decode(bytes, start, end);
    if (end - start <= LONGEST_NAME_BYTES && isAscii(bytes, start, end)) this.keep(name);
    return name;
  }

  private count(): void {
    if (++this.lookups % SWEEP_PIECE === 0) this.sweep();
    if (this.outgrown !== undefined) this.move(this.outgrown);
  }

  private use(table: NameTable, slot: number): string {
    this.finds++;
    return table.use(slot, this.period);
  }

  /** Keeps a name that is not there, whose hash was just made. */
  private keep(name: string): void {
    if (this.kept >= MOST_NAMES) return;
    if (this.kept >= this.table.slots * FULLEST) this.resize(this.table.slots * 2);
    if (this.table.put(name, this.hash, this.period)) this.kept++;
  }

  /** Begins a table of another size. It holds up nobody: a table of a large cluster would take 20 ms to move at once. */
  private resize(slots: number): void {
    // As good as never: one table takes far fewer lookups to be moved than to be outgrown.
    while (this.outgrown !== undefined) this.move(this.outgrown);
    this.outgrown = this.table;
    this.moved = 0;
    this.table = new NameTable(slots);
    this.swept = 0;
  }

  /** The next piece. What was moved stays where it was, too, so that what stands behind it is still found. */
  private move(from: NameTable): void {
    for (let piece = 0; piece < MOVE_PIECE; piece++) {
      if (!this.table.putFrom(from, this.moved++)) this.kept--;
    }
    if (this.moved >= from.slots) this.outgrown = undefined;
  }

  private sweep(): void {
    if (this.isPeriodOver()) this.endPeriod();
    const { table, period } = this;
    const mask = table.slots - 1;
    for (let piece = 0; piece < SWEEP_PIECE; piece++) {
      this.swept = (this.swept + 1) & mask;
      if (table.dropOld(this.swept, period)) this.kept--;
    }
  }

  private isPeriodOver(): boolean {
    const { slots } = this.table;
    // A full table keeps nothing new: made up to fill it, its names are not found again, and make room sooner.
    return this.finds > slots * FINDS_PER_SLOT || (this.kept >= MOST_NAMES && this.lookups > slots);
  }

  private endPeriod(): void {
    this.lookups = 0;
    this.finds = 0;
    this.period = periodAfter(this.period);
    const { slots } = this.table;
    if (slots > SMALLEST_TABLE && this.kept < slots / 8) this.resize(slots / 2);
  }
}

/** Every bit of a hash into the lower ones, which choose the slot: names that only differ in a number lie far apart. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return half ^ (half >>> 13);
}

/** No name of Kubernetes holds anything else, and only ASCII can be compared byte by byte. */
function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) {
    if ((bytes[index] ?? 0) > 0x7f) return false;
  }
  return true;
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
