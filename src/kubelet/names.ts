const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;
/** FNV-1a. */
const HASH_BEGIN = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

const SMALLEST_TABLE = 1 << 10;
/** Names kept per generation. A cluster of 150,000 pods has some 350,000 names and uids. */
const MOST_NAMES = 1 << 20;
/** The longest name that Kubernetes allows (RFC 1123 subdomain); what is longer is not kept. */
const LONGEST_NAME_BYTES = 253;
/** How often every kept name is looked up, on average, before a generation ends. */
const LOOKUPS_PER_NAME = 16;
/** Slots that are tried for one name: names made up to meet in one slot must not make a search of the whole table. */
const MOST_PROBES = 64;

/**
 * Turns the bytes of a name into a string, and the same bytes into the same string without allocating
 * again: all kubelets repeat their names every few seconds.
 *
 * Bounded without a clock: names are kept in two generations. What is looked up moves to the young one;
 * when each name has been looked up about LOOKUPS_PER_NAME times (so many scrapes of the cluster) or the table
 * is full, the old one is dropped. So names of pods that are gone vanish within twice that.
 */
export class Names {
  /** The hash of the name returned last: equal names have equal hashes. */
  hash = 0;
  /** What internQuoted found last. */
  last = '';

  private young = new Generation();
  private old = new Generation();
  private lookups = 0;

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
    const { hash } = this;
    this.lookups++;
    const known = this.young.find(hash, bytes, start, end);
    if (known !== undefined) return known;
    const name = this.old.find(hash, bytes, start, end) ?? decode(bytes, start, end);
    if (end - start <= LONGEST_NAME_BYTES && isAscii(bytes, start, end)) this.keep(hash, name);
    return name;
  }

  private keep(hash: number, name: string): void {
    const { size } = this.young;
    if (
      size >= MOST_NAMES ||
      (size >= SMALLEST_TABLE / 2 && this.lookups > size * LOOKUPS_PER_NAME)
    ) {
      this.old = this.young;
      this.young = new Generation();
      this.lookups = 0;
    }
    this.young.add(hash, name);
  }
}

/** An open-addressed hash table that only grows. */
class Generation {
  size = 0;
  private names = new Array<string | undefined>(SMALLEST_TABLE).fill(undefined);
  private hashes = new Int32Array(SMALLEST_TABLE);

  find(hash: number, bytes: Uint8Array, start: number, end: number): string | undefined {
    const names = this.names;
    const hashes = this.hashes;
    const mask = hashes.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = (hash + probe) & mask;
      const name = names[slot];
      if (name === undefined) return undefined;
      if (hashes[slot] === hash && equals(name, bytes, start, end)) return name;
    }
    return undefined;
  }

  /** Adds a name that is not there. */
  add(hash: number, name: string): void {
    if (++this.size > this.hashes.length / 2) this.grow();
    this.put(hash, name);
  }

  private put(hash: number, name: string): void {
    const mask = this.hashes.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = (hash + probe) & mask;
      if (this.names[slot] !== undefined) continue;
      this.names[slot] = name;
      this.hashes[slot] = hash;
      return;
    }
  }

  private grow(): void {
    const names = this.names;
    const hashes = this.hashes;
    this.names = new Array<string | undefined>(names.length * 2).fill(undefined);
    this.hashes = new Int32Array(hashes.length * 2);
    for (const [slot, name] of names.entries()) {
      if (name !== undefined) this.put(hashes[slot] ?? 0, name);
    }
  }
}

/** The upper bits of a hash into the lower ones, which choose the slot. */
function mixed(hash: number): number {
  return hash ^ (hash >>> 15);
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
