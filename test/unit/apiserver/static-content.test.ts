import { describe, expect, test } from '@jest/globals';
import type { WholeAnswer } from '../../../src/apiserver/answer.ts';
import { staticAnswer } from '../../../src/apiserver/static-content.ts';
import type { StaticContent } from '../../../src/apiserver/static-content.ts';

const MODIFIED = 'Sat, 21 Nov 2026 02:12:45 GMT';
const BEFORE = 'Sat, 21 Nov 2026 02:12:44 GMT';
const AFTER = 'Saturday, 21-Nov-26 02:12:46 GMT';
const TAG = '"AB"';

const CONTENT: StaticContent = {
  bytes: Buffer.from('0123456789'),
  contentType: 'application/json',
  etag: TAG,
  modifiedMs: Date.UTC(2026, 10, 21, 2, 12, 45, 999),
};

function ask(headers: Record<string, string>, method = 'GET'): WholeAnswer {
  const lines = new Map(Object.entries(headers));
  return staticAnswer(CONTENT, { method, header: (name) => lines.get(name) ?? '' });
}

/** Status, Content-Range where there is one, and body. */
function seen({ code, headers = [], body }: WholeAnswer): string {
  const range = headers.find(([name]) => name === 'Content-Range')?.[1] ?? '';
  return [code, range, body.toString().trimEnd()].filter((part) => part !== '').join(' ');
}

