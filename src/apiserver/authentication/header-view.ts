import { textOfBytes } from '../../apimachinery/byte-text.ts';

/**
 * The header fields of a request as they came, one value a line. Made from Node's `rawHeaders`, because
 * `headers` joins repeated lines with a comma, and a group name may contain one.
 */
export class HeaderView {
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  /** `rawHeaders`: name, value, name, value ... with one character a byte, as node:http gives them. */
  constructor(rawHeaders: readonly string[]) {
    this.#names = rawHeaders
      .filter((_, index) => index % 2 === 0)
      .map((name) => name.toLowerCase());
    this.#values = rawHeaders.filter((_, index) => index % 2 === 1);
  }

  /** The first value; undefined when there is no such line. */
  get(name: string): string | undefined {
    const index = this.#names.indexOf(name.toLowerCase());
    return index === -1 ? undefined : this.#valueAt(index);
  }

  /** The values of all lines with this name (in any case), in their order. */
  values(name: string): string[] {
    const wanted = name.toLowerCase();
    return [...this.#names.keys()]
      .filter((index) => this.#names[index] === wanted)
      .map((index) => this.#valueAt(index));
  }

  /** The lines whose lower-cased name begins with the prefix (in any case), names without it. */
  withPrefix(prefix: string): { rest: string; value: string }[] {
    const start = prefix.toLowerCase();
    return [...this.#names.entries()]
      .filter(([, name]) => name.startsWith(start))
      .map(([index, name]) => ({ rest: name.slice(start.length), value: this.#valueAt(index) }));
  }

  /** Go's clients send UTF-8; Node reads one character a byte. */
  #valueAt(index: number): string {
    return textOfBytes(this.#values[index] ?? '');
  }
}
