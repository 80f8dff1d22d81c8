import { connect as connectPlain, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { createSecureServer } from '../../../src/apiserver/secure-serving.ts';
import { createCertificateAuthority } from '../../../src/pki/certificate.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { waitFor } from '../../support/wait-for.ts';
import { SETTINGS, Scratch, exchange, exchangePlain, get, handshake, listen } from './listener.ts';
import type { RequestListener } from 'node:http';
import { TLSSocket } from 'node:tls';

const hello: RequestListener = (_request, response) => {
  response.end('hello');
};

describe('secure serving, the handshake', () => {
  test('speaks HTTP/1.1 only, from TLS 1.2 on', async () => {
    await using server = await listen(hello);

    const both = await handshake(server.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    const none = await handshake(server.port, { ALPNProtocols: [] });
    const old = await handshake(server.port, { maxVersion: 'TLSv1.2' });
    expect([both.alpnProtocol, both.getProtocol()]).toEqual(['http/1.1', 'TLSv1.3']);
    expect([none.alpnProtocol, old.getProtocol()]).toEqual([false, 'TLSv1.2']);
    for (const socket of [both, none, old]) socket.destroy();

    await expect(handshake(server.port, { ALPNProtocols: ['h2'] })).rejects.toThrow(/ALPN|alert/);
    const ciphers = 'DEFAULT@SECLEVEL=0';
    await expect(
      handshake(server.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers }),
    ).rejects.toThrow(/protocol version/);
  });

  test.each([
    { minTlsVersion: 'TLSv1', client: 'TLSv1' },
    { minTlsVersion: 'TLSv1.1', client: 'TLSv1.1' },
    { minTlsVersion: 'TLSv1.3', client: 'TLSv1.3' },
  ] as const)('--tls-min-version $minTlsVersion takes $client', async (versions) => {
    const { minTlsVersion, client } = versions;
    await using server = await listen(hello, { minTlsVersion });

    const socket = await handshake(server.port, {
      minVersion: client,
      maxVersion: client,
      ...(client !== 'TLSv1.3' && { ciphers: 'DEFAULT@SECLEVEL=0' }),
    });

    expect(socket.getProtocol()).toBe(client);
    socket.destroy();
  });

  test('--tls-min-version TLSv1.3 refuses 1.2', async () => {
    await using server = await listen(hello, { minTlsVersion: 'TLSv1.3' });

    await expect(handshake(server.port, { maxVersion: 'TLSv1.2' })).rejects.toThrow(
      /protocol version/,
    );
  });

  test('takes the ciphers and curves it was given', async () => {
    await using server = await listen(hello, {
      ciphers: ['ECDHE-RSA-AES256-GCM-SHA384'],
      curves: ['P-384'],
    });

    const socket = await handshake(server.port, { maxVersion: 'TLSv1.2' });
    expect(socket.getCipher().name).toBe('ECDHE-RSA-AES256-GCM-SHA384');
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'secp384r1' });
    socket.destroy();
    await expect(
      handshake(server.port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }),
    ).rejects.toThrow(/handshake failure/);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes no session of %s', async (maxVersion) => {
    await using server = await listen(hello);
    const sessions: Buffer[] = [];
    const first = await handshake(server.port, { maxVersion });
    first.on('session', (session: Buffer) => sessions.push(session));
    const closed = new Promise((resolve) => first.once('close', resolve));
    first.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    first.resume();
    await closed;

    const session = sessions.at(-1) ?? first.getSession();
    const second = await handshake(server.port, { maxVersion, ...(session && { session }) });
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
  });

  test('names the client authorities of the moment, and takes certificates of all others too', async () => {
    const [one, other] = ['one', 'other'].map((commonName) =>
      createCertificateAuthority({ commonName, nowMs: Date.now() }),
    ) as [
      ReturnType<typeof createCertificateAuthority>,
      ReturnType<typeof createCertificateAuthority>,
    ];
    const authorities = { generation: 1, pem: [one.certPem], certificates: () => authorities.pem };
    const seen: (string | undefined)[] = [];
    await using server = await listen(
      (request, response) => {
        seen.push(subjectOf(request.socket));
        response.end();
      },
      {},
      { clientAuthorities: authorities },
    );
    const client = other.issue({ commonName: 'client', usages: ['clientAuth'] });

    await get(server.port, { cert: client.certPem, key: client.keyPem });
    await get(server.port);
    expect(seen).toEqual(['CN=client', undefined]);
    expect(await acceptableAuthorities(server.port)).toEqual(['CN=one']);

    authorities.pem = [one.certPem, other.certPem];
    authorities.generation += 1;
    expect(await acceptableAuthorities(server.port)).toEqual(['CN=one', 'CN=other']);
  });
});

