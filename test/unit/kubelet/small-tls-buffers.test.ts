import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type SecureVersion, TLSSocket, connect } from 'node:tls';
import { promisify } from 'node:util';
import { useSmallBuffers } from '../../../src/kubelet/small-tls-buffers.ts';
import { newKubeletAuthority } from '../../support/kubelet-server.ts';

const run = promisify(execFile);
const PROGRAM = new URL('../../support/kept-connections.ts', import.meta.url).pathname;
/** Longer than what Node may read at once. */
const ANSWER = `${'x'.repeat(80_000)}the end`;
const BUFFER_BYTES = 64 * 1024;

const authority = newKubeletAuthority();
const { certPem, keyPem } = authority.issue({
  commonName: 'system:node:node-a',
  ipAddresses: ['127.0.0.1'],
  usages: ['serverAuth'],
});

let server: Server;
let faults: unknown[];

beforeEach(() => {
  faults = [];
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Returns the port. */
async function serve(versions: {
  minVersion?: SecureVersion;
  maxVersion?: SecureVersion;
}): Promise<number> {
  server = createServer({ cert: certPem, key: keyPem, ...versions }, (_request, response) => {
    response.end(ANSWER);
  });
  server.on('tlsClientError', (error) => faults.push(error));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Whether it was resumed, and the session of the next one. */
async function ask(
  port: number,
  before: Buffer | undefined,
): Promise<{ isResumed: boolean; session: Buffer | undefined }> {
  let session: Buffer | undefined;
  const socket = connect({ host: '127.0.0.1', port, ca: authority.certPem, session: before });
  socket.once('connect', () => {
    useSmallBuffers(socket);
  });
  socket.on('session', (ticket) => {
    session = ticket;
  });
  await once(socket, 'secureConnect');
  const isResumed = socket.isSessionReused();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(ANSWER);
  return { isResumed, session };
}

describe.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('Small buffers with %s', (version) => {
  test.each([
    { name: 'a server of this version', server: { minVersion: version, maxVersion: version } },
    { name: 'a server of this version and later ones', server: { minVersion: version } },
  ])('$name answers whole, twice, and has no complaint', async ({ server: versions }) => {
    const port = await serve(versions);

    const first = await ask(port, undefined);
    const second = await ask(port, first.session);

    expect([first.isResumed, second.isResumed]).toEqual([false, true]);
    expect(faults).toEqual([]);
  });
});

test('A connection that is kept takes less than the buffer that Node would make for it', async () => {
  const port = await serve({});
  const bytesOf = async (kind: string): Promise<number> => {
    const { stdout } = await run(process.execPath, [PROGRAM, String(port), kind]);
    return Number(stdout);
  };

  const [plain, small] = [await bytesOf('plain'), await bytesOf('small')];

  // Should the first one fail: Node has learned it, and the code can go.
  expect(plain).toBeGreaterThan(BUFFER_BYTES);
  expect(small).toBeLessThan(plain - BUFFER_BYTES / 2);
});

test('A socket without the function, or that is gone already, is left as it is', () => {
  const neverOpened = new TLSSocket(undefined as never);
  neverOpened.destroy();
  const handle: unknown = Reflect.get(neverOpened, '_handle');

  expect(() => {
    useSmallBuffers(neverOpened);
  }).not.toThrow();
  expect(handle ?? undefined).toBeUndefined();
});
