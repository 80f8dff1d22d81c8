import { textOfBytes } from '../../apimachinery/byte-text.ts';

/**
 * The header fields of a request as they came, one value a line. Made from Node's `rawHeaders`, because
 * `headers` joins repeated lines with a comma, and a group name may contain one.
 */
export class HeaderView {
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  /** `rawHeaders`: name, value, name, value ... with one character a byte, as node:http gives them. */
  constructor(rawHeaders: readonly string[]) {
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      this.#names.push((rawHeaders[index] ?? '').toLowerCase());
      this.#values.push(rawHeaders[index + 1] ?? '');
    }
  }

  /** The first value; undefined when there is no such line. */
  get(name: string): string | undefined {
    const index = this.#names.indexOf(name.toLowerCase());
    return index === -1 ? undefined : this.#valueAt(index);
  }

  /** The values of all lines with this name (in any case), in their order. */
  values(name: string): string[] {
    const wanted = name.toLowerCase();
    const found: string[] = [];
    for (let index = 0; index < this.#names.length; index++) {
      if (this.#names[index] === wanted) found.push(this.#valueAt(index));
    }
    return found;
  }

  /** The lines whose lower-cased name begins with the prefix (in any case), names without it. */
  withPrefix(prefix: string): { rest: string; value: string }[] {
    const start = prefix.toLowerCase();
    const found: { rest: string; value: string }[] = [];
    for (let index = 0; index < this.#names.length; index++) {
      const name = this.#names[index] ?? '';
      if (!name.startsWith(start)) continue;
      found.push({ rest: name.slice(start.length), value: this.#valueAt(index) });
    }
    return found;
  }

  /** Go's clients send UTF-8; Node reads one character a byte. */
  #valueAt(index: number): string {
    return textOfBytes(this.#values[index] ?? '');
  }
}
