import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { BodyBuffer } from '../../../src/kubelet/body-buffer.ts';
import { Connections } from '../../../src/kubelet/connections.ts';
import { KubeletError } from '../../../src/kubelet/kubelet-error.ts';
import type { KubeletClient } from '../../../src/kubelet/kubelet-client.ts';
import { NodeBlock } from '../../../src/model/node-block.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type ClientHarness, deadline, openClient } from '../../support/kubelet-client.ts';
import {
  type KubeletServer,
  SUMMARY_TEXT,
  newKubeletAuthority,
  sendSummary,
  startKubelet,
  startTcp,
} from '../../support/kubelet-server.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Long enough to connect on a busy machine. */
const DEADLINE_MS = 1_000;
/** Of what ends by a deadline, or by itself: not by the default one, nor never. */
const SOON_MS = 5_000;
const MINUTE_MS = 60_000;
const authority = newKubeletAuthority();
const stranger = newKubeletAuthority('another-ca');

let stack: AsyncDisposableStack;
let kubelet: KubeletServer;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  kubelet = stack.use(await startKubelet(sendSummary, { authority }));
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function open(changes: Parameters<typeof openClient>[1] = {}): Promise<ClientHarness> {
  const harness = await openClient(authority.certPem, changes);
  stack.use(harness.client);
  return harness;
}

function scrape(client: KubeletClient, node = kubelet.node()): Promise<void> {
  return client.scrape(node, new NodeBlock(), deadline());
}

async function failureOf(scraping: Promise<void>): Promise<KubeletError> {
  const error = await scraping.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KubeletError)) throw new Error(`Not a KubeletError: ${String(error)}`);
  return error;
}

async function timed(scraping: Promise<void>): Promise<{ error: KubeletError; ms: number }> {
  const startMs = performance.now();
  const error = await failureOf(scraping);
  return { error, ms: performance.now() - startMs };
}

describe('A deadline', () => {
  test.each([
    {
      name: 'does not answer',
      answer: () => undefined,
      words: `no answer to GET /stats/summary?only_cpu_and_memory=true within 1s (context deadline exceeded)`,
    },
    {
      name: 'drips',
      answer: (_: unknown, response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => response.write(' '), 10);
        response.on('close', () => {
          clearInterval(drip);
        });
      },
      words: 'was not whole within 1s (context deadline exceeded), it had ',
    },
  ])('ends the scrape of a kubelet that $name', async ({ answer, words }) => {
    const { client, counted } = await open({ config: { requestTimeoutMs: DEADLINE_MS } });
    kubelet.answer = answer;

    const { error, ms } = await timed(
      client.scrape(kubelet.node(), new NodeBlock(), deadline(DEADLINE_MS)),
    );

    expect(error.kind).toBe('timeout');
    expect(error.message).toContain(words);
    expect(error.message).toContain('--kubelet-request-timeout');
    expect(ms).toBeLessThan(SOON_MS);
    expect(await counted()).toEqual({ false: 1 });
    await waitFor(() => kubelet.sockets.every(({ destroyed }) => destroyed));
  });

  test('ends the scrape of a kubelet that is silent before the TLS handshake', async () => {
    const { client, counted } = await open({ config: { requestTimeoutMs: DEADLINE_MS } });
    const silent = stack.use(await startTcp(() => undefined));

    const { error, ms } = await timed(
      client.scrape(silent.node(), new NodeBlock(), deadline(DEADLINE_MS)),
    );

    expect(error.kind).toBe('timeout');
    expect(error.message).toContain('no TLS handshake within 1s (context deadline exceeded)');
    expect(ms).toBeLessThan(SOON_MS);
    expect(await counted()).toEqual({ false: 1 });
    await waitFor(() => silent.sockets.every(({ destroyed }) => destroyed));
  });

  test('that has passed before begins nothing', async () => {
    const { client } = await open();
    const signal = AbortSignal.abort(new DOMException('over', 'TimeoutError'));

    await failureOf(client.scrape(kubelet.node(), new NodeBlock(), signal));

    expect(kubelet.sockets).toHaveLength(0);
  });

  test('of one scrape does not hold up the next one', async () => {
    const { client } = await open();
    let isSilent = true;
    const server = stack.use(
      await startTcp((socket) => {
        if (!isSilent) socket.destroy();
      }),
    );
    await failureOf(client.scrape(server.node(), new NodeBlock(), deadline(500)));

    isSilent = false;
    const { error, ms } = await timed(client.scrape(server.node(), new NodeBlock(), deadline()));

    expect(error.kind).toBe('reset');
    expect(ms).toBeLessThan(SOON_MS);
    expect(server.sockets).toHaveLength(2);
  });

  test('of a kubelet that hangs leaves the other nodes alone', async () => {
    const { client, counted } = await open();
    const silent = stack.use(await startTcp(() => undefined));
    const late = new AbortController();

    const hanging = failureOf(client.scrape(silent.node('node-b'), new NodeBlock(), late.signal));
    for (let round = 0; round < 5; round++) await scrape(client);
    expect(await counted()).toEqual({ true: 5 });
    late.abort(new DOMException('over', 'TimeoutError'));
    await hanging;

    expect(await counted()).toEqual({ true: 5, false: 1 });
  });
});

