import { type Tree, mapping, scalar, sequence } from './tree.ts';

/** Go's encoders know two layouts: nothing between the tokens, or one member a line, two blanks a level. */
export type JsonLayout = 'compact' | 'indented';

const NUMBER_OR_WORD = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const BLANKS = /[ \t\r\n]*/y;
const MOST_LEVELS = 100;

/** @throws SyntaxError saying where it is no JSON. Duplicate members are kept. */
export function parseJson(text: string): Tree {
  const reader = new JsonReader(text);
  const tree = reader.value(0);
  reader.end();
  return tree;
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(level: number): Tree {
    if (level > MOST_LEVELS) throw new SyntaxError(`JSON deeper than ${MOST_LEVELS} levels`);
    this.#take(BLANKS);
    const first = this.#text[this.#at];
    if (first === '{') return mapping(this.#list('}', () => this.#member(level)));
    if (first === '[') return sequence(this.#list(']', () => this.value(level + 1)));
    const raw = this.#take(first === '"' ? STRING : NUMBER_OR_WORD);
    return scalar(JSON.parse(raw) as string | number | boolean | null, raw);
  }

  end(): void {
    this.#take(BLANKS);
    if (this.#at !== this.#text.length) this.#fail('the end');
  }

  #member(level: number): readonly [string, Tree] {
    const name = JSON.parse(this.#take(STRING)) as string;
    this.#take(BLANKS);
    if (!this.#skip(':')) this.#fail('":"');
    return [name, this.value(level + 1)];
  }

  #list<Item>(close: string, item: () => Item): Item[] {
    const items: Item[] = [];
    this.#at += 1;
    this.#take(BLANKS);
    if (this.#skip(close)) return items;
    do {
      this.#take(BLANKS);
      items.push(item());
      this.#take(BLANKS);
    } while (this.#skip(','));
    if (!this.#skip(close)) this.#fail(`"${close}"`);
    return items;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return this.#fail('a value');
    this.#at += found.length;
    return found;
  }

  #fail(expected: string): never {
    throw new SyntaxError(
      `expected ${expected} at byte ${this.#at} of the JSON, got ${JSON.stringify(this.#text.slice(this.#at, this.#at + 20))}`,
    );
  }
}

export function writeJson(tree: Tree, layout: JsonLayout, indent = ''): string {
  if (tree.kind === 'scalar') return tree.raw ?? goString(tree.value);
  const [open, close] = tree.kind === 'mapping' ? '{}' : '[]';
  const inner = `${indent}  `;
  const parts =
    tree.kind === 'mapping'
      ? tree.entries.map(([name, value]) => {
          const colon = layout === 'compact' ? ':' : ': ';
          return `${goString(name)}${colon}${writeJson(value, layout, inner)}`;
        })
      : tree.items.map((item) => writeJson(item, layout, inner));
  if (parts.length === 0) return `${open}${close}`;
  if (layout === 'compact') return `${open}${parts.join(',')}${close}`;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** Go's encoding/json writes these characters so that the text may stand in a page of HTML. */
function goString(value: string | number | boolean | null): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
