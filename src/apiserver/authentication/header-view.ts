import { textOfBytes } from '../../apimachinery/byte-text.ts';

/**
 * The header fields of a request as they came, one value a line. Made from Node's `rawHeaders`, because
 * `headers` joins repeated lines with a comma, and a group name may contain one.
 */
export class HeaderView {
  readonly #lines: readonly string[];

  /** `rawHeaders`: name, value, name, value ... with one character a byte, as node:http gives them. Read when asked. */
  constructor(rawHeaders: readonly string[]) {
    this.#lines = rawHeaders;
  }

  /** The first value; undefined when there is no such line. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    for (let at = 0; at + 1 < this.#lines.length; at += 2) {
      if (this.#isNamed(at, wanted)) return this.#valueAt(at);
    }
    return undefined;
  }

  /** The values of all lines with this name (in any case), in their order. */
  values(name: string): string[] {
    const wanted = name.toLowerCase();
    const found: string[] = [];
    for (let at = 0; at + 1 < this.#lines.length; at += 2) {
      if (this.#isNamed(at, wanted)) found.push(this.#valueAt(at));
    }
    return found;
  }

  /** The lines whose lower-cased name begins with the prefix (in any case), names without it. */
  withPrefix(prefix: string): { rest: string; value: string }[] {
    const start = prefix.toLowerCase();
    const found: { rest: string; value: string }[] = [];
    for (let at = 0; at + 1 < this.#lines.length; at += 2) {
      const name = (this.#lines[at] ?? '').toLowerCase();
      if (!name.startsWith(start)) continue;
      found.push({ rest: name.slice(start.length), value: this.#valueAt(at) });
    }
    return found;
  }

  #isNamed(at: number, lowerCaseName: string): boolean {
    const name = this.#lines[at] ?? '';
    return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName;
  }

  /** Go's clients send UTF-8; Node reads one character a byte. */
  #valueAt(at: number): string {
    return textOfBytes(this.#lines[at + 1] ?? '');
  }
}
