import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { removeIdentityHeaders } from '../../../../src/apiserver/authentication/identity-headers.ts';

/** What is left of a real request's headers. */
async function left(
  sent: string[],
  configured: Parameters<typeof removeIdentityHeaders>[1],
  touch: (message: IncomingMessage) => unknown = () => undefined,
): Promise<object> {
  const { promise, resolve } = Promise.withResolvers<object>();
  const server = createServer((message, response) => {
    touch(message);
    removeIdentityHeaders(message, configured);
    const { headers, headersDistinct, rawHeaders } = message;
    resolve({ headers: { ...headers }, distinct: { ...headersDistinct }, raw: [...rawHeaders] });
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const headers = ['Host', 'h', ...sent, 'Connection', 'close'];
  request({ port, host: '127.0.0.1', agent: false, headers }).end();
  const result = await promise;
  await new Promise((done) => server.close(done));
  return result;
}

const SENT = [
  ...[
    'Authorization',
    'Bearer secret',
    'X-Remote-User',
    'a',
    'x-remote-uid',
    '1',
    'X-Remote-Group',
    'g',
  ],
  ...[
    'X-REMOTE-GROUP',
    'h',
    'X-Remote-Extra-Foo',
    'v',
    'X-Remote-Extra-',
    'w',
    'X-Custom-User',
    'b',
  ],
  ...['Accept', 'x', 'X-Remote-Other', 'kept'],
];

describe('removeIdentityHeaders', () => {
  test.each([
    { name: 'before anybody has read them', touch: () => undefined },
    {
      name: 'after somebody has read them',
      touch: (message: IncomingMessage) => [message.headers.host, message.headersDistinct['host']],
    },
  ])('removes the standard ones from every view of the headers, $name', async ({ touch }) => {
    expect(await left(SENT, undefined, touch)).toEqual({
      headers: {
        host: 'h',
        connection: 'close',
        accept: 'x',
        'x-custom-user': 'b',
        'x-remote-other': 'kept',
      },
      distinct: {
        host: ['h'],
        connection: ['close'],
        accept: ['x'],
        'x-custom-user': ['b'],
        'x-remote-other': ['kept'],
      },
      raw: [
        ...['Host', 'h', 'X-Custom-User', 'b', 'Accept', 'x', 'X-Remote-Other', 'kept'],
        ...['Connection', 'close'],
      ],
    });
  });

  test('removes the configured ones as well', async () => {
    const configured = {
      usernameHeaders: ['x-CUSTOM-user'],
      uidHeaders: [],
      groupHeaders: [],
      extraHeaderPrefixes: ['X-Remote-O'],
    };

    expect(await left(SENT, configured)).toMatchObject({
      raw: ['Host', 'h', 'Accept', 'x', 'Connection', 'close'],
    });
  });
});