describe('A scrape that nobody wants any more', () => {
  test.each([
    { name: 'waits for the answer', start: () => startKubelet(() => undefined, { authority }) },
    { name: 'waits for the handshake', start: () => startTcp(() => undefined) },
  ])('ends at once while it $name, and counts nothing', async ({ start }) => {
    const { client, registry } = await open();
    const server = stack.use(await start());
    const controller = new AbortController();
    const reason = new DOMException('The node is no longer scraped', 'AbortError');

    const scraping = client.scrape(server.node(), new NodeBlock(), controller.signal);
    await waitFor(() => server.sockets.length === 1);
    client.forget('node-a');
    controller.abort(reason);

    await expect(scraping).rejects.toBe(reason);
    await waitFor(() => server.sockets.every(({ destroyed }) => destroyed));
    expect(await registry.metrics()).not.toMatch(/node-a|success/);
  });

  test('while another one of the same address waits, leaves that one its connection', async () => {
    const { client } = await open();
    let held: (() => void) | undefined;
    kubelet.answer = (request, response) => {
      held = () => {
        sendSummary(request, response);
      };
    };
    const controller = new AbortController();

    const first = scrape(client);
    await waitFor(() => held !== undefined);
    const second = client.scrape(kubelet.node('node-b'), new NodeBlock(), controller.signal);
    const outcome = second.catch((error: unknown) => error);
    controller.abort(new Error('gone'));
    expect(await outcome).toEqual(new Error('gone'));
    held?.();

    await first;
  });
});

