import type { BinaryString } from '../../apimachinery/protobuf-writer.ts';

/** An encoded item. Only the moment of the request is another one in each answer. */
export interface StampedBytes {
  readonly bytes: BinaryString;
  /** Where that moment stands; -1: nowhere. */
  readonly stampAt: number;
}

/** Room for items that become longer, as a share of what is needed. */
const SPARE_SHARE = 1 / 16;

/**
 * The encoded items of one run, one behind the other in one Buffer. What has changed is written in its place; who still
 * reads the bytes as they were holds them.
 */
export class EncodedRun {
  /** What the bytes say of each place (ItemRun.revise); 0 of one that turned out to have no item. */
  #revisions = new Uint32Array();
  #bytes = RunBytes.of([], () => ABSENT);

  /**
   * The bytes as of now: `encode` is asked for the places whose revision is another one than last time, unless it is 0. Where
   * it finds no item, it is asked again next time.
   * They stay as they are until the next turn, or as long as they are held.
   */
  update(revisions: Uint32Array, encode: (place: number) => StampedBytes | undefined): RunBytes {
    if (this.#revisions.length === 0) {
      const told = revisions.slice();
      this.#bytes = RunBytes.of(told, (place) => {
        const item = encode(place);
        if (item === undefined) told[place] = 0;
        return item ?? ABSENT;
      });
      this.#revisions = told;
      return this.#bytes;
    }
    for (let place = 0; place < revisions.length; place++) {
      const revision = revisions[place] ?? 0;
      if (revision === this.#revisions[place]) continue;
      if (this.#bytes.isHeld) this.#bytes = this.#bytes.copy();
      const item = revision === 0 ? undefined : encode(place);
      this.#bytes.replace(place, item ?? ABSENT);
      this.#revisions[place] = item === undefined ? 0 : revision;
    }
    return this.#bytes;
  }
}

const ABSENT: StampedBytes = { bytes: '', stampAt: -1 };

/** Bytes of items, and where the moment of the request stands in them. */
export class RunBytes {
  #buffer = Buffer.alloc(0);
  /** Where the item of each place ends; it begins where the one before ends. */
  readonly #ends: Uint32Array;
  /** From the beginning of the item; -1: nowhere. */
  readonly #stamps: Int32Array;
  /** What stands there in all items; undefined: different moments. */
  #stamp: Buffer | undefined;
  #holders = 0;

  private constructor(ends: Uint32Array, stamps: Int32Array) {
    this.#ends = ends;
    this.#stamps = stamps;
  }

  /** All places for the first time, none where the revision is 0. */
  static of(revisions: ArrayLike<number>, encode: (place: number) => StampedBytes): RunBytes {
    const { length } = revisions;
    const run = new RunBytes(new Uint32Array(length), new Int32Array(length).fill(-1));
    const texts: BinaryString[] = [];
    let end = 0;
    for (let place = 0; place < length; place++) {
      const { bytes, stampAt } = revisions[place] === 0 ? ABSENT : encode(place);
      texts.push(bytes);
      end += bytes.length;
      run.#ends[place] = end;
      run.#stamps[place] = stampAt;
    }
    run.#buffer = Buffer.allocUnsafeSlow(roomFor(end));
    run.#buffer.write(texts.join(''), 'latin1');
    return run;
  }

  get length(): number {
    return this.#ends.at(-1) ?? 0;
  }

  get isHeld(): boolean {
    return this.#holders > 0;
  }

  /** To be released as often. */
  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
  }

  copy(): RunBytes {
    const copy = new RunBytes(this.#ends.slice(), this.#stamps.slice());
    copy.#buffer = Buffer.allocUnsafeSlow(this.#buffer.length);
    this.#buffer.copy(copy.#buffer, 0, 0, this.length);
    return copy;
  }

  replace(place: number, { bytes, stampAt }: StampedBytes): void {
    const start = this.#startOf(place);
    const end = this.#ends[place] ?? 0;
    const more = bytes.length - (end - start);
    if (more !== 0) this.#move(place, end, more);
    this.#buffer.write(bytes, start, 'latin1');
    this.#stamps[place] = stampAt;
    this.#stamp = undefined;
  }

  /** Writes all bytes to `target` from `at` on, with `stamp` as the moment of the request. */
  writeTo(target: Buffer, at: number, stamp: Buffer): void {
    if (!this.#stamp?.equals(stamp)) this.#putStamp(stamp);
    this.#buffer.copy(target, at, 0, this.length);
  }

  /** In our own bytes: whoever holds them has them stamped anew, too. Requests of one second share a moment. */
  #putStamp(stamp: Buffer): void {
    const bytes = this.#buffer;
    let start = 0;
    for (let place = 0; place < this.#ends.length; place++) {
      const stampAt = this.#stamps[place] ?? -1;
      if (stampAt >= 0) {
        for (let digit = 0; digit < stamp.length; digit++) {
          bytes[start + stampAt + digit] = stamp[digit] ?? 0;
        }
      }
      start = this.#ends[place] ?? 0;
    }
    this.#stamp = stamp;
  }

  #startOf(place: number): number {
    return place === 0 ? 0 : (this.#ends[place - 1] ?? 0);
  }

  /** Moves what stands behind a place. */
  #move(place: number, end: number, more: number): void {
    const { length } = this;
    const needed = length + more;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(roomFor(needed));
      this.#buffer.copy(larger, 0, 0, length);
      this.#buffer = larger;
    }
    this.#buffer.copyWithin(end + more, end, length);
    for (let after = place; after < this.#ends.length; after++) {
      this.#ends[after] = (this.#ends[after] ?? 0) + more;
    }
  }
}

function roomFor(bytes: number): number {
  return Math.ceil(bytes * (1 + SPARE_SHARE));
}