// Each row was asked of the Go server, whose document is longer.
describe('staticAnswer', () => {
  test('answers the whole, with what is needed to ask again for less', () => {
    expect(ask({})).toEqual({
      code: 200,
      contentType: 'application/json',
      headers: [
        ['ETag', TAG],
        ['Last-Modified', MODIFIED],
        ['Accept-Ranges', 'bytes'],
      ],
      body: CONTENT.bytes,
    });
  });

  test.each([
    [{ 'if-none-match': TAG }, 'GET', '304'],
    [{ 'if-none-match': TAG }, 'HEAD', '304'],
    [{ 'if-none-match': TAG }, 'POST', '412'],
    [{ 'if-none-match': `W/${TAG}` }, 'GET', '304'],
    [{ 'if-none-match': '*' }, 'GET', '304'],
    [{ 'if-none-match': `"a", ${TAG}` }, 'GET', '304'],
    [{ 'if-none-match': `"a" ${TAG}` }, 'GET', '304'],
    [{ 'if-none-match': `,, ${TAG}` }, 'GET', '304'],
    [{ 'if-none-match': `x${TAG}` }, 'GET', '200 0123456789'],
    [{ 'if-none-match': '"a"' }, 'GET', '200 0123456789'],
    [{ 'if-none-match': 'AB' }, 'GET', '200 0123456789'],
    [{ 'if-none-match': '"AB' }, 'GET', '200 0123456789'],
    [{ 'if-none-match': '"a"', 'if-modified-since': MODIFIED }, 'GET', '200 0123456789'],
    [{ 'if-modified-since': MODIFIED }, 'GET', '304'],
    [{ 'if-modified-since': AFTER }, 'GET', '304'],
    [{ 'if-modified-since': BEFORE }, 'GET', '200 0123456789'],
    [{ 'if-modified-since': MODIFIED }, 'POST', '200 0123456789'],
    [{ 'if-modified-since': '2050-01-01' }, 'GET', '200 0123456789'],
    [{ 'if-match': TAG }, 'GET', '200 0123456789'],
    [{ 'if-match': '*' }, 'GET', '200 0123456789'],
    [{ 'if-match': `W/${TAG}` }, 'GET', '412'],
    [{ 'if-match': '"x"' }, 'PUT', '412'],
    [{ 'if-match': TAG, 'if-unmodified-since': BEFORE }, 'GET', '200 0123456789'],
    [{ 'if-unmodified-since': BEFORE }, 'GET', '412'],
    [{ 'if-unmodified-since': MODIFIED }, 'GET', '200 0123456789'],
    [{ 'if-unmodified-since': 'soon' }, 'GET', '200 0123456789'],
  ])('answers %j of a %s with %s', (headers, method, answer) => {
    expect(seen(ask(headers, method))).toBe(answer);
  });

  test('says no more in a 304 than the tag', () => {
    expect(ask({ 'if-none-match': TAG })).toEqual({
      code: 304,
      contentType: undefined,
      headers: [['ETag', TAG]],
      body: '',
    });
  });

  test.each([
    ['bytes=0-2', '206 bytes 0-2/10 012'],
    ['bytes=-3', '206 bytes 7-9/10 789'],
    ['bytes=8-', '206 bytes 8-9/10 89'],
    ['bytes= 1 - 2 ', '206 bytes 1-2/10 12'],
    ['bytes=+1-2', '206 bytes 1-2/10 12'],
    ['bytes=8-99', '206 bytes 8-9/10 89'],
    ['bytes=-99', '206 bytes 0-9/10 0123456789'],
    ['bytes=-0', '206 bytes 10-9/10'],
    ['bytes=0-1,99-', '206 bytes 0-1/10 01'],
    ['bytes=', '200 0123456789'],
    ['bytes=,', '200 0123456789'],
    ['bytes=0-9,0-1', '200 0123456789'],
    ['bytes=10-', '416 bytes */10 invalid range: failed to overlap'],
    ['bytes=10-,0-x', '416 invalid range'],
    ['bytes=2-1', '416 invalid range'],
    ['bytes=5', '416 invalid range'],
    ['bytes=a-b', '416 invalid range'],
    ['bytes=-', '416 invalid range'],
    ['bytes=--5', '416 invalid range'],
    ['bytes=0-9223372036854775808', '416 invalid range'],
    ['BYTES=0-1', '416 invalid range'],
    ['items=0-1', '416 invalid range'],
  ])('answers a request for %j with %s', (range, answer) => {
    expect(seen(ask({ range }))).toBe(answer);
  });

  test('answers several ranges in parts', () => {
    const { code, contentType = '', headers, body } = ask({ range: 'bytes=0-1,4-6' });
    const [, boundary = ''] =
      /^multipart\/byteranges; boundary=([0-9a-f]{60})$/.exec(contentType) ?? [];

    expect(code).toBe(206);
    expect(headers).toContainEqual(['Accept-Ranges', 'bytes']);
    expect(body.toString().split(`--${boundary}`)).toEqual([
      '',
      '\r\nContent-Range: bytes 0-1/10\r\nContent-Type: application/json\r\n\r\n01\r\n',
      '\r\nContent-Range: bytes 4-6/10\r\nContent-Type: application/json\r\n\r\n456\r\n',
      '--\r\n',
    ]);
  });

  test('answers a thousand parts of nothing in parts, and more of them with the whole', () => {
    const parts = (count: number): string => `bytes=${Array(count).fill('-0').join(',')}`;

    expect(ask({ range: parts(1000) }).code).toBe(206);
    expect(seen(ask({ range: parts(1001) }))).toBe('200 0123456789');
  });

  test.each([
    [TAG, 'GET', '206 bytes 0-1/10 01'],
    [`W/${TAG}`, 'GET', '200 0123456789'],
    ['"x"', 'GET', '200 0123456789'],
    ['"x"', 'POST', '206 bytes 0-1/10 01'],
    [MODIFIED, 'GET', '206 bytes 0-1/10 01'],
    [AFTER, 'GET', '200 0123456789'],
    ['nonsense', 'GET', '200 0123456789'],
  ])('if the range is for %j, answers a %s with %s', (ifRange, method, answer) => {
    expect(seen(ask({ range: 'bytes=0-1', 'if-range': ifRange }, method))).toBe(answer);
  });

  test('tells a HEAD how long the answer would be', () => {
    expect(ask({}, 'HEAD').headers).toContainEqual(['Content-Length', '10']);
    expect(ask({ range: 'bytes=0-1' }, 'HEAD').headers).toContainEqual(['Content-Length', '2']);
  });

  test('ends a refused range as a text', () => {
    expect(ask({ range: 'x' })).toEqual({
      code: 416,
      contentType: 'text/plain; charset=utf-8',
      headers: [['X-Content-Type-Options', 'nosniff']],
      body: 'invalid range\n',
    });
  });

  test('answers any range of an empty content with all of it', () => {
    const empty = { ...CONTENT, bytes: Buffer.alloc(0) };
    const header = (name: string): string => (name === 'range' ? 'bytes=0-1' : '');

    expect(seen(staticAnswer(empty, { method: 'GET', header }))).toBe('200');
  });
});
