import { BYTE, END, isDigit } from './json-scanner.ts';

const HASH = 0x23;
const EQUALS = 0x3d;
const LOWER_N = 0x6e;
const NOTHING = new Uint8Array(0);
const NO_VIEW = new DataView(NOTHING.buffer);
const WORD_BYTES = 8;

/** So many digits and so large a power of ten a double holds exactly: then one operation gives the nearest double. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const LONGEST_EXPONENT = 3;
/** Go reads timestamps as int64; what is longer than this is no time of a kubelet. */
const LONGEST_TIMESTAMP = 16;
const INTEGER_DIGITS = 9;

/** 1 for each byte that can be part of a name, and for each that stands for itself in a label's value. */
const NAME_PART = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[a-zA-Z0-9_:]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 0 || byte === BYTE.quote || byte === BYTE.backslash || byte === BYTE.lineFeed ? 0 : 1,
);

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;

/**
 * A cursor over the samples of one page in the Prometheus text format 0.0.4, without allocating. Comments, HELP, TYPE
 * and blank lines are stepped over. Everything else than a sample is a SyntaxError that names offset and
 * expectation, and so are line ends with a carriage return.
 *
 * Source: as upstream, which reads with prometheus/model/textparse.
 */
export class ExpositionScanner {
  bytes: Uint8Array = NOTHING;
  nameStart = 0;
  nameEnd = 0;
  /** Whether the name is that of the sample before. */
  repeatsName = false;
  /** The block of labels with its braces; empty when there is none. */
  labelsStart = 0;
  labelsEnd = 0;
  /** The label read last by nextLabel; its value is between the quotes. */
  labelStart = 0;
  labelEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  valueEscaped = false;
  value = 0;
  hasTimestamp = false;
  /** Of a sample that has one. Negative ones are read: what they mean depends on the family. */
  timestampMs = 0;