function subjectOf(socket: Socket): string | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.subject : undefined;
}

describe('secure serving, what is no request', () => {
  test('plain HTTP is told so, as Go does', async () => {
    await using server = await listen(hello);

    for (const method of ['GET', 'POST', 'HEAD', 'PUT']) {
      expect(await exchangePlain(server.port, `${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)).toBe(
        'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
      );
    }
    expect(server.log.told.filter((line) => !line.startsWith('info'))).toEqual([]);
  });

  const plain = (status: string): string =>
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`;
  test.each([
    { name: 'garbage', bytes: 'hello\r\n\r\n', answer: plain('400 Bad Request') },
    { name: 'TLS within TLS', bytes: '\u0016\u0003\u0001\u0002', answer: plain('400 Bad Request') },
    {
      name: 'two lengths',
      bytes: 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      answer: plain('400 Bad Request'),
    },
    {
      name: 'a length and chunks',
      bytes:
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      answer: plain('400 Bad Request'),
    },
    {
      name: 'headers beyond 1 MiB',
      bytes: `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(1_100_000)}\r\n\r\n`,
      answer: plain('431 Request Header Fields Too Large'),
    },
    {
      name: 'a header name with a space',
      bytes: 'GET / HTTP/1.1\r\nHost: x\r\nX y: z\r\n\r\n',
      answer: plain('400 Bad Request'),
    },
  ])('$name is refused', async ({ bytes, answer }) => {
    let requests = 0;
    await using server = await listen((_request, response) => {
      requests += 1;
      response.end();
    });

    expect(await exchange(server.port, bytes)).toBe(answer);
    expect(requests).toBe(0);
    expect((await get(server.port)).status).toBe(200);
  });

  test.each(['CONNECTX', 'FOO', 'get', 'WATCH', 'CONNECT'])(
    'the method %s, which Node does not know or treats apart, is a method',
    async (method) => {
      await using server = await listen((request, response) => {
        response.setHeader('X-Secure', String(request.socket instanceof TLSSocket));
        response.end(`${request.method} ${request.url} ${request.headers.host}`);
      });

      const answer = await exchange(server.port, `${method} /apis HTTP/1.1\r\nHost: x\r\n\r\n`);

      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\nX-Secure: true\r\n/);
      expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(`${method} /apis x`);
    },
  );

  test('a method that nobody knows has no more time and room for its headers than others', async () => {
    const limits = { headersMs: 500, requestMs: 60_000, checkMs: 50, headerBytes: 20_000 };
    await using server = await listen(hello, {}, { limits });
    const start = 'BREW / HTTP/1.1\r\nHost: x\r\nX: ';

    expect(await exchange(server.port, start)).toBe(plain('400 Bad Request'));
    expect(await exchange(server.port, `${start}${'x'.repeat(200_000)}`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect((await get(server.port)).body).toBe('hello');
  });

  test('an error behind a response that has begun is not written into it', async () => {
    await using server = await listen((_request, response) => {
      response.write('part');
      setTimeout(() => response.end('ial'), 50);
    });

    const socket = await handshake(server.port);
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      if (answer === '') socket.write('nonsense\r\n');
      answer += chunk.toString('latin1');
    });
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));

    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*part\r\n3\r\nial\r\n0\r\n\r\n$/);
    expect(answer).not.toContain('400');
  });

  test('a reset behind CONNECT hurts nobody', async () => {
    await using server = await listen(() => undefined);
    const plain = connectPlain(server.port, '127.0.0.1');
    const socket = await handshake(server.port, { socket: plain });
    socket.on('error', () => undefined).write('CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 20));
    plain.resetAndDestroy();

    await waitFor(() => socket.destroyed);

    const next = await handshake(server.port);
    expect(next.getProtocol()).toBe('TLSv1.3');
    next.destroy();
  });

  test('thousands of header lines all arrive', async () => {
    await using server = await listen((request, response) => {
      response.end(String(request.rawHeaders.length));
    });
    const headers = Array.from({ length: 5_000 }, (_, index) => [
      'X-Remote-Group',
      `g${index}`,
    ]).flat();

    expect(await get(server.port, { headers: ['Host', 'x', ...headers] })).toMatchObject({
      body: String(10_000 + 4),
    });
  });

  test('a connection that never finishes its handshake is cut', async () => {
    await using server = await listen(hello, {}, { limits: { handshakeMs: 50 } });
    const startMs = performance.now();

    expect(await exchangePlain(server.port, '\u0016\u0003\u0001')).toBe('');

    expect(performance.now() - startMs).toBeLessThan(9_000); // of 10 s without this limit
    expect(server.log.lines).toContainEqual(
      expect.objectContaining({ message: 'Could not complete a TLS handshake' }),
    );
  });

  test('a request that never ends is cut', async () => {
    const limits = { headersMs: 500, requestMs: 1_000, checkMs: 50 };
    await using server = await listen(hello, {}, { limits });

    expect(await exchange(server.port, 'GET / HTTP/1.1\r\nHost: x\r\n')).toBe(
      plain('400 Bad Request'),
    );
    expect(await exchange(server.port, '')).toBe('');
  });

  test('a body that never ends is cut, behind the response', async () => {
    const limits = { headersMs: 500, requestMs: 1_000, checkMs: 50 };
    await using server = await listen(hello, {}, { limits });

    expect(
      await exchange(server.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab'),
    ).toMatch(/\r\n\r\nhello$/);
  });

  test('a connection on which nothing happens is cut, also during a response', async () => {
    await using server = await listen(
      (_request, response) => {
        response.write('part');
      },
      {},
      { limits: { silenceMs: 500 } },
    );

    expect(await exchange(server.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/part\r\n$/);
  });

  test('counts failed handshakes', async () => {
    let failed = 0;
    await using server = await listen(hello, {}, { onHandshakeError: () => (failed += 1) });

    await exchangePlain(server.port, 'GET / HTTP/1.1\r\n\r\n');
    await exchangePlain(server.port, '\u0000nonsense');

    expect(failed).toBe(2);
  });
});

describe('secure serving, keep-alive and limits', () => {
  test('keeps idle connections for two minutes', async () => {
    await using server = await listen(hello);

    const { headers } = await get(server.port, {
      headers: ['Host', 'x', 'Connection', 'keep-alive'],
    });

    expect(headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=120' });
  });

  test('refuses connections beyond its limit, and says so once', async () => {
    const settings = { maxRequestsInFlight: 1, maxMutatingRequestsInFlight: 0 };
    await using server = await listen(hello, settings, { limits: { connections: 1 } });
    const taken = [await handshake(server.port), await handshake(server.port)];

    await expect(handshake(server.port)).rejects.toThrow();
    await expect(handshake(server.port)).rejects.toThrow();

    expect(server.log.told.filter((line) => line.startsWith('warn'))).toEqual([
      'warn Refused connections: too many are open',
    ]);
    for (const socket of taken) socket.destroy();
  });
});

describe('secure serving, the end', () => {
  test('finishes what is in flight, cuts the rest, and takes nothing new', async () => {
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<undefined>();
    await using server = await listen((request, response) => {
      if (request.url === '/fast') response.end('fast');
      else void mayAnswer.then(() => response.end('slow'));
    });
    const silent = connectPlain(server.port, '127.0.0.1').on('error', () => undefined);
    const fresh = await handshake(server.port);
    const idle = await handshake(server.port);
    idle.write('GET /fast HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => idle.once('data', resolve));
    const slow = exchange(server.port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    const ends = [silent, fresh, idle].map(
      (socket) =>
        new Promise((resolve) => {
          socket.once('close', resolve).resume();
        }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await get(server.port, { path: '/fast' }); // by now the slow one has arrived as well

    const closed = server.server.close();
    await Promise.all(ends);
    await expect(get(server.port)).rejects.toThrow(/ECONNREFUSED/);
    answer(undefined);

    expect(await slow).toMatch(/^HTTP\/1\.1 200 OK\r\nConnection: close\r\n[^]*slow$/);
    await closed;
  });

  test('waits for at most the request timeout', async () => {
    let arrived = 0;
    await using server = await listen(() => (arrived += 1), { requestTimeoutMs: 50 });
    const hanging = exchange(server.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => arrived === 1);

    await server.server.close();

    expect(await hanging).toBe('');
    expect(server.log.told).toContain('warn Aborted requests at the end');
  });

  test('may be closed twice, and before it has listened', async () => {
    const parts = { serving: SETTINGS, handler: hello, clock: systemClock, log: new LogRecorder() };
    const never = createSecureServer(parts);
    await never.close();

    const { server } = await listen(hello);
    await Promise.all([server.close(), server.close()]);
    await server[Symbol.asyncDispose]();
  });
});

describe('secure serving, the address', () => {
  async function problemOf(bindAddress: string, port: number): Promise<unknown> {
    using scratch = new Scratch();
    const server = createSecureServer({
      serving: { ...SETTINGS, certDir: scratch.path, bindAddress, port },
      handler: hello,
      clock: systemClock,
      log: new LogRecorder(),
    });
    try {
      await server.listen();
      await server.close();
      return 'none';
    } catch (err) {
      return err instanceof Error ? err.message : err;
    }
  }

  test('a port that is none', async () => {
    expect(await problemOf('0.0.0.0', 70_000)).toBe(
      'failed to create listener: failed to listen on 0.0.0.0:70000: listen tcp: address 70000: invalid port\n--secure-port goes from 1 to 65535',
    );
  });

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;

    expect(await problemOf('127.0.0.1', port)).toBe(
      `failed to create listener: failed to listen on 127.0.0.1:${port}: listen tcp 127.0.0.1:${port}: bind: address already in use\nChoose another --secure-port, or end the process that holds it`,
    );
    await new Promise((resolve) => other.close(resolve));
  });

  test('an address of another machine', async () => {
    expect(await problemOf('192.0.2.1', 443)).toMatch(
      /^failed to create listener: failed to listen on 192\.0\.2\.1:443: listen tcp 192\.0\.2\.1:443: bind: cannot assign requested address\n--bind-address/,
    );
  });

  test.each(['0.0.0.0', '::', ''])('"%s" is every address of the machine', async (bindAddress) => {
    await using server = await listen(hello, { bindAddress });

    expect((await get(server.port)).body).toBe('hello');
  });
});

/** What the server lists in its CertificateRequest, as the openssl command shows it. */
async function acceptableAuthorities(port: number): Promise<string[]> {
  const { execFile } = await import('node:child_process');
  const { promise, resolve } = Promise.withResolvers<string>();
  const child = execFile(
    'openssl',
    ['s_client', '-connect', `127.0.0.1:${port}`],
    (_err, stdout) => {
      resolve(stdout);
    },
  );
  child.stdin?.end();
  const listed = /Acceptable client certificate CA names\n([^]*?)\nRequested/.exec(await promise);
  return (listed?.[1] ?? '').replaceAll(' = ', '=').split('\n'); // OpenSSL 3.0 spaces its names out
}
