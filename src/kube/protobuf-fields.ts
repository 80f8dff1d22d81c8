import { KubeError } from './kube-error.ts';

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
/** Bytes of a varint of 64 bits. */
const LONGEST_VARINT = 10;

/**
 * Goes through the fields of one protobuf message (protobuf.dev/programming-guides/encoding), and says of each where it is:
 * what is not wanted costs nothing, however long it is.
 */
export class ProtobufFields {
  readonly bytes: Buffer;
  /** Of the field at hand: its number; its value, if it is a varint (exact to 2^53); else where its bytes are. */
  number = 0;
  value = 0;
  start = 0;
  end = 0;
  private at: number;
  private readonly stop: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.stop = end;
  }

  /** Goes to the next field; false after the last. @throws KubeError `malformed` */
  next(): boolean {
    if (this.at >= this.stop) return false;
    const tag = this.varint();
    this.number = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        this.value = this.varint();
        this.start = this.end = this.at;
        break;
      case FIXED_64:
        this.skip(8);
        break;
      case LENGTH_DELIMITED:
        this.skip(this.varint());
        break;
      case FIXED_32:
        this.skip(4);
        break;
      default:
        throw malformedProtobuf(`unexpected wire type ${tag % 8}`);
    }
    return true;
  }

  /** The field at hand as text. */
  text(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  /** The fields of the message that the field at hand is. */
  message(): ProtobufFields {
    return new ProtobufFields(this.bytes, this.start, this.end);
  }

  private skip(length: number): void {
    this.start = this.at;
    this.end = this.at + length;
    if (this.end > this.stop) throw malformedProtobuf('it ends in the middle of a field');
    this.at = this.end;
  }

  private varint(): number {
    let value = 0;
    let factor = 1;
    for (let length = 0; length < LONGEST_VARINT && this.at < this.stop; length++) {
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    throw malformedProtobuf('it ends in the middle of a number');
  }
}

export function malformedProtobuf(problem: string): KubeError {
  return new KubeError(`Cannot read protobuf of kube-apiserver: ${problem}`, { kind: 'malformed' });
}
