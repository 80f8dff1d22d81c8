import type { BodyBuffer } from './body-buffer.ts';
import { HttpError, TooLargeError } from './exchange-error.ts';
import { Head, type ResponseHead, checkTrailer, quoted } from './response-head.ts';

/** Of a refusal, which is only quoted. */
const REFUSAL_BYTES = 4096;
/** Of an answer without its body: heads, interim ones included, extensions of chunks, trailers (as Node's own limit). */
const MOST_HEAD_BYTES = 16 * 1024;
const BEGINNING = 'HTTP/1.';
const LINE_FEED = 0x0a;
/** 13 digits are 2^52: no number is rounded. */
const CHUNK =
  /^([\da-f]{1,13})((?:;[!#$%&'*+.^_`|~\w-]+(?:=(?:[!#$%&'*+.^_`|~\w-]+|"[^"\\]*"))?)*)$/i;
const VISIBLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What comes next. The last three are counted in bytes, the others come in lines. */
type Part =
  'status' | 'fields' | 'size' | 'chunk-end' | 'trailers' | 'done' | 'chunk' | 'length' | 'close';

/**
 * Reads one answer to a GET as it arrives, in pieces of any size, and puts its body into the buffer. What could be
 * understood in two ways is refused.
 *
 * Source: RFC 9112.
 */
export class ResponseReader {
  readonly #body: BodyBuffer;
  readonly #maxBytes: number;
  #part: Part = 'status';
  #head: Head | undefined;
  #isKept = false;
  /** The beginning of a line whose end has not come. */
  #line = '';
  #headBytes = 0;
  /** Of the body or chunk that is being read. */
  #bytesLeft = 0;

  /** @param maxBytes of the body of a 200, beyond which it is an error; of others the beginning is enough */
  constructor(body: BodyBuffer, maxBytes: number) {
    this.#body = body;
    this.#maxBytes = maxBytes;
  }

  /** Of a whole answer. */
  get head(): ResponseHead {
    if (this.#head === undefined) throw new HttpError('an answer without a status');
    return this.#head;
  }

  /** Whether the connection may be used again; of a whole answer. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /**
   * Takes the first `length` bytes, which may be overwritten then. Says whether the answer is whole: it is read no
   * further.
   *
   * @throws HttpError, TooLargeError
   */
  read(bytes: Buffer, length: number): boolean {
    let at = 0;
    while (at < length && this.#part !== 'done') {
      switch (this.#part) {
        case 'chunk':
        case 'length':
          at = this.#readCounted(bytes, at, length);
          break;
        case 'close':
          this.#append(bytes, at, length);
          at = length;
          break;
        default:
          at = this.#readLine(bytes, at, length);
      }
    }
    if (this.#part !== 'done') return false;
    // Whatever follows is an answer to nothing that we asked.
    if (at < length) this.#isKept = false;
    return true;
  }

  /** The other side has ended the connection in good order: says whether the answer is whole by that. */
  end(): boolean {
    if (this.#part === 'close') this.#part = 'done';
    this.#isKept = false;
    return this.#part === 'done';
  }

  #readCounted(bytes: Buffer, at: number, length: number): number {
    const end = Math.min(length, at + this.#bytesLeft);
    this.#bytesLeft -= end - at;
    const isChunk = this.#part === 'chunk';
    if (!this.#append(bytes, at, end)) return length;
    if (this.#bytesLeft === 0) this.#part = isChunk ? 'chunk-end' : 'done';
    return end;
  }

  /** False when no more is wanted. @throws TooLargeError */
  #append(bytes: Buffer, at: number, end: number): boolean {
    const isWanted = this.#head?.code === 200;
    const room = (isWanted ? this.#maxBytes : REFUSAL_BYTES) - this.#body.length;
    if (end - at <= room) {
      this.#body.append(bytes, at, end);
      return true;
    }
    if (isWanted) throw new TooLargeError('Too large');
    this.#body.append(bytes, at, at + room);
    this.#part = 'done';
    this.#isKept = false;
    return false;
  }

  #readLine(bytes: Buffer, at: number, length: number): number {
    const found = bytes.indexOf(LINE_FEED, at);
    const isWhole = found >= 0 && found < length;
    const end = isWhole ? found + 1 : length;
    this.#headBytes += end - at;
    if (this.#headBytes > MOST_HEAD_BYTES) {
      throw new HttpError(`expected at most ${MOST_HEAD_BYTES} bytes of header fields, got more`);
    }
    const line = this.#line + bytes.toString('latin1', at, end);
    if (isWhole) {
      if (!line.endsWith('\r\n'))
        throw new HttpError(`expected lines that end with CR LF, got ${quoted(line)}`);
      this.#line = '';
      this.#takeLine(line.slice(0, -2));
    } else {
      const isHttp = this.#part !== 'status' || line.startsWith(BEGINNING.slice(0, line.length));
      if (!isHttp) throw new HttpError(`expected a status line, got ${quoted(line)}`);
      this.#line = line;
    }
    return end;
  }

  #takeLine(line: string): void {
    switch (this.#part) {
      case 'status':
        this.#head = new Head(line);
        this.#part = 'fields';
        break;
      case 'fields':
        if (line === '') this.#begin();
        else this.#head?.take(line);
        break;
      case 'size':
        this.#takeSize(line);
        break;
      case 'chunk-end':
        if (line !== '') throw new HttpError(`expected the end of a chunk, got ${quoted(line)}`);
        this.#headBytes -= 2;
        this.#part = 'size';
        break;
      default:
        if (line === '') this.#part = 'done';
        else checkTrailer(line);
    }
  }

  /** The head is whole. @throws HttpError, TooLargeError */
  #begin(): void {
    const head = this.#head;
    if (head === undefined) return;
    const framing = head.framing();
    this.#isKept = head.isKept && framing !== 'close';
    if (head.isInterim) {
      if (!head.isKept) throw new HttpError('it announces an answer, and closes before it');
      this.#part = 'status';
    } else if (framing === 'chunked') this.#part = 'size';
    else if (framing === 'close') this.#part = 'close';
    else if (head.code === 200 && framing > this.#maxBytes) throw new TooLargeError('Too large');
    else {
      this.#bytesLeft = framing;
      this.#part = framing === 0 ? 'done' : 'length';
    }
  }

  #takeSize(line: string): void {
    const [, digits, extensions = ''] = CHUNK.exec(line) ?? [];
    if (digits === undefined || !VISIBLE.test(extensions)) {
      throw new HttpError(`expected the size of a chunk, got ${quoted(line)}`);
    }
    // An answer has as many chunks as it likes.
    if (extensions === '') this.#headBytes -= line.length + 2;
    this.#bytesLeft = Number.parseInt(digits, 16);
    this.#part = this.#bytesLeft === 0 ? 'trailers' : 'chunk';
  }
}
