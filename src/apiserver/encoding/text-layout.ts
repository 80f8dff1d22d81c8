import { toJsonText } from '../../apimachinery/json-text.ts';
import { indentJson, lineBreak } from './indent-json.ts';

/** An object of which one member is an array of any length: what lists and Tables are. */
export interface ArrayDocument<Item> {
  /** The other members. */
  readonly members: object;
  /** The array's name; in JSON it comes last. */
  readonly key: string;
  /** Undefined: nothing yet; the reader may pause. */
  readonly items: Iterable<Item | undefined>;
  /** What stands there when there are no elements. */
  readonly whenEmpty: '[]' | 'null';
  /** One element, as compact JSON. */
  readonly textOf: (item: Item) => string;
}

/** A whole value that is JSON in any case: compact with a line break at the end, or laid out without one. */
export function jsonDocument(value: object, pretty: boolean): string {
  return (pretty ? PRETTY_JSON : COMPACT_JSON).whole(toJsonText(value));
}

/** How values are laid out as text. */
export interface TextLayout {
  /** A whole value, given as compact JSON. */
  whole(json: string): string;
  /** Piece by piece: some for each element. */
  array<Item>(document: ArrayDocument<Item>): Generator<string>;
}

/** One line with a line break at its end, as Go's json.Encoder. */
export const COMPACT_JSON: TextLayout = {
  whole: (json) => `${json}\n`,
  *array(document) {
    const head = beforeArray(document);
    let before = `${head}[`;
    for (const item of document.items) {
      if (item === undefined) {
        yield '';
        continue;
      }
      yield before + document.textOf(item);
      before = ',';
    }
    yield before === ',' ? ']}\n' : `${head}${document.whenEmpty}}\n`;
  },
};

/** Two spaces a level and no line break at the end, as Go's json.MarshalIndent. */
export const PRETTY_JSON: TextLayout = {
  whole: (json) => indentJson(json),
  *array(document) {
    const head = indentJson(`${beforeArray(document)}0}`).slice(0, -'0\n}'.length);
    let before = `${head}[`;
    for (const item of document.items) {
      if (item === undefined) {
        yield '';
        continue;
      }
      yield before + lineBreak(2) + indentJson(document.textOf(item), 2);
      before = ',';
    }
    yield before === ',' ? `${lineBreak(1)}]\n}` : `${head}${document.whenEmpty}\n}`;
  },
};

/** Everything up to the colon behind the array's name. */
export function beforeArray({
  members,
  key,
}: Pick<ArrayDocument<unknown>, 'members' | 'key'>): string {
  return toJsonText({ ...members, [key]: 0 }).slice(0, -'0}'.length);
}
