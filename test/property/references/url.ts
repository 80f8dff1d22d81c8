/** The value of a hexadecimal digit; -1 for any other byte. */
function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  return '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase());
}

/** Replaces `%XX` by its byte; undefined where a percent sign stands without two digits behind it. */
export function unescapeBytes(
  bytes: readonly number[],
  plusIsSpace: boolean,
): number[] | undefined {
  const result: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x25) {
      const high = hexValue(bytes[at + 1]);
      const low = hexValue(bytes[at + 2]);
      if (high < 0 || low < 0) return undefined;
      result.push(high * 16 + low);
      at += 2;
    } else result.push(plusIsSpace && byte === 0x2b ? 0x20 : byte);
  }
  return result;
}

/**
 * A byte that is no UTF-8 becomes a lone surrogate (0xff is U+DCFF), as the server reads it: Go's strings
 * hold any bytes.
 */
export function textOf(bytes: readonly number[]): string {
  const whole = utf8Of(bytes);
  if (whole !== undefined) return whole;
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const found = [1, 2, 3, 4]
      .filter((count) => at + count <= bytes.length)
      .map((count) => ({ count, letter: utf8Of(bytes.slice(at, at + count)) }))
      .find(({ letter }) => letter !== undefined);
    text += found?.letter ?? String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    at += found?.count ?? 1;
  }
  return text;
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined when a byte is no UTF-8. */
function utf8Of(bytes: readonly number[]): string | undefined {
  if (bytes.every((byte) => byte < 0x80)) return String.fromCharCode(...bytes);
  try {
    return STRICT.decode(Uint8Array.from(bytes));
  } catch {
    return undefined; // `fatal` throws for nothing else
  }
}

/** One character a byte, as the server gets it. */
export function bytesOf(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

/**
 * Go's url.ParseQuery (contract.md 3.8), byte by byte: the values of each name in their order. A pair with
 * a semicolon or a broken escape is left out.
 */
export function readQuery(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const pair of split(bytesOf(text), 0x26)) {
    if (pair.length === 0 || pair.includes(0x3b)) continue;
    const [name = [], ...rest] = split(pair, 0x3d);
    const key = unescapeBytes(name, true);
    const value = unescapeBytes(joined(rest, 0x3d), true);
    if (key && value) values.set(textOf(key), [...(values.get(textOf(key)) ?? []), textOf(value)]);
  }
  return values;
}

function split(bytes: readonly number[], separator: number): number[][] {
  const parts: number[][] = [[]];
  for (const byte of bytes) {
    if (byte === separator) parts.push([]);
    else parts.at(-1)?.push(byte);
  }
  return parts;
}

function joined(parts: readonly (readonly number[])[], separator: number): number[] {
  return parts.flatMap((part, index) => (index === 0 ? part : [separator, ...part]));
}
