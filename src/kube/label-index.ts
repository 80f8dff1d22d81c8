import type { LabelRequirement, LabelSelector } from '../apimachinery/label-selector.ts';
import type { LabelSet } from '../apimachinery/label-set.ts';

/** Up to so many different label sets are looked at one by one, without an index. */
const WALKED_LABEL_SETS = 16;
/** Keys come from clients: who asks for more drops the one that was made first. */
const MAX_INDEXED_KEYS = 16;

/**
 * By value of a label: the sets that have it. Most values have one (names of applications and pods), which then stands for
 * itself: a Set of one takes 150 bytes.
 */
type SetsByValue = Map<string, LabelSet | Set<LabelSet>>;

/** For one label key: which sets have it, by value. */
interface KeyIndex {
  readonly byValue: SetsByValue;
  /** False while somebody goes through the sets that there were before it; newer ones are in it already. */
  isComplete: boolean;
}

/**
 * Which of the label sets of a namespace have a label with a value, for the keys that clients ask for. What takes long is
 * a generator: it yields after each set it has looked at, and there sets may come and go.
 */
export class LabelIndex {
  private readonly sets: ReadonlyMap<LabelSet, unknown>;
  private readonly keys = new Map<string, KeyIndex>();

  /** `sets` has the label sets that there are as its keys, at all times. */
  constructor(sets: ReadonlyMap<LabelSet, unknown>) {
    this.sets = sets;
  }

  /** A set is new among the sets. */
  add(labels: LabelSet): void {
    for (const [key, { byValue }] of this.keys) indexLabels(byValue, key, labels);
  }

  /** A set is no longer among the sets. */
  delete(labels: LabelSet): void {
    for (const [key, { byValue }] of this.keys) {
      const value = labels.get(key);
      if (value === undefined) continue;
      const sets = byValue.get(value);
      if (sets instanceof Set) sets.delete(labels);
      if (sets === labels || (sets instanceof Set && sets.size === 0)) byValue.delete(value);
    }
  }

  /** The sets that match. Undefined where they may be more than `limit`, and to find them would cost as much. */
  *matching(
    selector: LabelSelector,
    limit: number,
  ): Generator<undefined, readonly LabelSet[] | undefined> {
    const candidates = yield* this.candidates(selector);
    if (sizeOf(candidates) > limit) return undefined;
    const found: LabelSet[] = [];
    for (const sets of candidates) {
      for (const labels of sets) {
        if (selector.matches(labels)) found.push(labels);
        yield;
      }
    }
    return found;
  }

  /** The sets that may match: of the requirements with values to be equal to, those of the one with the fewest. */
  private *candidates(selector: LabelSelector): Generator<undefined, readonly Sets[]> {
    const all = [{ size: this.sets.size, [Symbol.iterator]: () => this.sets.keys() }];
    if (this.sets.size <= WALKED_LABEL_SETS) return all;
    let fewest: readonly Sets[] = all;
    for (const requirement of selector.requirements) {
      if (!isEquality(requirement)) continue;
      const byValue = yield* this.valuesOf(requirement.key);
      const sets = byValue && requirement.values.flatMap((value) => setsOf(byValue, value));
      if (sets && sizeOf(sets) < sizeOf(fewest)) fewest = sets;
    }
    return fewest;
  }

  /** Undefined while another reader is making the index of this key. */
  private *valuesOf(key: string): Generator<undefined, SetsByValue | undefined> {
    const known = this.keys.get(key);
    if (known) return known.isComplete ? known.byValue : undefined;
    const [oldest] = this.keys.keys();
    if (this.keys.size >= MAX_INDEXED_KEYS && oldest !== undefined) this.keys.delete(oldest);
    const index: KeyIndex = { byValue: new Map(), isComplete: false };
    this.keys.set(key, index);
    try {
      for (const labels of this.sets.keys()) {
        indexLabels(index.byValue, key, labels);
        yield;
      }
      index.isComplete = true;
    } finally {
      // Who asked has gone away: the next one starts anew.
      if (!index.isComplete && this.keys.get(key) === index) this.keys.delete(key);
    }
    return index.byValue;
  }
}

interface Sets extends Iterable<LabelSet> {
  readonly size: number;
}

function setsOf(byValue: SetsByValue, value: string): readonly Sets[] {
  const sets = byValue.get(value);
  if (sets === undefined) return [];
  return [sets instanceof Set ? sets : new Set([sets])];
}

function indexLabels(byValue: SetsByValue, key: string, labels: LabelSet): void {
  const value = labels.get(key);
  if (value === undefined) return;
  const sets = byValue.get(value);
  if (sets instanceof Set) sets.add(labels);
  else if (sets === undefined || sets === labels) byValue.set(value, labels);
  else byValue.set(value, new Set([sets, labels]));
}

function isEquality({ operator }: LabelRequirement): boolean {
  return operator === '=' || operator === '==' || operator === 'in';
}

function sizeOf(sets: readonly Sets[]): number {
  return sets.reduce((size, some) => size + some.size, 0);
}
