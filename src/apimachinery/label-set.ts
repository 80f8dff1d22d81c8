import { compareBytes } from './byte-order.ts';
import { quoteJson } from './json-text.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { BinaryString } from './protobuf-writer.ts';

/** What a selector needs to know of an object's labels. */
export interface Labels {
  get(key: string): string | undefined;
  has(key: string): boolean;
}

/**
 * The labels of an object: immutable, in byte order of the keys, as they are served.
 *
 * Its JSON is all that is kept. A third of all pods have labels of their own (those of StatefulSets have their pod's
 * name), and lists of keys and values would be several times as large as the text, which is wanted anyway.
 */
export class LabelSet implements Labels {
  static readonly empty = new LabelSet('{}');

  /** The labels as a JSON object: `{"a":"1","b":"2"}`. Equal for equal labels. */
  readonly json: string;
  private fields: BinaryString | undefined = undefined;

  protected constructor(json: string) {
    this.json = json;
  }

  /** The last of several entries with one key counts. */
  static of(entries: Iterable<readonly [string, string]>): LabelSet {
    const json = jsonOf(entries);
    return json === LabelSet.empty.json ? LabelSet.empty : new LabelSet(json);
  }

  get size(): number {
    return this.entries().length;
  }

  /** Keys and values, by key. Worked out anew each time. */
  entries(): (readonly [string, string])[] {
    const labels = JSON.parse(this.json) as Readonly<Record<string, string>>;
    return Object.entries(labels).sort(byKey); // an object's own order is another one for keys that are numbers
  }

  /** The labels as they stand in a protobuf ObjectMeta: field 11, one entry each. Written once. */
  get protobuf(): BinaryString {
    return (this.fields ??= this.entries()
      .reduce(
        (writer, [key, value]) =>
          writer.message(11, new ProtobufWriter().string(1, key).string(2, value)),
        new ProtobufWriter(),
      )
      .toBinary());
  }

  get(key: string): string | undefined {
    const { json } = this;
    if (NEVER_ESCAPED.test(key) && !json.includes('\\')) {
      // Without escapes every quote is one of JSON's own, and none but a key is followed by a colon.
      const before = `"${key}":"`;
      const at = json.indexOf(before);
      if (at < 0) return undefined;
      const from = at + before.length;
      return json.slice(from, json.indexOf('"', from));
    }
    return this.entries().find(([known]) => known === key)?.[1];
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }
}

/** What keys of labels are made of (label-syntax.ts). */
const NEVER_ESCAPED = /^[\w./-]+$/;

function jsonOf(entries: Iterable<readonly [string, string]>): string {
  const parts = ['{'];
  for (const [key, value] of [...new Map(entries)].sort(byKey)) {
    parts.push(parts.length === 1 ? '' : ',', quoteJson(key), ':', quoteJson(value));
  }
  parts.push('}');
  return parts.join(''); // not added up: a sum of strings is kept as the tree of its parts
}

function byKey([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return compareBytes(left, right);
}

class HeldLabelSet extends LabelSet {
  holders = 1;

  static override of(entries: Iterable<readonly [string, string]>): HeldLabelSet {
    return new HeldLabelSet(jsonOf(entries));
  }
}

/**
 * Lets objects with equal labels (the pods of one Deployment) share one LabelSet. Whoever interns also
 * releases; a set is forgotten when its last holder has released it.
 */
export class LabelSetInterner {
  private readonly held = new Map<string, HeldLabelSet>();

  /** How many different sets are held; the empty one is not counted. */
  get size(): number {
    return this.held.size;
  }

  intern(entries: Iterable<readonly [string, string]>): LabelSet {
    const set = HeldLabelSet.of(entries);
    if (set.json === LabelSet.empty.json) return LabelSet.empty;
    const known = this.held.get(set.json);
    if (known) {
      known.holders++;
      return known;
    }
    this.held.set(set.json, set);
    return set;
  }

  /** @throws Error when the set is not held: somebody has released twice. */
  release(set: LabelSet): void {
    if (set === LabelSet.empty) return;
    const known = this.held.get(set.json);
    if (!known) throw new Error(`Cannot release labels: not held, got ${set.json}`);
    if (--known.holders === 0) this.held.delete(set.json);
  }
}
