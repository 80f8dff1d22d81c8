/** Arrays and objects inside each other; a summary has about ten. */
export const MAX_DEPTH = 64;

export const BYTE = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  slash: 0x2f,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  upperE: 0x45,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  lowerE: 0x65,
  lowerU: 0x75,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** "}" and "]" come two behind "{" and "[" in ASCII. */
const CLOSING_ABOVE_OPENING = 2;

/** What a read beyond the last byte gives; no byte equals it. */
export const END = -1;

const NOTHING = new Uint8Array(0);
const NO_VIEW = new DataView(NOTHING.buffer);
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const LITERALS = ['null', 'true', 'false'].map((word) => Buffer.from(word));
const ESCAPABLE = new Set(Buffer.from('"\\/bfnrt'));

/**
 * A cursor over the bytes of one JSON text (RFC 8259). It accepts exactly what JSON.parse accepts, except
 * that a byte order mark may stand in front and that nesting ends at MAX_DEPTH. Nothing is allocated on the
 * way: strings and numbers are spans of the bytes. Methods that return an offset leave `pos` where it is.
 *
 * Every method that finds something else than JSON throws a SyntaxError that names the offset and what
 * was expected there; the `...End` methods, which also serve guesses, return -1 instead.
 *
 * Here and in the other parts of the decoders members are private by the compiler: #names cost a check at each call.
 */
export class JsonScanner {
  bytes: Uint8Array = NOTHING;
  /** The same bytes, to read several at once. */
  view: DataView = NO_VIEW;
  pos = 0;
  /** The key read last, without its quotes. */
  keyStart = 0;
  keyEnd = 0;
  private keyEscaped = false;
  /** Whether the string whose end was looked for last holds escapes. */
  escaped = false;

  private readonly subject: string;
  /** Whether each open level of the value being skipped is an object (1) or an array (0). */
  private readonly isObject = new Uint8Array(MAX_DEPTH + 1);
  /** Open levels of the value being skipped. */
  private level = 0;
  private errorAt = 0;
  private expected = '';

  /** @param subject what the bytes should be, for messages: "summary" */
  constructor(subject: string) {
    this.subject = subject;
  }

