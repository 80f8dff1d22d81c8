import { HttpError } from './exchange-error.ts';

export interface ResponseHead {
  readonly code: number;
  /** The words behind the code; '' when there are none. */
  readonly text: string;
  /** Lower case and without parameters; '' when the kubelet names none. */
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** Where the body of an answer ends: after so many bytes, after the last chunk, or with the connection. */
export type Framing = number | 'chunked' | 'close';

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const FIELD = /^([!#$%&'*+.^_`|~\w-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;
const DIGITS = /^\d{1,15}$/;
/** How much of what is refused is quoted. */
const QUOTED_CHARACTERS = 40;

/** The status line and the fields of one answer, taken line by line. The first of repeated fields counts. */
export class Head implements ResponseHead {
  readonly code: number;
  readonly text: string;
  contentType = '';
  contentEncoding = '';
  readonly #isOld: boolean;
  #length: number | undefined;
  #isChunked = false;
  #isClosing = false;
  #isKeptAlive = false;

  /** @throws HttpError when the line is no status line of HTTP/1.x */
  constructor(statusLine: string) {
    const [, minor, code, text = ''] = STATUS_LINE.exec(statusLine) ?? [];
    if (code === undefined)
      throw new HttpError(`expected a status line, got ${quoted(statusLine)}`);
    if (code === '101') throw new HttpError('it changes to a protocol that was not asked for');
    this.code = Number(code);
    this.text = text;
    this.#isOld = minor === '0';
  }

  /** One that another one follows. */
  get isInterim(): boolean {
    return this.code < 200;
  }

  /** @throws HttpError when the line is no field, or says where the body ends and another one has said so, too */
  take(line: string): void {
    const [name, value] = fieldOf(line);
    switch (name) {
      case 'content-length':
        if (this.#length !== undefined) throw new HttpError('it tells its length twice');
        if (!DIGITS.test(value)) throw new HttpError(`expected a length, got ${quoted(value)}`);
        this.#length = Number(value);
        break;
      case 'transfer-encoding':
        if (this.#isChunked) throw new HttpError('it tells its transfer encoding twice');
        if (value.toLowerCase() !== 'chunked') {
          throw new HttpError(`expected chunks, got the transfer encoding ${quoted(value)}`);
        }
        this.#isChunked = true;
        break;
      case 'connection':
        this.#takeConnection(value);
        break;
      case 'content-type':
        this.contentType ||= mediaType(value);
        break;
      case 'content-encoding':
        this.contentEncoding ||= mediaType(value);
        break;
    }
  }

  /** When all fields are there. @throws HttpError when they contradict each other */
  framing(): Framing {
    if (this.#isChunked && this.#length !== undefined) {
      throw new HttpError('it has both a length and chunks');
    }
    if (this.#isChunked && this.#isOld)
      throw new HttpError('it has chunks, which HTTP/1.0 has not');
    if (this.isInterim || this.code === 204 || this.code === 304) return 0;
    return this.#isChunked ? 'chunked' : (this.#length ?? 'close');
  }

  /** Whether the connection may be used again. */
  get isKept(): boolean {
    return !this.#isClosing && (!this.#isOld || this.#isKeptAlive);
  }

  #takeConnection(value: string): void {
    for (const option of value.toLowerCase().split(',')) {
      if (option.trim() === 'close') this.#isClosing = true;
      if (option.trim() === 'keep-alive') this.#isKeptAlive = true;
    }
  }
}

/** Framing that comes after the body cannot be meant well. @throws HttpError when the line is none */
export function checkTrailer(line: string): void {
  const [name] = fieldOf(line);
  if (name === 'content-length' || name === 'transfer-encoding') {
    throw new HttpError(`expected no ${name} behind the body`);
  }
}

/** For the text of an error. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, QUOTED_CHARACTERS));
}

function fieldOf(line: string): readonly [name: string, value: string] {
  const [, name, value = ''] = FIELD.exec(line) ?? [];
  if (name === undefined) throw new HttpError(`expected a header field, got ${quoted(line)}`);
  return [name.toLowerCase(), value.trimEnd()];
}

function mediaType(value: string): string {
  const end = value.indexOf(';');
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}
