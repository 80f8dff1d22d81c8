import { describe, expect, test } from '@jest/globals';
import { BodyBuffer } from '../../../src/kubelet/body-buffer.ts';
import { TooLargeError } from '../../../src/kubelet/exchange-error.ts';
import { ResponseReader } from '../../../src/kubelet/response-reader.ts';

interface Read {
  readonly reader: ResponseReader;
  readonly isWhole: boolean;
  readonly body: string;
}

function read(pieces: readonly string[], maxBytes = 1_000): Read {
  const body = new BodyBuffer();
  const reader = new ResponseReader(body, maxBytes);
  let isWhole = false;
  for (const piece of pieces) {
    if (!isWhole) isWhole = reader.read(Buffer.from(piece, 'latin1'), piece.length);
  }
  return { reader, isWhole, body: body.bytes.toString('latin1') };
}

const answer = (...lines: string[]): string => lines.join('\r\n');
const OK = 'HTTP/1.1 200 OK';

const ANSWERS = [
  { name: 'of known length', text: answer(OK, 'Content-Length: 2', '', 'ab'), body: 'ab' },
  { name: 'without a body', text: answer(OK, 'content-length: 0', '', ''), body: '' },
  {
    name: '204, whatever length it tells',
    text: answer('HTTP/1.1 204 No Content', 'Content-Length: 9', '', ''),
    body: '',
  },
  {
    name: '304 with chunks that never come',
    text: answer('HTTP/1.1 304 x', 'Transfer-Encoding: chunked', '', ''),
    body: '',
  },
  {
    name: 'in chunks',
    text: answer(OK, 'transfer-encoding: Chunked', '', '2', 'ab', '0a', '0123456789', '0', '', ''),
    body: 'ab0123456789',
  },
  {
    name: 'in chunks with extensions and trailers',
    text: answer(
      OK,
      'transfer-encoding: chunked',
      '',
      '2;a;b=c;d="e f"',
      'ab',
      '0;z',
      'x-sum: 1',
      'y:',
      '',
      '',
    ),
    body: 'ab',
  },
  {
    name: 'after interim ones',
    text: answer(
      'HTTP/1.1 100 Continue',
      '',
      'HTTP/1.1 103 Hints',
      'link: x',
      '',
      OK,
      'content-length: 1',
      '',
      'a',
    ),
    body: 'a',
  },
  {
    name: 'without a word behind the code',
    text: answer('HTTP/1.1 200', 'content-length: 1', '', 'a'),
    body: 'a',
  },
] as const;

