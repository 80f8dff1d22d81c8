import { ProtobufWriter, varint } from '../../apimachinery/protobuf-writer.ts';
import type { BinaryString } from '../../apimachinery/protobuf-writer.ts';

/** What every document begins with; a runtime.Unknown follows (apimachinery/pkg/runtime/serializer/protobuf). */
const MAGIC: BinaryString = 'k8s\0';

const RAW_TAG = varint((2 << 3) | 2);

/** What follows the message: content encoding and content type, which are always empty. */
export const ENVELOPE_END = new ProtobufWriter().string(3, '').string(4, '').toBinary();

/** A whole document. `raw` is the message of its type. */
export function protobufEnvelope(apiVersion: string, kind: string, raw: ProtobufWriter): Buffer {
  return new ProtobufWriter()
    .append(envelopeStart(apiVersion, kind, raw.length))
    .append(raw.toBinary())
    .append(ENVELOPE_END)
    .finish();
}

/** Everything before a message of `rawLength` bytes. */
export function envelopeStart(apiVersion: string, kind: string, rawLength: number): BinaryString {
  const type = new ProtobufWriter().string(1, apiVersion).string(2, kind);
  return MAGIC + new ProtobufWriter().message(1, type).toBinary() + RAW_TAG + varint(rawLength);
}
