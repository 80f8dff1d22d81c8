import { randomBytes } from 'node:crypto';
import { TEXT } from './answer.ts';
import type { Header, WholeAnswer } from './answer.ts';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

/** A document that stays as it is for a while. */
export interface StaticContent {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Strong, with its quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
}

/** What of a request decides how static content is answered. */
export interface ContentRequest {
  readonly method: string;
  /** The first line of a header, '' without one. */
  readonly header: (name: string) => string;
}

/**
 * Answers with static content as Go's http.ServeContent does: preconditions (RFC 9110 section 13), then ranges (section
 * 14), for any method. Cache-Control and Vary are the caller's to add.
 */
export function staticAnswer(content: StaticContent, request: ContentRequest): WholeAnswer {
  const answer = answerOf(content, request);
  if (request.method !== 'HEAD' || answer.code === 304) return answer;
  const length: Header = ['Content-Length', String(Buffer.byteLength(answer.body))];
  return { ...answer, headers: [...(answer.headers ?? []), length] };
}

function answerOf(content: StaticContent, request: ContentRequest): WholeAnswer {
  const refusal = failedPrecondition(content, request);
  if (refusal !== undefined) return conditionalAnswer(refusal, content);
  const { bytes, contentType } = content;
  const ranges = parseRanges(wantedRange(content, request), bytes.length);
  if (typeof ranges === 'string') return unsatisfiable(ranges, bytes.length);
  const headers: Header[] = [...validators(content), ['Accept-Ranges', 'bytes']];
  const [first, ...others] = ranges;
  if (!first || !isWorthParts(ranges, bytes.length)) {
    return { code: 200, contentType, headers, body: bytes };
  }
  if (others.length > 0) return multipart(ranges, content, headers);
  headers.push(['Content-Range', contentRange(first, bytes.length)]);
  return { code: 206, contentType, headers, body: part(bytes, first) };
}

/** A client asks for a few parts; each costs some 200 bytes more than what is in it. */
const MAX_RANGES = 1000;

/** More than the whole, or so many parts that nobody can mean it, is answered with the whole. */
function isWorthParts(ranges: readonly ByteRange[], size: number): boolean {
  const wanted = ranges.reduce((sum, { length }) => sum + length, 0);
  return wanted <= size && ranges.length <= MAX_RANGES;
}

function validators({ etag, modifiedMs }: StaticContent): Header[] {
  return [
    ['ETag', etag],
    ['Last-Modified', formatHttpDate(modifiedMs)],
  ];
}

type Refusal = 304 | 412;

