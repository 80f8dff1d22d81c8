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
/** Slots that are tried for one name: names made up to meet in one slot must not make a search of the whole table. */
const MOST_PROBES = 128;
/** Lookups between two pieces of the sweep, and slots that a piece looks at. */
const SWEEP_PIECE = 256;

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

  /** Open-addressed: the names, their hashes, and the period (modulo 256) of the last lookup of each. */
  private names = new Array<string | undefined>(SMALLEST_TABLE).fill(undefined);
  private hashes = new Int32Array(SMALLEST_TABLE);
  private seen = new Uint8Array(SMALLEST_TABLE);
  private kept = 0;
  private period = 0;
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
    const mask = this.names.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = (this.hash + probe) & mask;
      const name = this.names[slot];
      if (name === undefined) break;
      if (name !== text) continue;
      this.use(slot);
      return name;
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
    const { hash, hashes, names } = this;
    const mask = hashes.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = (hash + probe) & mask;
      const name = names[slot];
      if (name === undefined) break;
      if (hashes[slot] === hash && equals(name, bytes, start, end)) {
        this.use(slot);
        return name;
      }
    }
    const name = decode(bytes, start, end);
    if (end - start <= LONGEST_NAME_BYTES && isAscii(bytes, start, end)) this.keep(name);
    return name;
  }

  private count(): void {
    if (++this.lookups % SWEEP_PIECE === 0) this.sweep();
  }

  private use(slot: number): void {
    this.seen[slot] = this.period;
    this.finds++;
  }

  /** Keeps a name that is not there, whose hash was just made. */
  private keep(name: string): void {
    if (this.kept >= MOST_NAMES) return;
    if (this.kept >= this.names.length * FULLEST) this.resize(this.names.length * 2);
    this.put(name, this.hash, this.period);
  }

  private put(name: string, hash: number, seen: number): void {
    const mask = this.names.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = (hash + probe) & mask;
      if (this.names[slot] !== undefined) continue;
      this.names[slot] = name;
      this.hashes[slot] = hash;
      this.seen[slot] = seen;
      this.kept++;
      return;
    }
  }

  private resize(slots: number): void {
    const { names, hashes, seen } = this;
    this.names = new Array<string | undefined>(slots).fill(undefined);
    this.hashes = new Int32Array(slots);
    this.seen = new Uint8Array(slots);
    this.kept = 0;
    this.swept = 0;
    for (const [slot, name] of names.entries()) {
      if (name !== undefined) this.put(name, hashes[slot] ?? 0, seen[slot] ?? 0);
    }
  }

  private sweep(): void {
    if (this.isPeriodOver()) this.endPeriod();
    const mask = this.names.length - 1;
    for (let piece = 0; piece < SWEEP_PIECE; piece++) {
      const slot = (this.swept = (this.swept + 1) & mask);
      const age = (this.period - (this.seen[slot] ?? 0)) & 0xff;
      if (age > 1 && this.names[slot] !== undefined) this.drop(slot);
    }
  }

  private isPeriodOver(): boolean {
    const { length } = this.names;
    // A full table keeps nothing new: made up to fill it, its names are not found again, and make room sooner.
    return (
      this.finds > length * FINDS_PER_SLOT || (this.kept >= MOST_NAMES && this.lookups > length)
    );
  }

  private endPeriod(): void {
    this.lookups = 0;
    this.finds = 0;
    this.period = (this.period + 1) & 0xff;
    const { length } = this.names;
    if (length > SMALLEST_TABLE && this.kept < length / 8) this.resize(length / 2);
  }

  /** Empties a slot, and moves up what stands behind it because the slot was taken. */
  private drop(slot: number): void {
    const { names, hashes, seen } = this;
    const mask = names.length - 1;
    let hole = slot;
    for (let at = (slot + 1) & mask; names[at] !== undefined; at = (at + 1) & mask) {
      const fromHome = (at - (hashes[at] ?? 0)) & mask;
      if (fromHome < ((at - hole) & mask)) continue;
      names[hole] = names[at];
      hashes[hole] = hashes[at] ?? 0;
      seen[hole] = seen[at] ?? 0;
      hole = at;
    }
    names[hole] = undefined;
    this.kept--;
  }
}

/** Every bit of a hash into the lower ones, which choose the slot: names that only differ in a number lie far apart. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return half ^ (half >>> 13);
}

function equals(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (name.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
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
