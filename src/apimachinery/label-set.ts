import { compareBytes } from './byte-order.ts';
import { quoteJson } from './json-text.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { BinaryString } from './protobuf-writer.ts';

/** What a selector needs to know of an object's labels. */
export interface Labels {
  get(key: string): string | undefined;
  has(key: string): boolean;
}

/** The labels of an object: immutable, in byte order of the keys, as they are served. */
export class LabelSet implements Labels {
  static readonly empty = new LabelSet([], []);

  readonly keys: readonly string[];
  /** values[i] belongs to keys[i]. */
  readonly values: readonly string[];
  private text: string | undefined;
  private fields: BinaryString | undefined;

  private constructor(keys: readonly string[], values: readonly string[]) {
    this.keys = keys;
    this.values = values;
  }

  /** The last of several entries with one key counts. */
  static of(entries: Iterable<readonly [string, string]>): LabelSet {
    const byKey = new Map(entries);
    if (byKey.size === 0) return LabelSet.empty;
    const sorted = [...byKey].sort(([left], [right]) => compareBytes(left, right));
    return new LabelSet(
      sorted.map(([key]) => key),
      sorted.map(([, value]) => value),
    );
  }

  get size(): number {
    return this.keys.length;
  }

  /** The labels as a JSON object, written once: `{"a":"1","b":"2"}`. */
  get json(): string {
    return (this.text ??= `{${this.keys
      .map((key, at) => `${quoteJson(key)}:${quoteJson(this.values[at] ?? '')}`)
      .join(',')}}`);
  }

  /** The labels as they stand in a protobuf ObjectMeta: field 11, one entry each. Written once. */
  get protobuf(): BinaryString {
    return (this.fields ??= this.keys
      .reduce((writer, key, at) => {
        const value = this.values[at] ?? '';
        return writer.message(11, new ProtobufWriter().string(1, key).string(2, value));
      }, new ProtobufWriter())
      .toBinary());
  }

  get(key: string): string | undefined {
    const at = this.keys.indexOf(key);
    return at < 0 ? undefined : this.values[at];
  }

  has(key: string): boolean {
    return this.keys.includes(key);
  }
}

/**
 * Lets objects with equal labels (the pods of one Deployment) share one LabelSet. Whoever interns also
 * releases; a set is forgotten when its last holder has released it.
 */
export class LabelSetInterner {
  private readonly held = new Map<string, { readonly set: LabelSet; holders: number }>();

  /** How many different sets are held; the empty one is not counted. */
  get size(): number {
    return this.held.size;
  }

  intern(entries: Iterable<readonly [string, string]>): LabelSet {
    const set = LabelSet.of(entries);
    if (set.size === 0) return set;
    const known = this.held.get(set.json);
    if (known) {
      known.holders++;
      return known.set;
    }
    this.held.set(set.json, { set, holders: 1 });
    return set;
  }

  /** @throws Error when the set is not held: somebody has released twice. */
  release(set: LabelSet): void {
    if (set.size === 0) return;
    const known = this.held.get(set.json);
    if (!known) throw new Error(`Cannot release labels: not held, got ${set.json}`);
    if (--known.holders === 0) this.held.delete(set.json);
  }
}