  private view: DataView = NO_VIEW;
  private pos = 0;
  private mantissa = 0;
  private decimals = 0;
  private exponent = 0;
  private integer = 0;

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = 0;
    this.nameStart = 0;
    this.nameEnd = 0;
  }

  close(): void {
    this.bytes = NOTHING;
    this.view = NO_VIEW;
  }

  /** Steps to the name of the next sample and over it, and to its labels; false at the end of the page. */
  nextSample(): boolean {
    const { bytes } = this;
    for (;;) {
      this.skipBlanks();
      const byte = bytes[this.pos] ?? END;
      if (byte === END) return false;
      if (byte === HASH) this.skipLine();
      else if (byte === BYTE.lineFeed) this.pos++;
      else break;
    }
    const nameBytes = this.nameEnd - this.nameStart;
    this.repeatsName =
      bytes[this.pos + nameBytes] === BYTE.openBrace && this.repeats(this.nameStart, nameBytes);
    this.nameStart = this.pos;
    if (this.repeatsName) this.pos += nameBytes;
    else this.readName('a metric name');
    this.nameEnd = this.pos;
    this.skipBlanks();
    this.labelsStart = this.pos;
    this.labelsEnd = this.pos;
    return true;
  }

  get hasLabels(): boolean {
    return this.bytes[this.labelsStart] === BYTE.openBrace;
  }

  /** Steps over the labels if they are, byte by byte, those at `from`, which were read before. */
  skipRepeatedLabels(from: number, length: number): boolean {
    if (!this.repeats(from, length)) return false;
    this.labelsEnd = this.labelsStart + length;
    this.pos = this.labelsEnd;
    return true;
  }

  /** Steps into the labels. Call it once, if hasLabels, and nextLabel until it is false. */
  enterLabels(): void {
    this.pos = this.labelsStart + 1;
  }

  nextLabel(): boolean {
    const { bytes } = this;
    this.skipBlanks();
    if (bytes[this.pos] === BYTE.closeBrace) {
      this.pos++;
      this.labelsEnd = this.pos;
      return false;
    }
    this.labelStart = this.pos;
    this.readName('a label name or "}"');
    this.labelEnd = this.pos;
    this.expectSign(EQUALS, '"="');
    this.expectSign(BYTE.quote, 'a label value in quotes');
    this.readLabelValue();
    this.skipBlanks();
    if (bytes[this.pos] === BYTE.comma) this.pos++;
    else if (bytes[this.pos] !== BYTE.closeBrace) this.fail('"," or "}"', this.pos);
    return true;
  }

  /** The value of the label read last, its escapes undone. */
  labelValue(): string {
    const { buffer, byteOffset } = this.bytes;
    const { valueStart, valueEnd } = this;
    const text = Buffer.from(buffer, byteOffset + valueStart, valueEnd - valueStart).toString();
    return text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
  }

  /** Reads what stands behind name and labels: the value, perhaps a timestamp, the end of the line. */
  readRest(): void {
    const { bytes } = this;
    this.skipBlanks();
    this.readValue();
    this.skipBlanks();
    const byte = bytes[this.pos] ?? END;
    this.hasTimestamp = byte !== END && byte !== BYTE.lineFeed;
    if (this.hasTimestamp) this.readTimestamp();
    this.skipBlanks();
    const last = bytes[this.pos] ?? END;
    if (last !== END && last !== BYTE.lineFeed) this.fail('the end of the line', this.pos);
    this.pos++;
  }

  fail(expected: string, at: number): never {
    const found = this.bytes[at];
    throw new SyntaxError(
      `Cannot read the page: expected ${expected} at offset ${at}, ` +
        `got ${found === undefined ? 'the end of the text' : JSON.stringify(String.fromCharCode(found))}`,
    );
  }

  /**
   * Whether the bytes at `pos` are those at `from`, which were read before. Compared eight at a time as doubles: of
   * those, none are equal but of equal bits, but for zeros, and what was read holds no bytes of zero.
   */
  private repeats(from: number, length: number): boolean {
    const { view, pos } = this;
    const last = length - WORD_BYTES;
    if (last < 0 || pos + length > view.byteLength) return false;
    for (let at = 0; at < last; at += WORD_BYTES) {
      if (view.getFloat64(pos + at) !== view.getFloat64(from + at)) return false;
    }
    return view.getFloat64(pos + last) === view.getFloat64(from + last);
  }

  /** Steps over a name. */
  private readName(expected: string): void {
    const { bytes } = this;
    let at = this.pos;
    const first = bytes[at] ?? END;
    if (NAME_PART[first] !== 1 || isDigit(first)) this.fail(expected, at);
    while (NAME_PART[bytes[at] ?? 0] === 1) at++;
    this.pos = at;
  }

  private expectSign(sign: number, expected: string): void {
    this.skipBlanks();
    if (this.bytes[this.pos] !== sign) this.fail(expected, this.pos);
    this.pos++;
  }

  private readLabelValue(): void {
    const { bytes } = this;
    let at = this.pos;
    this.valueStart = at;
    this.valueEscaped = false;
    for (;;) {
      while (PLAIN[bytes[at] ?? 0] === 1) at++;
      const byte = bytes[at] ?? END;
      if (byte === BYTE.quote) break;
      if (byte !== BYTE.backslash) this.fail('a label value to end', at);
      this.valueEscaped = true;
      const escaped = bytes[at + 1];
      if (escaped !== BYTE.backslash && escaped !== BYTE.quote && escaped !== LOWER_N) {
        this.fail('one of \\\\, \\" and \\n', at + 1);
      }
      at += 2;
    }
    this.valueEnd = at;
    this.pos = at + 1;
  }

  /** Digits with a dot and an exponent, if short enough to be exact; any other form through Number. */
  private readValue(): void {
    const start = this.pos;
    const at = this.readMantissa(start);
    const end = this.readExponent(at);
    const power = this.exponent - this.decimals;
    const factor = POWERS_OF_TEN[Math.abs(power)];
    if (end < 0 || factor === undefined || !isBlankOrEnd(this.bytes[end] ?? END)) {
      this.readOddValue(start);
    } else {
      this.value = power < 0 ? this.mantissa / factor : this.mantissa * factor;
      this.pos = end;
    }
  }

  /** The end of digits that may hold a dot; -1 when they are none or too many to be exact. */
  private readMantissa(start: number): number {
    const { bytes } = this;
    let at = this.readInteger(start, INTEGER_DIGITS);
    let mantissa = this.integer;
    this.decimals = 0;
    let digits = at - start;
    if (digits === INTEGER_DIGITS) {
      const end = this.readInteger(at, INTEGER_DIGITS);
      mantissa = mantissa * powerOfTen(end - at) + this.integer;
      digits += end - at;
      at = end;
    }
    if (bytes[at] === BYTE.dot) {
      const middle = this.readInteger(at + 1, INTEGER_DIGITS);
      const first = this.integer;
      const end = this.readInteger(middle, INTEGER_DIGITS);
      this.decimals = end - at - 1;
      mantissa =
        (mantissa * powerOfTen(middle - at - 1) + first) * powerOfTen(end - middle) + this.integer;
      digits += this.decimals;
      at = end;
    }
    this.mantissa = mantissa;
    return digits > 0 && digits <= EXACT_DIGITS ? at : -1;
  }

  /** The end of an exponent at `at`, if there is one; -1 when it is too long to be exact, or `at` is -1. */
  private readExponent(at: number): number {
    const { bytes } = this;
    this.exponent = 0;
    if (at < 0 || ((bytes[at] ?? END) | 0x20) !== BYTE.lowerE) return at;
    const sign = bytes[++at];
    if (sign === BYTE.plus || sign === BYTE.minus) at++;
    const first = at;
    let exponent = 0;
    while (isDigit(bytes[at] ?? END)) exponent = exponent * 10 + (bytes[at++] ?? 0) - BYTE.zero;
    this.exponent = sign === BYTE.minus ? -exponent : exponent;
    return at > first && at - first <= LONGEST_EXPONENT ? at : -1;
  }

  private readOddValue(start: number): void {
    const { bytes } = this;
    let end = start;
    while (!isBlankOrEnd(bytes[end] ?? END)) end++;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
    if (DECIMAL.test(text)) this.value = Number(text);
    else if (INFINITE.test(text) || NOT_A_NUMBER.test(text)) this.value = Number.NaN;
    else this.fail('a number', start);
    this.pos = end;
  }

  private readTimestamp(): void {
    const { bytes } = this;
    const start = this.pos;
    const sign = bytes[start] === BYTE.minus ? -1 : 1;
    const first = sign < 0 ? start + 1 : start;
    // Two halves that fit into integers are quicker than one double.
    const middle = this.readInteger(first, INTEGER_DIGITS);
    const upper = this.integer;
    const end = this.readInteger(middle, LONGEST_TIMESTAMP - INTEGER_DIGITS);
    if (end === first || isDigit(bytes[end] ?? END)) this.fail('a timestamp in ms', start);
    this.timestampMs = sign * (upper * powerOfTen(end - middle) + this.integer);
    this.pos = end;
  }

  /** Reads up to so many digits into `integer`, and returns where they end. */
  private readInteger(at: number, most: number): number {
    const { bytes } = this;
    const limit = at + most;
    let value = 0;
    let digit = (bytes[at] ?? END) - BYTE.zero;
    while (digit >= 0 && digit <= 9 && at < limit) {
      value = value * 10 + digit;
      digit = (bytes[++at] ?? END) - BYTE.zero;
    }
    this.integer = value;
    return at;
  }

  private skipBlanks(): void {
    const { bytes } = this;
    let at = this.pos;
    if ((bytes[at] ?? END) > BYTE.space) return;
    while (bytes[at] === BYTE.space || bytes[at] === BYTE.tab) at++;
    this.pos = at;
  }

  private skipLine(): void {
    const end = this.bytes.indexOf(BYTE.lineFeed, this.pos);
    const last = end < 0 ? this.bytes.length : end;
    // A comment that ends in a carriage return is the first sign of the wrong line ends.
    if (this.bytes[last - 1] === BYTE.carriageReturn) this.fail('a line feed alone', last - 1);
    this.pos = last;
  }
}

function isBlankOrEnd(byte: number): boolean {
  return byte === BYTE.space || byte === BYTE.lineFeed || byte === END || byte === BYTE.tab;
}

/** Of 0 to 22. */
function powerOfTen(exponent: number): number {
  return POWERS_OF_TEN[exponent] ?? Number.NaN;
}