function failedPrecondition(
  { etag, modifiedMs }: StaticContent,
  { method, header }: ContentRequest,
): Refusal | undefined {
  const isRead = method === 'GET' || method === 'HEAD';
  const seconds = Math.floor(modifiedMs / 1000);
  const secondsOf = (name: string): number => Math.floor(parsed(header(name)) / 1000);

  const ifMatch = header('if-match');
  if (ifMatch !== '') {
    if (!hasTag(ifMatch, (tag) => tag === etag)) return 412;
  } else if (seconds > secondsOf('if-unmodified-since')) return 412;

  const ifNoneMatch = header('if-none-match');
  if (ifNoneMatch !== '') {
    const isKnown = hasTag(ifNoneMatch, (tag) => tag.replace(/^W\//, '') === etag);
    return isKnown ? (isRead ? 304 : 412) : undefined;
  }
  return isRead && seconds <= secondsOf('if-modified-since') ? 304 : undefined;
}

/** NaN compares as nothing: a header that is no date does not count. */
function parsed(date: string): number {
  return parseHttpDate(date) ?? Number.NaN;
}

const TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/;
const LIST_SPACE = /^[ \t\r\n,]*/;

/** Whether one of the tags of a list is the one. What cannot be read as a tag ends the list; `*` is any tag. */
function hasTag(list: string, isWanted: (tag: string) => boolean): boolean {
  let rest = list.replace(LIST_SPACE, '');
  while (rest !== '') {
    if (rest.startsWith('*')) return true;
    const [tag] = TAG.exec(rest) ?? [];
    if (tag === undefined) return false;
    if (isWanted(tag)) return true;
    rest = rest.slice(tag.length).replace(LIST_SPACE, '');
  }
  return false;
}

function conditionalAnswer(code: Refusal, content: StaticContent): WholeAnswer {
  if (code === 304) {
    // The tag says it all: no type, no date.
    return { code, contentType: undefined, headers: [['ETag', content.etag]], body: '' };
  }
  return { code, contentType: content.contentType, headers: validators(content), body: '' };
}

/** '' when the whole is wanted: without a Range, or when If-Range tells that the client has a part of another content. */
function wantedRange(
  { etag, modifiedMs }: StaticContent,
  { method, header }: ContentRequest,
): string {
  const range = header('range');
  const ifRange = header('if-range');
  if (ifRange === '' || (method !== 'GET' && method !== 'HEAD')) return range;
  const [tag] = TAG.exec(ifRange.trim()) ?? [];
  const isSame =
    tag === undefined
      ? Math.floor(parsed(ifRange) / 1000) === Math.floor(modifiedMs / 1000)
      : tag === etag;
  return isSame ? range : '';
}

interface ByteRange {
  readonly start: number;
  readonly length: number;
}

const INVALID = 'invalid range';
const NO_OVERLAP = 'invalid range: failed to overlap';
const UNIT = 'bytes=';

/** No ranges: the whole. A text says why there is nothing to be answered. */
function parseRanges(text: string, size: number): readonly ByteRange[] | string {
  if (text === '') return [];
  if (!text.startsWith(UNIT)) return INVALID;
  const ranges: ByteRange[] = [];
  let beyond = 0;
  for (const spec of text.slice(UNIT.length).split(',')) {
    if (spec.trim() === '') continue;
    const range = parseRange(spec, size);
    if (range === INVALID) return INVALID;
    if (range === NO_OVERLAP) beyond++;
    else ranges.push(range);
  }
  return beyond > 0 && ranges.length === 0 && size > 0 ? NO_OVERLAP : ranges;
}

function parseRange(spec: string, size: number): ByteRange | typeof INVALID | typeof NO_OVERLAP {
  const dash = spec.indexOf('-');
  if (dash === -1) return INVALID;
  const first = spec.slice(0, dash).trim();
  const last = spec.slice(dash + 1).trim();
  if (first === '') {
    const wanted = last.startsWith('-') ? undefined : position(last);
    if (wanted === undefined) return INVALID;
    const length = Math.min(wanted, size);
    return { start: size - length, length };
  }
  const start = position(first);
  if (start === undefined) return INVALID;
  if (start >= size) return NO_OVERLAP;
  if (last === '') return { start, length: size - start };
  const end = position(last);
  if (end === undefined || end < start) return INVALID;
  return { start, length: Math.min(end, size - 1) - start + 1 };
}

const MAX_INT64 = 2n ** 63n - 1n;

/** A number as Go's ParseInt reads it: with a sign, and no more than 64 bits. Negative ones are none. */
function position(text: string): number | undefined {
  const [, digits] = /^(?:\+|-(?=0+$))?0*(\d{1,19})$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return BigInt(digits) > MAX_INT64 ? undefined : Number(digits);
}

function part(bytes: Buffer, { start, length }: ByteRange): Buffer {
  return bytes.subarray(start, start + length);
}

function contentRange({ start, length }: ByteRange, size: number): string {
  return `bytes ${start}-${start + length - 1}/${size}`;
}

function multipart(
  ranges: readonly ByteRange[],
  { bytes, contentType }: StaticContent,
  headers: readonly Header[],
): WholeAnswer {
  const boundary = randomBytes(30).toString('hex');
  const pieces = ranges.flatMap((range, index) => [
    `${index === 0 ? '' : '\r\n'}--${boundary}\r\n` +
      `Content-Range: ${contentRange(range, bytes.length)}\r\nContent-Type: ${contentType}\r\n\r\n`,
    part(bytes, range),
  ]);
  const body = Buffer.concat(
    [...pieces, `\r\n--${boundary}--\r\n`].map((piece) =>
      typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece,
    ),
  );
  return { code: 206, contentType: `multipart/byteranges; boundary=${boundary}`, headers, body };
}

function unsatisfiable(reason: string, size: number): WholeAnswer {
  const headers: Header[] = [['X-Content-Type-Options', 'nosniff']];
  if (reason === NO_OVERLAP) headers.push(['Content-Range', `bytes */${size}`]);
  return { code: 416, contentType: TEXT, headers, body: `${reason}\n` };
}
