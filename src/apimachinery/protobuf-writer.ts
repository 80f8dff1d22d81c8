/** Bytes as a string of one character each (`latin1`): what is kept of a message until it is sent. */
export type BinaryString = string;

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/**
 * Writes one protobuf message, field by field; whoever writes knows the numbers and keeps them ascending.
 * A field is written whatever its value: Go's generator leaves out nothing but pointers and empty lists.
 *
 * It gathers bytes in a string and not in a Buffer: of 150,000 fragments of 100 bytes a Buffer each takes 215 bytes
 * a piece, a string 130, and a few concatenations cost less than as many calls into the runtime.
 */
export class ProtobufWriter {
  private text: BinaryString = '';

  /** Also of an empty string. A lone surrogate becomes U+FFFD. */
  string(field: number, value: string): this {
    return this.bytes(field, utf8Bytes(value));
  }

  bytes(field: number, value: BinaryString): this {
    this.text += varint((field << 3) | LENGTH_DELIMITED) + varint(value.length) + value;
    return this;
  }

  /** An int32 or int64. @throws RangeError unless it is a whole number. */
  integer(field: number, value: number | bigint): this {
    this.text += varint((field << 3) | VARINT) + varint(value);
    return this;
  }

  boolean(field: number, value: boolean): this {
    return this.integer(field, value ? 1 : 0);
  }

  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.text);
  }

  /** Fields that were written before. */
  append(fields: BinaryString): this {
    this.text += fields;
    return this;
  }

  /** In bytes. */
  get length(): number {
    return this.text.length;
  }

  /** To be kept, and appended to other messages. */
  toBinary(): BinaryString {
    // A sum of strings is a tree of its parts until it is read as one: only the bytes shall be kept.
    return this.finish().toString('latin1');
  }

  finish(): Buffer {
    return Buffer.from(this.text, 'latin1');
  }
}

/** The bytes of a text. Names in Kubernetes are ASCII, and are their own bytes. */
export function utf8Bytes(text: string): BinaryString {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

const NOT_ASCII = /[^\0-\x7f]/;

/**
 * A base-128 varint of the two's complement in 64 bits.
 * @throws RangeError unless it is a whole number.
 */
export function varint(value: number | bigint): BinaryString {
  if (typeof value === 'number' && value >= 0 && value < 0x80)
    return ONE_BYTE[value] ?? wide(value);
  if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
    if (!Number.isInteger(value)) throw new RangeError(`Cannot write varint: got ${value}`);
    let text = '';
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      text += String.fromCharCode((rest % 0x80) | 0x80);
    }
    return text + String.fromCharCode(rest);
  }
  return wide(value);
}

const ONE_BYTE = Array.from({ length: 0x80 }, (_, value) => String.fromCharCode(value));

function wide(value: number | bigint): BinaryString {
  let text = '';
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) text += String.fromCharCode(Number(rest & 0x7fn) | 0x80);
  return text + String.fromCharCode(Number(rest));
}
