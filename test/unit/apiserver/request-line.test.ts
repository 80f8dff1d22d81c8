import { describe, expect, test } from '@jest/globals';
import { requestLineAt } from '../../../src/apiserver/request-line.ts';

function lineAt(text: string, at: number, stumbledOver: 'method' | 'target' = 'method') {
  const line = requestLineAt(Buffer.from(text, 'latin1'), at, stumbledOver);
  return line && { ...line, rest: line.rest.toString('latin1') };
}

describe('requestLineAt', () => {
  test('is the line in which the parser stumbled, and what stands behind it', () => {
    expect(lineAt('BREW /a?b HTTP/1.1\r\nHost: x\r\n', 1)).toEqual({
      method: 'BREW',
      target: '/a?b',
      version: 'HTTP/1.1',
      rest: 'Host: x\r\n',
    });
    expect(lineAt('GET /\xe9 HTTP/1.0\r\n', 5, 'target')).toMatchObject({
      target: '/\xe9',
      rest: '',
    });
  });

  test('may stand behind another request', () => {
    const before = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

    expect(lineAt(`${before}BREW / HTTP/1.1\r\n`, before.length + 1)).toMatchObject({
      method: 'BREW',
    });
    expect(lineAt(`${before}get / HTTP/1.1\r\n`, before.length)).toMatchObject({ method: 'get' });
  });

  test.each([
    ['garbage', 'garbage\r\n\r\n', 0],
    ['a line without an end', 'BREW / HTTP/1.1', 1],
    ['another version', 'BREW / HTTP/2.0\r\n', 1],
    ['a blank too many', 'BREW /a b HTTP/1.1\r\n', 1],
    ['a control character in the target', 'BREW /\x01 HTTP/1.1\r\n', 1],
    ['no token for a method', 'BR(W / HTTP/1.1\r\n', 2],
    ['a line behind a body', 'POST / HTTP/1.1\r\n\r\nbody\r\nBREW / HTTP/1.1\r\n', 25],
    ['a known method, the beginning of which was in another packet', 'GET / HTTP/1.1\r\n', 0],
    ['nothing', '', 0],
  ])('is none: %s', (_name, text, at) => {
    expect(lineAt(text, at)).toBeUndefined();
  });

  test.each(['BREW /\xe9 HTTP/1.1\r\n', 'CONNECT \xe9:443 HTTP/1.1\r\n'])(
    'has a method that Node knows where Node stumbled over the target: not %j',
    (text) => {
      expect(lineAt(text, 6, 'target')).toBeUndefined();
    },
  );
});
