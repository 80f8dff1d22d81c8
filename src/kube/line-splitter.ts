import { KubeError } from './kube-error.ts';

const NEWLINE = 0x0a;

/** Cuts the bytes of a watch into lines, one event each, wherever the network cut them into chunks. */
export class LineSplitter {
  private readonly maxLineBytes: number;
  private readonly open: Uint8Array[] = [];
  private openBytes = 0;

  constructor(maxLineBytes: number) {
    this.maxLineBytes = maxLineBytes;
  }

  /**
   * The lines that this chunk completes, as text, empty ones left out.
   *
   * @throws KubeError `too-large` when one has no end within the limit.
   */
  write(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.keep(chunk.subarray(start, end));
      const line = Buffer.concat(this.open).toString('utf8').trim();
      if (line !== '') lines.push(line);
      this.open.length = 0;
      this.openBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.keep(chunk.subarray(start));
    return lines;
  }

  private keep(bytes: Uint8Array): void {
    this.openBytes += bytes.length;
    if (this.openBytes > this.maxLineBytes) {
      throw new KubeError(
        `Cannot read a watch of kube-apiserver: an event is longer than ${this.maxLineBytes} bytes`,
        { kind: 'too-large' },
      );
    }
    this.open.push(bytes);
  }
}
