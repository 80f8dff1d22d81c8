import { GatheredBytes } from './gathered-bytes.ts';
import { KubeError } from './kube-error.ts';

/** The length of a frame, in front of it: 32 bits, the highest first (apimachinery, pkg/runtime/serializer/protobuf). */
const PREFIX_BYTES = 4;

/** Cuts the bytes of a watch in protobuf into frames, one event each, wherever the network cut them into chunks. */
export class FrameSplitter {
  private readonly maxFrameBytes: number;
  private readonly gathered = new GatheredBytes();

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /**
   * The frames that this chunk completes.
   *
   * @throws KubeError `too-large` when one is longer than the limit.
   */
  write(chunk: Uint8Array): Buffer[] {
    const { gathered } = this;
    const frames: Buffer[] = [];
    gathered.push(chunk);
    while (gathered.has(PREFIX_BYTES)) {
      const length = gathered.bytes.readUInt32BE(gathered.at);
      if (length > this.maxFrameBytes) {
        throw new KubeError(
          `Cannot read a watch of kube-apiserver: an event is longer than ${this.maxFrameBytes} bytes`,
          { kind: 'too-large' },
        );
      }
      if (!gathered.has(PREFIX_BYTES + length)) break;
      const start = gathered.at + PREFIX_BYTES;
      frames.push(gathered.bytes.subarray(start, start + length));
      gathered.at = start + length;
    }
    return frames;
  }
}