describe('ResponseReader', () => {
  test.each(ANSWERS)(
    'reads an answer $name, cut anywhere, and keeps the connection',
    ({ text, body }) => {
      for (let cut = 0; cut < text.length; cut++) {
        const found = read([text.slice(0, cut), text.slice(cut)]);
        expect(read([text.slice(0, cut)]).isWhole).toBe(false);
        expect(found).toMatchObject({ isWhole: true, body });
        expect(found.reader.isKept).toBe(true);
      }
      expect(read(Array.from(text))).toMatchObject({ isWhole: true, body });
    },
  );

  test('tells the head of the answer itself', () => {
    const { reader } = read([
      answer(
        'HTTP/1.1 100 Continue',
        'content-type: no',
        '',
        'HTTP/1.1 403 Ganz \xfcbel',
        'Content-Type: Text/Plain; charset=utf-8',
        'content-type: another',
        'Content-Encoding: GZip',
        'content-length: 0',
        '',
        '',
      ),
    ]);

    const { code, text, contentType, contentEncoding } = reader.head;
    expect([code, text, contentType, contentEncoding]).toEqual([
      403,
      'Ganz \xfcbel',
      'text/plain',
      'gzip',
    ]);
  });

  test.each([
    { name: 'that says so', head: [OK, 'Connection: x, Close'] },
    { name: 'of HTTP/1.0', head: ['HTTP/1.0 200 OK'] },
    { name: 'that says both', head: [OK, 'connection: keep-alive', 'connection: close'] },
  ])('does not keep the connection after an answer $name', ({ head }) => {
    const { reader, isWhole } = read([answer(...head, 'content-length: 1', '', 'a')]);

    expect([isWhole, reader.isKept]).toEqual([true, false]);
  });

  test('keeps the connection after an answer of HTTP/1.0 that says so', () => {
    const text = answer('HTTP/1.0 200 OK', 'connection: Keep-Alive', 'content-length: 1', '', 'a');

    expect(read([text]).reader.isKept).toBe(true);
  });

  test('does not keep a connection on which more came than the answer', () => {
    const { reader, isWhole, body } = read([answer(OK, 'content-length: 1', '', 'ab')]);

    expect([isWhole, body, reader.isKept]).toEqual([true, 'a', false]);
  });

  test('takes the end of the connection for the end of an answer that tells no other', () => {
    const { reader, isWhole, body } = read([answer('HTTP/1.1 200 OK', '', 'a'), 'b']);

    expect([isWhole, body]).toEqual([false, 'ab']);
    expect(reader.end()).toBe(true);
    expect(reader.isKept).toBe(false);
  });

  test.each([
    '',
    'HTTP/1.1 2',
    answer(OK, 'content-length: 3', '', 'ab'),
    answer(OK, 'transfer-encoding: chunked', '', '1', 'a', ''),
  ])('does not take the end of the connection for the end of %j', (text) => {
    expect(read([text]).reader.end()).toBe(false);
  });

  const chunks = (...lines: string[]): string =>
    answer(OK, 'transfer-encoding: chunked', '', ...lines);

  test.each([
    { text: 'SSH-2.0', words: 'expected a status line, got "S' },
    { text: 'HTTP/1.2 200 OK\r\n', words: 'expected a status line, got "HTTP/1.2 200 OK"' },
    { text: 'HTTP/2', words: 'expected a status line' },
    { text: '\r\n', words: 'expected a status line' },
    { text: 'HTTP/1.1 020 OK\r\n', words: 'expected a status line' },
    { text: 'HTTP/1.1 200 a\0b\r\n', words: 'expected a status line' },
    { text: 'HTTP/1.1 200 OK\n', words: 'expected lines that end with CR LF' },
    { text: answer('HTTP/1.1 101 x', ''), words: 'changes to a protocol' },
    { text: answer('HTTP/1.1 100 x', 'connection: close', '', ''), words: 'closes before it' },
    { text: answer(OK, 'a b: c', ''), words: 'expected a header field, got "a b: c"' },
    { text: answer(OK, ': c', ''), words: 'expected a header field' },
    { text: answer(OK, 'a : c', ''), words: 'expected a header field' },
    { text: answer(OK, 'a: b', ' c', ''), words: 'expected a header field, got " c"' },
    { text: answer(OK, 'a: b\rc', ''), words: 'expected a header field' },
    { text: answer(OK, 'a', ''), words: 'expected a header field' },
    { text: answer(OK, 'content-length: 1', 'content-length: 1', ''), words: 'its length twice' },
    { text: answer(OK, 'content-length: -1', ''), words: 'expected a length, got "-1"' },
    { text: answer(OK, 'content-length: 1, 1', ''), words: 'expected a length, got "1, 1"' },
    { text: answer(OK, 'content-length:', ''), words: 'expected a length, got ""' },
    { text: answer(OK, 'content-length: 0x5', ''), words: 'expected a length' },
    { text: answer(OK, 'content-length: 1234567890123456', ''), words: 'expected a length' },
    {
      text: answer(OK, 'transfer-encoding: gzip, chunked', ''),
      words: 'got the transfer encoding "gzip, chunked"',
    },
    {
      text: answer(OK, 'transfer-encoding: chunked', 'transfer-encoding: chunked', ''),
      words: 'its transfer encoding twice',
    },
    {
      text: answer(OK, 'transfer-encoding: chunked', 'content-length: 1', '', ''),
      words: 'both a length and chunks',
    },
    {
      text: answer('HTTP/1.0 200 OK', 'transfer-encoding: chunked', '', ''),
      words: 'chunks, which HTTP/1.0 has not',
    },
    { text: chunks('', ''), words: 'expected the size of a chunk, got ""' },
    { text: chunks('g', ''), words: 'expected the size of a chunk, got "g"' },
    { text: chunks('+1', ''), words: 'expected the size of a chunk' },
    { text: chunks('1 ', ''), words: 'expected the size of a chunk' },
    { text: chunks('1;', ''), words: 'expected the size of a chunk' },
    { text: chunks('1;a="b\x01"', ''), words: 'expected the size of a chunk' },
    { text: chunks('10000000000000', ''), words: 'expected the size of a chunk' },
    { text: chunks('1', 'ab', ''), words: 'expected the end of a chunk, got "b"' },
    {
      text: chunks('0', 'Content-Length: 1', ''),
      words: 'expected no content-length behind the body',
    },
    { text: chunks('0', 'x', ''), words: 'expected a header field, got "x"' },
  ])('refuses %j', ({ text, words }) => {
    expect(() => read([text])).toThrow(words);
    expect(() => read(Array.from(text))).toThrow(words);
  });

  test.each([
    { name: 'fields', text: (size: number) => answer(OK, `x: ${'a'.repeat(size)}`, '') },
    {
      name: 'interim answers',
      text: (size: number) => answer('HTTP/1.1 100 x', '', '').repeat(Math.ceil(size / 18)),
    },
    {
      name: 'extensions',
      text: (size: number) =>
        chunks(...Array.from({ length: Math.ceil(size / 9) }, () => '1;abcde\r\na'), ''),
    },
    { name: 'trailers', text: (size: number) => chunks('0', `x: ${'a'.repeat(size)}`, '') },
    { name: 'a line without an end', text: (size: number) => `${OK}${'a'.repeat(size)}` },
  ])('bounds the bytes of $name', ({ text }) => {
    const words = 'expected at most 16384 bytes of header fields, got more';

    expect(() => read([text(16_384)], 100_000)).toThrow(words);
    expect(() => read(Array.from(text(16_384)), 100_000)).toThrow(words);
    expect(() => read([text(15_000)], 100_000)).not.toThrow();
  });

  test('does not bound how many chunks there are', () => {
    const text = chunks(...Array.from({ length: 5_000 }, () => '1\r\na'), '0', '', '');

    expect(read([text], 5_000)).toMatchObject({ isWhole: true, body: 'a'.repeat(5_000) });
  });

  test.each([
    { name: 'announced', text: answer(OK, 'content-length: 1001', '', '') },
    { name: 'in chunks', text: chunks('3e8', 'a'.repeat(1000), '1', 'a') },
    { name: 'until the connection ends', text: answer(OK, '', 'a'.repeat(1001)) },
  ])('refuses a body beyond its limit, $name', ({ text }) => {
    expect(() => read([text])).toThrow(TooLargeError);
  });

  test.each([
    {
      name: 'of known length',
      text: answer('HTTP/1.1 500 x', 'content-length: 5000', '', 'a'.repeat(4500)),
    },
    {
      name: 'in chunks',
      text: answer('HTTP/1.1 500 x', 'transfer-encoding: chunked', '', '2000', 'a'.repeat(4500)),
    },
    { name: 'until the connection ends', text: answer('HTTP/1.1 500 x', '', 'a'.repeat(4500)) },
  ])('reads of a refusal $name the beginning only', ({ text }) => {
    const { reader, isWhole, body } = read([text], 5);

    expect([isWhole, body.length, reader.isKept]).toEqual([true, 4096, false]);
  });
});
