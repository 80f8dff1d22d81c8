import { type Plain, type Tree, mapping, scalar, sequence } from './tree.ts';

/**
 * Reads the part of YAML that sigs.k8s.io/yaml writes for objects of Kubernetes: block mappings and
 * sequences, `{}` and `[]`, scalars on one line or continued on deeper lines. Anything else is refused or
 * does not come out again as it went in, which the caller looks for.
 *
 * @throws SyntaxError naming the line.
 */
export function parseYaml(text: string): Tree {
  if (!text.endsWith('\n')) throw new SyntaxError('expected YAML that ends with a line break');
  const reader = new YamlReader(text.slice(0, -1).split('\n'));
  const tree = reader.block(0);
  reader.end();
  return tree;
}

const ENTRY = /^("(?:[^"\\]|\\.)*"|[^\s"'#{}[\],&*!|>%@`-][^\s#]*?|-?[\w./-]+):(?: (.*))?$/;

class YamlReader {
  readonly #lines: string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = [...lines];
  }

  /** The block whose lines begin at this column. */
  block(column: number): Tree {
    const line = this.#line(column);
    if (line === undefined) throw this.#error('a block');
    if (line === '-' || line.startsWith('- ')) return this.#sequence(column);
    return ENTRY.test(line) ? this.#mapping(column) : this.#scalar(line, column);
  }

  end(): void {
    if (this.#at < this.#lines.length) throw this.#error('the end');
  }

  #sequence(column: number): Tree {
    const items: Tree[] = [];
    for (let line = this.#line(column); line?.startsWith('- '); line = this.#line(column)) {
      // The item begins two columns further on the same line.
      this.#lines[this.#at] = `${' '.repeat(column + 2)}${line.slice(2)}`;
      items.push(this.block(column + 2));
    }
    return sequence(items);
  }

  #mapping(column: number): Tree {
    const entries: [string, Tree][] = [];
    for (let line = this.#line(column); line !== undefined; line = this.#line(column)) {
      const [, name, rest] = ENTRY.exec(line) ?? [];
      if (name === undefined || line.startsWith('- ')) break;
      const key = name.startsWith('"') ? (JSON.parse(name) as string) : name;
      if (rest !== undefined) {
        entries.push([key, this.#scalar(rest, column + 1)]);
        continue;
      }
      this.#at += 1;
      // A sequence below a name begins in the column of the name, a mapping two further.
      const nested = this.#line(column)?.startsWith('- ') === true ? column : column + 2;
      entries.push([key, this.block(nested)]);
    }
    return mapping(entries);
  }

  /** The scalar that begins with this text on the current line and goes on over all deeper lines. */
  #scalar(first: string, column: number): Tree {
    const raw = [first];
    this.#at += 1;
    for (;;) {
      const line = this.#lines[this.#at];
      if (line === undefined || (line !== '' && !line.startsWith(' '.repeat(column)))) break;
      raw.push(line);
      this.#at += 1;
    }
    if (first === '{}') return mapping([]);
    if (first === '[]') return sequence([]);
    return scalar(plainOf(raw.join('\n')), raw.join('\n'));
  }

  /** The current line from this column on; undefined when it does not begin there. */
  #line(column: number): string | undefined {
    const line = this.#lines[this.#at];
    return line?.search(/[^ ]/) === column ? line.slice(column) : undefined;
  }

  #error(expected: string): SyntaxError {
    return new SyntaxError(
      `expected ${expected} on line ${this.#at + 1} of the YAML, got ${JSON.stringify(this.#lines[this.#at] ?? '')}`,
    );
  }
}

const WORDS = new Map<string, Plain>([
  ['null', null],
  ['true', true],
  ['false', false],
]);

function plainOf(raw: string): Plain {
  if (raw.startsWith('"') && !raw.includes('\n')) return JSON.parse(raw) as string;
  if (raw.startsWith("'")) return raw.slice(1, -1).replaceAll("''", "'");
  const word = WORDS.get(raw);
  if (word !== undefined) return word;
  return /^-?\d+$/.test(raw) ? Number(raw) : raw;
}

export function writeYaml(tree: Tree): string {
  return `${block(tree, '').join('\n')}\n`;
}

function block(tree: Tree, indent: string): string[] {
  if (isEmpty(tree) || tree.kind === 'scalar') return [`${indent}${inline(tree)}`];
  if (tree.kind === 'sequence') {
    return tree.items.flatMap((item) => {
      const [first = '', ...rest] = block(item, `${indent}  `);
      return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
    });
  }
  return tree.entries.flatMap(([name, value]) => {
    const key = `${indent}${text(name)}:`;
    if (isEmpty(value) || value.kind === 'scalar') {
      return [
        value.kind === 'scalar' && value.raw !== undefined
          ? `${key} ${value.raw}`
          : folded(`${key} ${inline(value)}`, indent),
      ];
    }
    return [key, ...block(value, value.kind === 'sequence' ? indent : `${indent}  `)];
  });
}

const WIDTH = 80;

/** Go's writer breaks a line at the first single blank beyond its width. */
function folded(line: string, indent: string): string {
  const [first = '', ...words] = line.split(/(?<=\S) (?=\S)/);
  let text = first;
  let column = first.length;
  for (const word of words) {
    const isFull = column > WIDTH;
    text += isFull ? `\n${indent}  ${word}` : ` ${word}`;
    column = (isFull ? indent.length + 2 : column + 1) + word.length;
  }
  return text;
}

function isEmpty(tree: Tree): boolean {
  if (tree.kind === 'mapping') return tree.entries.length === 0;
  return tree.kind === 'sequence' && tree.items.length === 0;
}

function inline(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'mapping' ? '{}' : '[]';
  return tree.raw ?? (typeof tree.value === 'string' ? text(tree.value) : String(tree.value));
}

const INDICATOR = /^[-?:,[\]{}#&*!|>'"%@`\s]|: |:$| #|\s$|[^\x20-\x7e]/;
const OTHER_TYPE =
  /^(?:[\d.+-][\d._]*(?:[eE][+-]?\d+)?|0[xob]\w+|\d{4}-\d\d-\d\d.*|y|n|yes|no|on|off|true|false|null|~|\.nan|\.inf|)$/i;

/** Quoted when it could be read as something else than text: a number, a moment, a word of YAML. */
function text(value: string): string {
  if (OTHER_TYPE.test(value)) return JSON.stringify(value);
  return INDICATOR.test(value) ? `'${value.replaceAll("'", "''")}'` : value;
}