  /** Starts over with these bytes, at the first value. */
  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const marked = BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte);
    this.pos = this.afterSpace(marked ? BYTE_ORDER_MARK.length : 0);
  }

  /** Forgets the bytes, so that they can be collected. */
  close(): void {
    this.bytes = NOTHING;
    this.view = NO_VIEW;
  }

  /** The first byte of the value to come, or END. */
  peek(): number {
    return this.bytes[this.pos] ?? END;
  }

  /** Throws unless nothing but white space is left. */
  expectEnd(): void {
    this.pos = this.afterSpace(this.pos);
    if (this.pos < this.bytes.length) this.fail('the end');
  }

  /** Steps over `{` and to the value of the first member; false when there is none. */
  enterObject(): boolean {
    if (this.peek() !== BYTE.openBrace) this.fail('"{"');
    this.pos = this.afterSpace(this.pos + 1);
    if (this.peek() === BYTE.closeBrace) {
      this.pos++;
      return false;
    }
    this.readKey();
    return true;
  }

  /** Steps from behind a member's value to the value of the next one; false behind the closing brace. */
  nextMember(): boolean {
    this.pos = this.afterSpace(this.pos);
    const byte = this.peek();
    if (byte === BYTE.closeBrace) {
      this.pos++;
      return false;
    }
    if (byte !== BYTE.comma) this.fail('"," or "}"');
    this.pos = this.afterSpace(this.pos + 1);
    this.readKey();
    return true;
  }

  /** Steps over `[` and to the first element; false when there is none. */
  enterArray(): boolean {
    if (this.peek() !== BYTE.openBracket) this.fail('"["');
    this.pos = this.afterSpace(this.pos + 1);
    if (this.peek() !== BYTE.closeBracket) return true;
    this.pos++;
    return false;
  }

  /** Steps from behind an element to the next one; false behind the closing bracket. */
  nextElement(): boolean {
    this.pos = this.afterSpace(this.pos);
    const byte = this.peek();
    if (byte === BYTE.closeBracket) {
      this.pos++;
      return false;
    }
    if (byte !== BYTE.comma) this.fail('"," or "]"');
    this.pos = this.afterSpace(this.pos + 1);
    return true;
  }

  /** Whether the key read last is this one, whose first byte and length stand in `signature` (see keySignature). */
  keyIs(signature: number, key: Uint8Array): boolean {
    const { bytes, keyStart } = this;
    if (this.keyEscaped) {
      return this.text(keyStart, this.keyEnd, true) === Buffer.from(key).toString('latin1');
    }
    const length = this.keyEnd - keyStart;
    if (length * 256 + (bytes[keyStart] ?? 0) !== signature) return false;
    for (let index = 1; index < length; index++) {
      if (bytes[keyStart + index] !== key[index]) return false;
    }
    return true;
  }

  /** The text of a string's span, as JSON.parse gives it. */
  text(start: number, end: number, escaped: boolean): string {
    const { buffer, byteOffset } = this.bytes;
    const text = Buffer.from(buffer, byteOffset + start, end - start).toString('utf8');
    return escaped ? (JSON.parse(`"${text}"`) as string) : text;
  }

  /** Steps over one value of any kind that stands inside `depth` arrays and objects. */
  skipValue(depth: number): void {
    const end = this.valueEnd(this.pos, depth);
    if (end < 0) this.failHere();
    this.pos = end;
  }

  /** The offset behind the value that starts at `at`, or -1. */
  valueEnd(at: number, depth: number): number {
    this.level = 0;
    for (;;) {
      const byte = this.bytes[at] ?? END;
      if (isOpening(byte)) {
        if (depth + this.level >= MAX_DEPTH) return this.tooDeep(at);
        const inside = this.afterSpace(at + 1);
        const isEmpty = this.bytes[inside] === byte + CLOSING_ABOVE_OPENING;
        at = isEmpty ? inside + 1 : this.enter(inside, byte);
        if (!isEmpty && at >= 0) continue;
      } else {
        at = this.scalarEnd(at, byte);
      }
      if (at < 0 || this.level === 0) return at;
      at = this.afterValue(at);
      if (at < 0 || this.level === 0) return at;
    }
  }

  /** The offset of the closing quote of the string whose first byte (behind the quote) is at `at`, or -1. */
  stringEnd(at: number): number {
    const { bytes } = this;
    this.escaped = false;
    let byte = bytes[at] ?? END;
    for (;;) {
      while (byte > BYTE.quote && byte !== BYTE.backslash) byte = bytes[++at] ?? END;
      if (byte === BYTE.quote) return at;
      if (byte < BYTE.space) return this.wrong(at, 'a string to go on');
      if (byte !== BYTE.backslash) at++;
      else {
        this.escaped = true;
        at = this.escapeEnd(at + 1);
        if (at < 0) return -1;
      }
      byte = bytes[at] ?? END;
    }
  }

  /** The offset behind the number that starts at `at`, or -1. */
  numberEnd(at: number): number {
    const { bytes } = this;
    if (bytes[at] === BYTE.minus) at++;
    const first = bytes[at] ?? END;
    if (!isDigit(first)) return this.wrong(at, 'a digit');
    at++;
    let byte = bytes[at] ?? END;
    if (first !== BYTE.zero) {
      while (isDigit(byte)) byte = bytes[++at] ?? END;
    }
    if (byte === BYTE.dot || byte === BYTE.lowerE || byte === BYTE.upperE) return this.partsEnd(at);
    return at;
  }

  /** @throws SyntaxError always: something else than `expected` stands at `pos`. */
  fail(expected: string): never {
    this.wrong(this.pos, expected);
    return this.failHere();
  }

  /** @throws SyntaxError always: what the method that returned -1 has found. */
  failHere(): never {
    const found = this.bytes[this.errorAt];
    throw new SyntaxError(
      `Cannot read the ${this.subject}: expected ${this.expected} at offset ${this.errorAt}, ` +
        `got ${found === undefined ? `the end of the text` : describeByte(found)}`,
    );
  }

  private readKey(): void {
    const end = this.valueStart(this.pos);
    if (end < 0) this.failHere();
    this.keyEscaped = this.escaped;
    this.pos = end;
  }

  /** Notes a level that is not empty; the offset of its first value, or -1. */
  private enter(inside: number, opening: number): number {
    const isObject = opening === BYTE.openBrace;
    this.isObject[++this.level] = isObject ? 1 : 0;
    return isObject ? this.valueStart(inside) : inside;
  }

  /** From behind a value over the levels that end with it: to the next value, or behind the outermost level. */
  private afterValue(at: number): number {
    while (this.level > 0) {
      at = this.afterSpace(at);
      const sign = this.bytes[at] ?? END;
      const isObject = this.isObject[this.level] === 1;
      if (sign === BYTE.comma) {
        at = this.afterSpace(at + 1);
        return isObject ? this.valueStart(at) : at;
      }
      if (sign !== (isObject ? BYTE.closeBrace : BYTE.closeBracket)) {
        return this.wrong(at, isObject ? '"," or "}"' : '"," or "]"');
      }
      this.level--;
      at++;
    }
    return at;
  }

  /** From the opening quote of a key to the first byte of its value, or -1. */
  private valueStart(at: number): number {
    const { bytes } = this;
    if (bytes[at] !== BYTE.quote) return this.wrong(at, 'a key in quotes');
    this.keyStart = at + 1;
    this.keyEnd = this.stringEnd(at + 1);
    if (this.keyEnd < 0) return -1;
    at = this.keyEnd + 1;
    if (bytes[at] !== BYTE.colon) {
      at = this.afterSpace(at);
      if (bytes[at] !== BYTE.colon) return this.wrong(at, '":"');
    }
    at++;
    // Kubelets write one blank behind the colon.
    if (bytes[at] === BYTE.space && (bytes[at + 1] ?? END) > BYTE.space) return at + 1;
    return this.afterSpace(at);
  }

  private scalarEnd(at: number, byte: number): number {
    if (byte === BYTE.quote) {
      const end = this.stringEnd(at + 1);
      return end < 0 ? -1 : end + 1;
    }
    if (startsNumber(byte)) return this.numberEnd(at);
    for (const literal of LITERALS) {
      if (literal.every((letter, index) => this.bytes[at + index] === letter)) {
        return at + literal.length;
      }
    }
    return this.wrong(at, 'a value');
  }

  /** The end of a number's fraction and exponent, which start at `at`. */
  private partsEnd(at: number): number {
    const { bytes } = this;
    if (bytes[at] === BYTE.dot) at = this.digitsEnd(at + 1);
    if (at < 0) return -1;
    const byte = bytes[at];
    if (byte !== BYTE.lowerE && byte !== BYTE.upperE) return at;
    const sign = bytes[at + 1];
    return this.digitsEnd(sign === BYTE.plus || sign === BYTE.minus ? at + 2 : at + 1);
  }

  private digitsEnd(at: number): number {
    const start = at;
    while (isDigit(this.bytes[at] ?? END)) at++;
    return at === start ? this.wrong(at, 'a digit') : at;
  }

  private escapeEnd(at: number): number {
    const byte = this.bytes[at] ?? END;
    if (ESCAPABLE.has(byte)) return at + 1;
    if (byte !== BYTE.lowerU) return this.wrong(at, 'an escape that JSON knows');
    for (let index = at + 1; index <= at + 4; index++) {
      if (!isHexDigit(this.bytes[index] ?? END)) return this.wrong(index, 'a hexadecimal digit');
    }
    return at + 5;
  }

  private afterSpace(at: number): number {
    const { bytes } = this;
    let byte = bytes[at] ?? END;
    if (byte > BYTE.space) return at;
    // What kubelets write: a new line and its indent.
    if (byte === BYTE.lineFeed) {
      byte = bytes[++at] ?? END;
      while (byte === BYTE.space) byte = bytes[++at] ?? END;
    }
    while (isSpace(byte)) byte = bytes[++at] ?? END;
    return at;
  }

  private tooDeep(at: number): -1 {
    return this.wrong(at, `at most ${MAX_DEPTH} levels of nesting`);
  }

  private wrong(at: number, expected: string): -1 {
    this.errorAt = at;
    this.expected = expected;
    return -1;
  }
}

function isSpace(byte: number): boolean {
  return (
    byte === BYTE.space ||
    byte === BYTE.lineFeed ||
    byte === BYTE.carriageReturn ||
    byte === BYTE.tab
  );
}

function isOpening(byte: number): boolean {
  return byte === BYTE.openBrace || byte === BYTE.openBracket;
}

export function isDigit(byte: number): boolean {
  return byte >= BYTE.zero && byte <= BYTE.nine;
}

/** Tells most keys apart with one comparison. */
export function keySignature(key: Uint8Array): number {
  return key.length * 256 + (key[0] ?? 0);
}

/** Whether a value that begins with this byte is a number. */
export function startsNumber(byte: number): boolean {
  return isDigit(byte) || byte === BYTE.minus;
}

function isHexDigit(byte: number): boolean {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

/** Shows a byte of the text in a message: as itself when it can be printed. */
function describeByte(byte: number): string {
  if (byte > BYTE.space && byte < 0x7f) return JSON.stringify(String.fromCharCode(byte));
  return `the byte 0x${byte.toString(16).padStart(2, '0')}`;
}