describe('A connection', () => {
  test('is kept from scrape to scrape', async () => {
    const { client } = await open();

    for (let round = 0; round < 5; round++) await scrape(client);

    expect(kubelet.sockets).toHaveLength(1);
  });

  test('that the kubelet closed in between is made anew', async () => {
    const { client, counted } = await open();
    await scrape(client);
    kubelet.sockets[0]?.destroy();

    await scrape(client);

    expect(kubelet.sockets).toHaveLength(2);
    expect(await counted()).toEqual({ true: 2 });
  });

  test('that the kubelet closes just when it is asked again is made anew, once', async () => {
    const { client, counted } = await open();
    await scrape(client);
    kubelet.answer = (request, response) => {
      if (kubelet.sockets.length === 1) request.socket.destroy();
      else sendSummary(request, response);
    };

    await scrape(client);

    expect(kubelet.asked).toHaveLength(3);
    expect(kubelet.sockets).toHaveLength(2);
    expect(await counted()).toEqual({ true: 2 });
  });

  test('that breaks whenever it is asked is a failure', async () => {
    const { client, counted } = await open();
    kubelet.answer = (request) => request.socket.destroy();

    const error = await failureOf(scrape(client));

    expect(error.kind).toBe('reset');
    expect(error.message).toContain('before it answered GET /stats/summary');
    expect(kubelet.asked).toHaveLength(1);
    expect(await counted()).toEqual({ false: 1 });
  });

  test.each([
    { name: 'chunked', headers: {} },
    { name: 'of known length', headers: { 'content-length': `${SUMMARY_TEXT.length}` } },
  ])('that breaks in the midst of an answer, $name, is a failure', async ({ headers }) => {
    const { client } = await open();
    await scrape(client);
    kubelet.answer = (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.write(SUMMARY_TEXT.slice(0, 100), () => request.socket.destroy());
    };

    const error = await failureOf(scrape(client));

    expect(error.kind).toBe('reset');
    expect(error.message).toContain('after 100 bytes of the answer to GET /stats/summary');
    expect(kubelet.asked).toHaveLength(2);
  });

  test.each([
    {
      name: 'nobody listens there',
      onConnection: undefined,
      kind: 'connect',
      words: 'connection refused; is the kubelet running',
    },
    {
      name: 'it is closed before the handshake',
      onConnection: (socket: Socket) => socket.destroy(),
      kind: 'reset',
      words: 'during the TLS handshake',
    },
    {
      name: 'something else is listening',
      onConnection: (socket: Socket) =>
        socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n')),
      kind: 'tls',
      words: 'it does not speak TLS there (wrong version number)',
    },
  ])('fails when $name', async ({ onConnection, kind, words }) => {
    const { client, counted } = await open();
    const server = await startTcp(onConnection ?? (() => undefined));
    if (onConnection) stack.use(server);
    else await server[Symbol.asyncDispose]();

    const error = await failureOf(scrape(client, server.node()));

    expect(error.kind).toBe(kind);
    expect(error.message).toContain(words);
    expect(await counted()).toEqual({ false: 1 });
  });

  test('is closed with the client, also one that is being made', async () => {
    const { client } = await open();
    const silent = stack.use(await startTcp(() => undefined));
    await scrape(client);
    const pending = client.scrape(silent.node('node-b'), new NodeBlock(), deadline());
    const outcome = failureOf(pending);
    await waitFor(() => silent.sockets.length === 1);

    client[Symbol.dispose]();

    expect((await outcome).kind).toBe('reset');
    await waitFor(() =>
      [...silent.sockets, ...kubelet.sockets].every(({ destroyed }) => destroyed),
    );
    await expect(scrape(client)).rejects.toThrow('the client is closed');
  });

  test('may be to an IPv6 address', async () => {
    const { client } = await open();
    const server = stack.use(await startKubelet(sendSummary, { authority, host: '::1' }));

    await scrape(client, server.node());

    expect(server.requests[0]?.headers.host).toBe(`[::1]:${server.port}`);
  });

  test('may be to a name, which the certificate then must have', async () => {
    const { client } = await open();
    const leaf = { dnsNames: ['localhost'], ipAddresses: [] };
    const server = stack.use(await startKubelet(sendSummary, { authority, leaf }));
    const node = server.node();

    await scrape(client, { ...node, addresses: [{ type: 'InternalIP', address: 'localhost' }] });

    expect(await failureOf(scrape(client, node))).toMatchObject({ kind: 'tls' });
  });

  test('without TLS carries no token', async () => {
    const { client } = await open({ config: { plainHttp: true } });
    const server = stack.use(await startKubelet(sendSummary, { authority: undefined }));

    await scrape(client, server.node());
    await scrape(client, server.node());

    expect(server.sockets).toHaveLength(1);
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(server.requests[1]?.headers).not.toHaveProperty('authorization');
  });
});

