import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';

/** What an answer should be read as. */
export interface MeantAnswer {
  /** A character a byte. */
  readonly bytes: string;
  readonly code: number;
  readonly text: string;
  readonly contentType: string;
  readonly body: string;
}

const CODES = [200, 200, 200, 201, 206, 302, 401, 403, 404, 500, 503];
const TEXTS = ['OK', '', 'Not Found', 'Sonderfall \xfc', 'a\tb', '200'];
const TYPES = [
  'application/json',
  'Text/Plain; version=0.0.4; charset=utf-8',
  'text/html ; a="b;c"',
];
const OTHERS = [
  'Date: Sat, 21 Nov 2026 10:00:00 GMT',
  'x-a:',
  'X-B:  b \t',
  'audit-id: 1-2_3~',
  'x-latin: \xe9',
];
const EXTENSIONS = ['', '', '', ';a', ';a=b', ';a="b c"', ';a=b;c'];
const TRAILERS = ['', '', 'x-check: 1\r\n', 'a: b\r\nc: d\r\n'];
const INTERIM = [
  '',
  '',
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n',
];

const oneOf = (values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const bodies = fc.oneof(
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 60 }),
  fc.constantFrom(
    '',
    '{"node":{}}',
    '\r\n\r\n',
    '0\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'x'.repeat(300),
  ),
);

/** Answers as servers give them, and what they mean. */
export const answers: fc.Arbitrary<MeantAnswer> = fc
  .record({
    interim: oneOf(INTERIM),
    code: fc.constantFrom(...CODES),
    text: oneOf(TEXTS),
    type: oneOf(TYPES),
    others: fc.subarray(OTHERS),
    body: bodies,
    framing: fc.constantFrom('length', 'chunks', 'close', 'old'),
    sizes: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
    extension: oneOf(EXTENSIONS),
    trailer: oneOf(TRAILERS),
  })
  .map(({ interim, code, text, type, others, body, framing, ...chunks }) => {
    const version = framing === 'old' ? '1.0' : '1.1';
    const frames = {
      length: [`Content-Length: ${body.length}`, body],
      old: [`content-length: 00${body.length}`, body],
      chunks: ['Transfer-Encoding: chunked', chunked(body, chunks)],
      close: ['connection: close', body],
    }[framing];
    const [field = '', framed = ''] = frames;
    const lines = [`HTTP/${version} ${code} ${text}`, `Content-Type: ${type}`, ...others, field];
    const [contentType = ''] = type.split(';');
    return {
      bytes: `${interim}${lines.join('\r\n')}\r\n\r\n${framed}`,
      ...{ code, text, body, contentType: contentType.trim().toLowerCase() },
    };
  });

interface Chunks {
  readonly sizes: readonly number[];
  readonly extension: string;
  readonly trailer: string;
}

function chunked(body: string, { sizes, extension, trailer }: Chunks): string {
  let rest = body;
  let framed = '';
  for (const size of [...sizes, rest.length]) {
    const chunk = rest.slice(0, size);
    rest = rest.slice(size);
    if (chunk !== '') framed += `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`;
  }
  return `${framed}0${extension}\r\n${trailer}\r\n`;
}

const PIECES = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  '5',
  'a',
  '"',
  '\0',
  '\x7f',
  '\xff',
  'HTTP/1.1 200 OK\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  '-',
  '+',
  '1.0',
  '=',
  'chunked',
  'content-length',
  'gzip, ',
];

/** Answers with mistakes in them, a character a byte. */
export const oddAnswers: fc.Arbitrary<string> = mutated(
  answers.map(({ bytes }) => bytes),
  PIECES,
  9,
);

/** Where to cut what comes into pieces, as parts of its length. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.array(
  fc.double({ min: 0, max: 1, noNaN: true }),
  { maxLength: 6 },
);
