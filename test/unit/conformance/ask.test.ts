import { describe, expect, test } from '@jest/globals';
import { parseAnswer } from '../../conformance/ask.ts';

const bytes = (...lines: readonly string[]) => Buffer.from(lines.join('\r\n'), 'latin1');

describe('parseAnswer', () => {
  test('reads every header line, and a body of a known length', () => {
    const answer = parseAnswer(
      'GET',
      bytes('HTTP/1.1 200 OK', 'Content-Length: 2', 'Vary:  A ', 'vary: B', 'X-Empty:', '', 'ok'),
    );

    expect(answer).toEqual({
      status: 200,
      headers: [
        ['content-length', '2'],
        ['vary', 'A'],
        ['vary', 'B'],
        ['x-empty', ''],
      ],
      body: Buffer.from('ok'),
    });
  });

  test.each([
    [
      'in chunks',
      ['Transfer-Encoding: chunked', '', '1', 'o', 'A', 'k123456789', '0', '', ''],
      'ok123456789',
    ],
    ['to the end of the connection', ['', 'all of it'], 'all of it'],
    ['that is empty', ['Content-Length: 0', '', ''], ''],
  ])('reads a body %s', (_, lines, body) => {
    expect(String(parseAnswer('GET', bytes('HTTP/1.1 200 OK', ...lines)).body)).toBe(body);
  });

  test('passes over interim answers, and expects no body after HEAD', () => {
    const head = ['HTTP/1.1 405 No', 'Content-Length: 197', '', ''];

    expect(parseAnswer('HEAD', bytes('HTTP/1.1 100 Continue', '', ...head)).status).toBe(405);
  });

  test.each([
    ['no answer', ['']],
    ['half of one', ['HTTP/1.1 200 OK', 'A: b']],
    ['another protocol', ['HTTP/1.0 200 OK', '', '']],
    ['a header without a name', ['HTTP/1.1 200 OK', ': x', '', '']],
    ['a body that is too short', ['HTTP/1.1 200 OK', 'Content-Length: 3', '', 'ok']],
    ['a body that is too long', ['HTTP/1.1 200 OK', 'Content-Length: 1', '', 'ok']],
    ['two lengths', ['HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 2', '', 'ok']],
    [
      'a length and chunks',
      ['HTTP/1.1 200 OK', 'Content-Length: 2', 'Transfer-Encoding: chunked', '', 'ok'],
    ],
    ['chunks without an end', ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'o', '']],
    [
      'a chunk that is cut off',
      ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'o', ''],
    ],
    ['a chunk without a size', ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'x', '', '']],
    [
      'bytes after the chunks',
      ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '0', '', 'more'],
    ],
    ['another encoding', ['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip', '', '']],
    ['a body after 204', ['HTTP/1.1 204 No', '', 'x']],
  ])('refuses %s', (_, lines) => {
    expect(() => parseAnswer('GET', bytes(...lines))).toThrow(Error);
  });
});
