import { describe, expect, test } from '@jest/globals';
import { AnswerReader, continueTokenIn } from '../../bench/answer-reader.ts';

const WITH_LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const IN_CHUNKS =
  'HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\n\r\n\r\n0\r\n\r\n';

describe('AnswerReader', () => {
  test.each([
    { name: 'with a length', text: WITH_LENGTH, code: 200 },
    { name: 'in chunks', text: IN_CHUNKS, code: 404 },
    {
      name: 'without a body',
      text: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
      code: 204,
    },
  ])('notices the last byte of an answer $name, in whatever pieces it comes', ({ text, code }) => {
    for (let size = 1; size <= text.length; size++) {
      const reader = new AnswerReader();
      const ends: number[] = [];
      for (let at = 0; at < text.length; at += size) {
        if (reader.add(Buffer.from(text.slice(at, at + size)))) ends.push(at + size);
      }

      expect(ends).toHaveLength(1);
      expect(ends[0]).toBeGreaterThanOrEqual(text.length);
      expect(reader).toMatchObject({ code, bytes: text.length, beginning: text });
    }
  });

  test('begins anew with the next answer', () => {
    const reader = new AnswerReader();
    reader.add(Buffer.from(IN_CHUNKS));

    expect(reader.add(Buffer.from(WITH_LENGTH))).toBe(true);
    expect(reader).toMatchObject({ code: 200, bytes: WITH_LENGTH.length, beginning: WITH_LENGTH });
  });

  test('keeps the beginning only', () => {
    const reader = new AnswerReader();
    reader.add(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n'));
    reader.add(Buffer.alloc(50_000, 'a'));

    expect(reader.add(Buffer.alloc(50_000, 'b'))).toBe(true);
    expect(reader.beginning).toHaveLength(4096);
    expect(reader.beginning).not.toContain('b');
  });
});

describe('continueTokenIn', () => {
  test.each([
    {
      name: 'compact',
      text: '{"kind":"PodMetricsList","metadata":{"continue":"abc="},',
      token: 'abc=',
    },
    { name: 'indented', text: '"metadata": {\n "continue": "x.y"', token: 'x.y' },
    { name: 'the last page', text: '{"metadata":{"continue":""},"items":[', token: undefined },
    { name: 'no page', text: '{"metadata":{},"items":[', token: undefined },
  ])('reads the token of a list: $name', ({ text, token }) => {
    expect(continueTokenIn(text)).toBe(token);
  });
});