describe('Connections', () => {
  test('holds one to each kubelet, and none to one that closed it or was never reached', async () => {
    const connections = stack.use(
      await Connections.open({
        config: {
          plainHttp: false,
          insecureTls: true,
          caFile: '',
          clientCertFile: '',
          clientKeyFile: '',
        },
        api: { ca: undefined, insecureSkipTlsVerify: false, clientCertificate: undefined },
        readFile: () => Promise.reject(new Error('not expected')),
        clock: new FakeClock(),
        log: new LogRecorder(),
      }),
    );
    const silent = stack.use(await startTcp(() => undefined));
    const request = { text: 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', maxBytes: 1_000_000 };
    const get = (port: number, ms: number): Promise<unknown> =>
      connections.to(`127.0.0.1:${port}`).get(request, new BodyBuffer(), deadline(ms));

    await Promise.all([get(kubelet.port, 20_000), get(kubelet.port, 20_000)]);
    await expect(get(silent.node().kubeletPort, 500)).rejects.toThrow('Broke while handshaking');
    expect(connections.size).toBe(1);
    expect(kubelet.sockets).toHaveLength(1);
    kubelet.sockets[0]?.destroy();

    await waitFor(() => connections.size === 0);
  });
});

describe('The certificate of a kubelet', () => {
  const yesterdayMs = Date.now() - 86_400_000;

  test.each([
    {
      name: 'names no IP address',
      options: { authority, leaf: { ipAddresses: [], dnsNames: ['node-a'] } },
      words:
        "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs, but DNS:node-a; " +
        'let the cluster sign the certificates of kubelets (serverTLSBootstrap: true',
    },
    {
      name: 'names another address',
      options: { authority, leaf: { ipAddresses: ['10.1.2.3'] } },
      words: 'its certificate is valid for IP Address:10.1.2.3, not for 127.0.0.1; ',
    },
    {
      name: 'is signed by an unknown authority',
      options: { authority: stranger },
      words: 'its certificate is signed by unknown authority (SELF_SIGNED_CERT_IN_CHAIN); ',
    },
    {
      name: 'has expired',
      options: { authority, leaf: { notBeforeMs: yesterdayMs, notAfterMs: yesterdayMs + 1_000 } },
      words: 'its certificate has expired or is not yet valid (CERT_HAS_EXPIRED); ',
    },
    {
      name: 'is not for servers',
      options: { authority, leaf: { usages: ['clientAuth'] as const } },
      words:
        'its certificate is not for servers (INVALID_PURPOSE); it lacks the extended key usage "server auth"',
    },
  ])('that $name is refused, and nothing is sent', async ({ options, words }) => {
    const { client, counted } = await open();
    const server = stack.use(await startKubelet(sendSummary, options));

    const error = await failureOf(scrape(client, server.node()));

    expect(error.kind).toBe('tls');
    expect(error.message).toContain(
      `Cannot scrape node "node-a" at 127.0.0.1:${server.port}: ${words}`,
    );
    expect(server.asked).toEqual([]);
    expect(await counted()).toEqual({ false: 1 });
  });

  test.each([
    { name: 'the flag', changes: { config: { insecureTls: true } } },
    {
      name: 'the API client configuration',
      changes: { credentials: { insecureSkipTlsVerify: true } },
    },
  ])('is not looked at when $name says so', async ({ changes }) => {
    const { client } = await open(changes);
    const server = stack.use(await startKubelet(sendSummary, { authority: stranger }));

    await scrape(client, server.node());

    expect(server.asked).toHaveLength(1);
  });

  test('is verified with the CA of a flag even where the API client verifies nothing', async () => {
    const { client } = await open({
      config: { caFile: '/ca.crt' },
      credentials: { insecureSkipTlsVerify: true },
      readFile: () => Promise.resolve(stranger.certPem),
    });

    expect(await failureOf(scrape(client))).toMatchObject({ kind: 'tls' });
  });
});

describe('Our own certificate', () => {
  const own = authority.issue({ commonName: 'metrics-server', usages: ['clientAuth'] });
  const files = new Map([
    ['/own.crt', own.certPem],
    ['/own.key', own.keyPem],
  ]);

  test.each([
    {
      name: 'files',
      changes: {
        config: { clientCertFile: '/own.crt', clientKeyFile: '/own.key' },
        readFile: (path: string) => Promise.resolve(files.get(path) ?? ''),
      },
    },
    {
      name: 'the API client configuration',
      changes: { credentials: { clientCertificate: own } },
    },
  ])('is shown when it comes from $name, beside the token', async ({ changes }) => {
    const { client } = await open(changes);
    const server = stack.use(
      await startKubelet(sendSummary, { authority, clientCertificate: true }),
    );

    await scrape(client, server.node());

    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret-token');
  });

  test('that is missing is the kubelet’s refusal, with its remedy', async () => {
    const { client } = await open();
    const server = stack.use(
      await startKubelet(sendSummary, { authority, clientCertificate: true }),
    );

    const error = await failureOf(scrape(client, server.node()));

    expect(error.kind).toBe('tls');
    expect(error.message).toContain('it does not accept us (tlsv13 alert certificate required)');
    expect(error.message).toContain('--kubelet-client-certificate');
  });
});

describe('The CA', () => {
  test('of a file is taken up when it is replaced, within a minute', async () => {
    let pem = stranger.certPem;
    const { client, clock, log } = await open({
      config: { caFile: '/ca.crt' },
      readFile: () => Promise.resolve(pem),
    });
    const server = stack.use(await startKubelet(sendSummary, { authority: stranger }));
    await scrape(client, server.node('node-b'));
    expect(await failureOf(scrape(client))).toMatchObject({ kind: 'tls' });

    pem = authority.certPem;
    clock.advance(MINUTE_MS);
    await scrape(client);

    expect(log.told).toEqual(['info Changed the TLS settings for kubelets']);
    // The kept connection was verified with a CA that is trusted no more.
    expect(await failureOf(scrape(client, server.node('node-b')))).toMatchObject({ kind: 'tls' });
    await waitFor(() => server.sockets[0]?.destroyed === true);
  });

  test('of the API client is followed without a pause', async () => {
    let ca = stranger.certPem;
    const credentials = {
      get ca() {
        return ca;
      },
    };
    const { client } = await open({ credentials });
    expect(await failureOf(scrape(client))).toMatchObject({ kind: 'tls' });

    ca = authority.certPem;

    await scrape(client);
  });
});
