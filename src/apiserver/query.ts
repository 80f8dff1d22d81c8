import { textOfBytes } from '../apimachinery/byte-text.ts';

/** The parameters of a URL, as Go's net/url reads them: the values of a name in their order. */
export class Query {
  static readonly #none = new Query(new Map());
  readonly #values: ReadonlyMap<string, readonly string[]>;

  private constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /**
   * Reads what stands after the `?`, one character a byte, as node:http gives it. As Go does, a pair with a
   * broken percent escape or a semicolon is dropped, and `+` is a space.
   */
  static parse(text: string): Query {
    if (text === '') return Query.#none;
    const values = new Map<string, string[]>();
    for (const pair of text.split('&')) {
      if (pair === '' || pair.includes(';')) continue;
      const equals = pair.indexOf('=');
      const name = unescapeQuery(equals === -1 ? pair : pair.slice(0, equals));
      const value = unescapeQuery(equals === -1 ? '' : pair.slice(equals + 1));
      if (name === undefined || value === undefined) continue;
      const known = values.get(name);
      if (known) known.push(value);
      else values.set(name, [value]);
    }
    return new Query(values);
  }

  /** The first value, which is the one that counts; undefined when the parameter is not there at all. */
  get(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }
}

function unescapeQuery(text: string): string | undefined {
  return percentDecode(text.replaceAll('+', ' '));
}

/**
 * Decodes `%XX` byte by byte, then reads the bytes as UTF-8; those that are none as textOfBytes does.
 * Undefined when an escape is broken. decodeURIComponent would throw for bytes that are not UTF-8; Go takes them.
 * @param text one character a byte, as node:http gives it.
 */
export function percentDecode(text: string): string | undefined {
  if (!text.includes('%')) return textOfBytes(text);
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_escape, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return textOfBytes(bytes);
}
