/**
 * A document that can be changed in one place without touching the rest: every scalar keeps the text that
 * it had, and what is written again without a change is equal to the byte.
 */
export type Tree = Mapping | Sequence | Scalar;

export interface Mapping {
  readonly kind: 'mapping';
  /** In the order of the text; names may repeat, since a text may be wrong in that way, too. */
  readonly entries: readonly (readonly [name: string, value: Tree])[];
}

export interface Sequence {
  readonly kind: 'sequence';
  readonly items: readonly Tree[];
}

export interface Scalar {
  readonly kind: 'scalar';
  readonly value: Plain;
  /** As it stands in the text; undefined of a value that an edit put there. */
  readonly raw?: string;
}

export type Plain = string | number | boolean | null;

/** A value as one would write it in JSON. */
export type Value = Plain | readonly Value[] | { readonly [name: string]: Value };

export function scalar(value: Plain, raw?: string): Scalar {
  return { kind: 'scalar', value, ...(raw !== undefined && { raw }) };
}

export function sequence(items: readonly Tree[]): Sequence {
  return { kind: 'sequence', items };
}

export function mapping(entries: Mapping['entries']): Mapping {
  return { kind: 'mapping', entries };
}

export function treeOf(value: Value): Tree {
  if (Array.isArray(value)) return sequence((value as readonly Value[]).map(treeOf));
  if (typeof value === 'object' && value !== null) {
    return mapping(Object.entries(value).map(([name, member]) => [name, treeOf(member)]));
  }
  return scalar(value);
}

/** Its members sorted by name, all the way down: as YAML has them. */
export function sorted(tree: Tree): Tree {
  if (tree.kind === 'sequence') return sequence(tree.items.map(sorted));
  if (tree.kind === 'scalar') return tree;
  const entries = tree.entries.map(([name, value]) => [name, sorted(value)] as const);
  return mapping(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

/** What is found by walking along the names; undefined when it ends before. */
export function treeAt(tree: Tree | undefined, ...names: readonly string[]): Tree | undefined {
  const [name, ...rest] = names;
  if (name === undefined || tree === undefined) return tree;
  if (tree.kind !== 'mapping') return undefined;
  return treeAt(tree.entries.find(([key]) => key === name)?.[1], ...rest);
}

/** The text found there; '' when there is none. */
export function textAt(tree: Tree | undefined, ...names: readonly string[]): string {
  const found = treeAt(tree, ...names);
  return found?.kind === 'scalar' && typeof found.value === 'string' ? found.value : '';
}

/** The items of the sequence found there; none when there is no sequence. */
export function itemsAt(tree: Tree | undefined, ...names: readonly string[]): readonly Tree[] {
  const found = treeAt(tree, ...names);
  return found?.kind === 'sequence' ? found.items : [];
}

/** With another value for the member, which is added at the end when there is none of this name. */
export function withMember(tree: Tree, name: string, value: Tree): Tree {
  if (tree.kind !== 'mapping') throw new TypeError(`Cannot set "${name}" of a ${tree.kind}`);
  const isThere = tree.entries.some(([key]) => key === name);
  return mapping(
    isThere
      ? tree.entries.map(([key, old]) => [key, key === name ? value : old])
      : [...tree.entries, [name, value]],
  );
}

/** Every member, from the outside in, put through `change`, which is told its name. */
export function mapMembers(tree: Tree, change: (name: string, value: Tree) => Tree): Tree {
  if (tree.kind === 'scalar') return tree;
  if (tree.kind === 'sequence') return sequence(tree.items.map((item) => mapMembers(item, change)));
  return mapping(
    tree.entries.map(([name, value]) => [name, mapMembers(change(name, value), change)]),
  );
}
