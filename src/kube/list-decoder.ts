import { isRecord, memberOf, textOf } from './json-value.ts';
import { KubeError } from './kube-error.ts';
import { messageOf } from './message-of.ts';

export interface ListMetadata {
  readonly resourceVersion: string;
  /** Where the next page starts; '' when this was the last one. */
  readonly continueToken: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** How deep we are inside the items: between two of them, and in one. */
const BETWEEN_ITEMS = 2;
const IN_ITEM = 3;

/** Everything of a list but its items: kind, apiVersion, metadata. */
const MAX_FRAME_BYTES = 256 * 1024;

/**
 * Takes a Kubernetes list apart while it comes in: each item is parsed by itself and handed on, so that
 * a body of hundreds of megabytes (a server may ignore `limit`) is never held, nor parsed in one go.
 * What is around the items is kept aside as a frame (`{"kind":…,"items":[]}`) and read at the end.
 */
export class ListDecoder {
  private readonly maxItemBytes: number;
  /** The beginnings, from earlier chunks, of the item that is not complete. */
  private readonly item: Uint8Array[] = [];
  private itemBytes = 0;
  private readonly frame: Uint8Array[] = [];
  private frameBytes = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private inItems = false;

  /** @param maxItemBytes of one object */
  constructor(maxItemBytes: number) {
    this.maxItemBytes = maxItemBytes;
  }

  /**
   * The items that this chunk completes, parsed.
   *
   * @throws KubeError `malformed` or `too-large`.
   */
  write(chunk: Uint8Array): unknown[] {
    const items: unknown[] = [];
    let start = 0; // of what belongs to the frame or to the open item
    for (let at = this.inString ? this.skipString(chunk, 0) : 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === QUOTE) {
        at = this.skipString(chunk, at + 1) - 1;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.depth++;
        start = this.opened(chunk, start, at);
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.depth--;
        start = this.closed(chunk, start, at, items);
      } else if (byte > SPACE && byte !== COMMA && this.isBetweenItems) {
        throw malformed('an item of the list is not an object');
      }
    }
    this.keep(chunk.subarray(start));
    return items;
  }

  /** @throws KubeError `malformed` when the body ended too early or is no list. */
  end(): ListMetadata {
    if (this.depth !== 0) throw malformed('the list ended too early');
    const metadata = memberOf(parse(Buffer.concat(this.frame)), 'metadata');
    if (!isRecord(metadata)) throw malformed('the list has no metadata');
    return {
      resourceVersion: textOf(metadata['resourceVersion']),
      continueToken: textOf(metadata['continue']),
    };
  }

  /** Returns where the string ends: the index after its closing quote, or the chunk's length. */
  private skipString(chunk: Uint8Array, from: number): number {
    this.inString = true;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.escaped) this.escaped = false;
      else if (byte === BACKSLASH) this.escaped = true;
      else if (byte === QUOTE) {
        this.inString = false;
        return at + 1;
      }
    }
    return chunk.length;
  }

  /** A brace or bracket was opened at `at`. Returns where the open piece starts from now on. */
  private opened(chunk: Uint8Array, start: number, at: number): number {
    if (this.inItems) {
      if (this.depth !== IN_ITEM) return start;
      if (chunk[at] !== OPEN_BRACE) throw malformed('an item of the list is not an object');
      return at;
    }
    if (this.depth !== BETWEEN_ITEMS || chunk[at] !== OPEN_BRACKET) return start;
    this.keepFrame(chunk.subarray(start, at + 1));
    this.inItems = /"items"\s*:\s*\[$/.test(Buffer.concat(this.frame).toString('latin1'));
    return at + 1;
  }

  /** A brace or bracket was closed at `at`. Returns where the open piece starts from now on. */
  private closed(chunk: Uint8Array, start: number, at: number, items: unknown[]): number {
    if (this.isBetweenItems) {
      items.push(this.takeItem(chunk.subarray(start, at + 1)));
      return at + 1;
    }
    if (!this.inItems || this.depth > BETWEEN_ITEMS) return start;
    this.inItems = false;
    return at; // the bracket is the frame's
  }

  private get isBetweenItems(): boolean {
    return this.inItems && this.depth === BETWEEN_ITEMS;
  }

  private takeItem(last: Uint8Array): unknown {
    this.keepItem(last, false);
    const bytes = this.item.length === 0 ? last : Buffer.concat([...this.item, last]);
    this.item.length = 0;
    this.itemBytes = 0;
    return parse(bytes);
  }

  private keep(rest: Uint8Array): void {
    if (rest.length === 0 || this.isBetweenItems) return;
    if (this.inItems) this.keepItem(rest, true);
    else this.keepFrame(rest);
  }

  private keepItem(bytes: Uint8Array, more: boolean): void {
    this.itemBytes += bytes.length;
    if (this.itemBytes > this.maxItemBytes)
      throw tooLarge('an item of the list', this.maxItemBytes);
    if (more) this.item.push(bytes);
  }

  private keepFrame(bytes: Uint8Array): void {
    this.frameBytes += bytes.length;
    if (this.frameBytes > MAX_FRAME_BYTES)
      throw tooLarge('the list around its items', MAX_FRAME_BYTES);
    this.frame.push(bytes.slice()); // a copy: the rest of the chunk need not stay
  }
}

function parse(bytes: Uint8Array): unknown {
  const { buffer, byteOffset, byteLength } = bytes;
  try {
    return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'));
  } catch (cause) {
    throw malformed(`not JSON: ${messageOf(cause)}`, cause);
  }
}

function malformed(problem: string, cause?: unknown): KubeError {
  return new KubeError(`Cannot read a list of kube-apiserver: ${problem}`, {
    kind: 'malformed',
    cause,
  });
}

function tooLarge(what: string, maxBytes: number): KubeError {
  return new KubeError(
    `Cannot read a list of kube-apiserver: ${what} is longer than ${maxBytes} bytes`,
    {
      kind: 'too-large',
    },
  );
}
