import { GatheredBytes } from './gathered-bytes.ts';
import { KubeError } from './kube-error.ts';
import type { ListMetadata } from './list-decoder.ts';
import { malformedProtobuf, ProtobufFields } from './protobuf-fields.ts';
import { isProtobufDocument, readPartialObject } from './protobuf-object.ts';

const MAGIC_BYTES = 4;
/** Of the list in its envelope. */
const RAW = 2;
/** Of what is in the list. */
const METADATA = 1;
const ITEMS = 2;
const LENGTH_DELIMITED = 2;
/** A tag and a length: more than five bytes each no field has that we could take. */
const HEADER_BYTES = 10;

/** As ListDecoder, for a PartialObjectMetadataList in protobuf: no item is held longer than until it is whole. */
export class ProtobufListDecoder {
  private readonly maxItemBytes: number;
  private readonly gathered = new GatheredBytes();
  private begun = false;
  /** Bytes of the list that are to come; undefined: we are in the envelope. */
  private listBytes: number | undefined = undefined;
  private metadata: ListMetadata | undefined = undefined;
  /** Of the field at hand. */
  private number = 0;
  private header = 0;
  private length = 0;

  /** @param maxItemBytes of one object */
  constructor(maxItemBytes: number) {
    this.maxItemBytes = maxItemBytes;
  }

  /**
   * The items that this chunk completes.
   *
   * @throws KubeError `malformed` or `too-large`.
   */
  write(chunk: Uint8Array): unknown[] {
    const items: unknown[] = [];
    this.gathered.push(chunk);
    if (!this.begun && !this.begin()) return items;
    while (this.readHeader()) {
      if (this.listBytes === undefined && this.number === RAW) {
        this.gathered.at += this.header;
        this.listBytes = this.length;
        this.metadata = { resourceVersion: '', continueToken: '' };
      } else if (!this.takeField(items)) break;
      if (this.listBytes === 0) this.listBytes = undefined;
    }
    return items;
  }

  /** @throws KubeError `malformed` when the body ended too early or is no list. */
  end(): ListMetadata {
    if (this.gathered.length > 0 || this.listBytes !== undefined || !this.metadata) {
      throw malformedProtobuf('the list ended too early');
    }
    return this.metadata;
  }

  private begin(): boolean {
    const { gathered } = this;
    if (!gathered.has(MAGIC_BYTES)) return false;
    if (!isProtobufDocument(gathered.bytes)) throw malformedProtobuf('the list has no beginning');
    gathered.at += MAGIC_BYTES;
    return (this.begun = true);
  }

  /** False when more bytes have to come first. */
  private readHeader(): boolean {
    const { gathered } = this;
    const there = Math.min(HEADER_BYTES, gathered.length);
    if (there === 0) return false;
    gathered.has(there);
    const tag = this.varint(0, there);
    if (tag === undefined) return false;
    const tagBytes = this.header;
    if (tag % 8 !== LENGTH_DELIMITED) throw malformedProtobuf(`unexpected wire type ${tag % 8}`);
    const length = this.varint(tagBytes, there);
    if (length === undefined) return false;
    this.number = Math.floor(tag / 8);
    this.length = length;
    return true;
  }

  /** Reads a varint at that place behind `at`, and sets `header` to the place behind it. */
  private varint(place: number, there: number): number | undefined {
    const { bytes, at } = this.gathered;
    let value = 0;
    let factor = 1;
    for (let next = place; next < there; next++, factor *= 0x80) {
      const byte = bytes[at + next] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte >= 0x80) continue;
      this.header = next + 1;
      return value;
    }
    if (there === HEADER_BYTES) throw malformedProtobuf('a field of the list has no length');
    return undefined;
  }

  /** False when it is not there as a whole. */
  private takeField(items: unknown[]): boolean {
    const { gathered, header, length } = this;
    if (length > this.maxItemBytes) {
      throw new KubeError(
        `Cannot read a list of kube-apiserver: an item of the list is longer than ${this.maxItemBytes} bytes`,
        { kind: 'too-large' },
      );
    }
    if (!gathered.has(header + length)) return false;
    const start = gathered.at + header;
    gathered.at = start + length;
    if (this.listBytes === undefined) return true; // of the envelope
    this.listBytes -= header + length;
    if (this.listBytes < 0) throw malformedProtobuf('an item reaches beyond the list');
    const field = new ProtobufFields(gathered.bytes, start, gathered.at);
    if (this.number === METADATA) this.metadata = readListMetadata(field);
    else if (this.number === ITEMS) items.push(readPartialObject(field));
    return true;
  }
}

function readListMetadata(fields: ProtobufFields): ListMetadata {
  let resourceVersion = '';
  let continueToken = '';
  while (fields.next()) {
    if (fields.number === 2) resourceVersion = fields.text();
    else if (fields.number === 3) continueToken = fields.text();
  }
  return { resourceVersion, continueToken };
}
