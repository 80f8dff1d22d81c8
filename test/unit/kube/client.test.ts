import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer as createHttpServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../src/clock.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import type { KubeClientOptions } from '../../../src/kube/client.ts';
import {
  credentialsFor,
  newAuthority,
  sendJson,
  startApiServer,
  statusBody,
} from '../../support/api-server.ts';
import type { ApiServer } from '../../support/api-server.ts';

const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';
const TIMEOUT_MS = 20_000;

let api: ApiServer;
let counted: string[];
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  counted = [];
  api = stack.use(
    await startApiServer((_, response) => {
      sendJson(response, 201, { fine: true });
    }),
  );
});

afterEach(async () => {
  await stack.disposeAsync();
});

function newClient(changes: Partial<KubeClientOptions> = {}): KubeClient {
  return stack.use(
    new KubeClient({
      credentials: credentialsFor(api),
      userAgent: 'metrics-server/1 (linux/amd64) test',
      clock: systemClock,
      instruments: {
        requested: (method, _host, code) => counted.push(`${method} ${code}`),
        waited: () => undefined,
        transferred: () => undefined,
      },
      ...changes,
    }),
  );
}

async function post(client: KubeClient, timeoutMs = TIMEOUT_MS): Promise<unknown> {
  return client.post(PATH, { kind: 'TokenReview' }, { timeoutMs });
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('KubeClient.post', () => {
  test('sends JSON with our token and name, and returns the answer', async () => {
    const answer = await post(newClient());

    expect(answer).toEqual({ fine: true });
    expect(counted).toEqual(['POST 201']);
    const [seen] = api.requests;
    expect(seen).toMatchObject({ method: 'POST', path: PATH, body: '{"kind":"TokenReview"}\n' });
    expect(seen?.headers).toMatchObject({
      authorization: 'Bearer good',
      'content-type': 'application/json',
      'user-agent': 'metrics-server/1 (linux/amd64) test',
    });
  });

  test('writes JSON as Go does, to the byte', async () => {
    await newClient().post(
      PATH,
      { user: 'a<b>&"c"\u2028' },
      {
        timeoutMs: TIMEOUT_MS,
        signal: new AbortController().signal,
      },
    );

    expect(api.requests[0]?.body).toBe('{"user":"a\\u003cb\\u003e\\u0026\\"c\\"\\u2028"}\n');
  });

  test('uses one connection for calls in a row', async () => {
    const client = newClient();

    for (let call = 0; call < 5; call++) await post(client);

    expect(api.requests).toHaveLength(5);
    expect(api.connections()).toBeLessThanOrEqual(2);
  });

  test('never has more connections than it may', async () => {
    api.answer = async (_, response) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      sendJson(response, 201, {});
    };
    const client = newClient({ limits: { connections: 3 } });

    await Promise.all(Array.from({ length: 12 }, () => post(client)));

    expect(api.requests).toHaveLength(12);
    expect(api.connections()).toBeLessThanOrEqual(3);
  });

  test('fails with the Status of a refusal', async () => {
    api.answer = (_, response) => {
      sendJson(response, 403, statusBody(403, 'Forbidden', 'tokenreviews is forbidden'));
    };

    await expect(post(newClient())).rejects.toMatchObject({
      name: 'KubeError',
      kind: 'status',
      status: 403,
      reason: 'Forbidden',
      message: 'tokenreviews is forbidden',
    });
    expect(counted).toEqual(['POST 403']);
  });

  test('quotes a refusal that is no Status, and reads how long to wait', async () => {
    api.answer = (_, response) => {
      response.writeHead(503, { 'retry-after': '7' }).end('<h1>away</h1>');
    };

    await expect(post(newClient())).rejects.toMatchObject({
      status: 503,
      reason: 'ServiceUnavailable',
      retryAfterMs: 7_000,
      message: `kube-apiserver answered POST ${PATH} with 503, saying "<h1>away</h1>"`,
    });
  });

  test('does not follow a redirect, with a token least of all', async () => {
    api.answer = (_, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    };

    await expect(post(newClient())).rejects.toMatchObject({ kind: 'redirect', status: 302 });
    expect(api.requests).toHaveLength(1);
  });

  test.each([
    { name: 'is not JSON', body: '<html>', kind: 'malformed' },
    { name: 'is longer than the limit', body: `"${'x'.repeat(2_000)}"`, kind: 'too-large' },
  ])('refuses an answer that $name', async ({ body, kind }) => {
    api.answer = (_, response) => {
      response.writeHead(201).end(body);
    };

    await expect(post(newClient({ limits: { maxResponseBytes: 1_000 } }))).rejects.toMatchObject({
      kind,
    });
  });

  test('reads the token again when it is refused, and asks once more with another one', async () => {
    let token = 'old';
    api.answer = ({ headers }, response) => {
      if (headers.authorization === 'Bearer new') sendJson(response, 201, { fine: true });
      else sendJson(response, 401, statusBody(401, 'Unauthorized', 'Unauthorized'));
    };
    const credentials = credentialsFor(api, {
      token: () => Promise.resolve(token),
      refreshToken: () => {
        token = 'new';
      },
    });

    await expect(post(newClient({ credentials }))).resolves.toEqual({ fine: true });
    expect(counted).toEqual(['POST 401', 'POST 201']);
  });

  test('does not ask again when the token is still the refused one', async () => {
    api.answer = (_, response) => {
      sendJson(response, 401, statusBody(401, 'Unauthorized', 'Unauthorized'));
    };

    await expect(post(newClient())).rejects.toMatchObject({ status: 401 });
    expect(api.requests).toHaveLength(1);
  });

  test('gives up after its time when the server says nothing', async () => {
    api.answer = () => undefined;

    await expect(post(newClient(), 60)).rejects.toMatchObject({ kind: 'timeout' });
    expect(counted).toEqual(['POST <error>']);
  });

  test('gives up after its time when the answer drips', async () => {
    api.answer = async (_, response) => {
      response.writeHead(201);
      while (!response.destroyed) await drip(response);
    };

    await expect(post(newClient(), 100)).rejects.toMatchObject({ kind: 'timeout' });
  });

  test('gives up after its time while it connects', async () => {
    const mute = createServer((socket) => socket.resume()); // accepts, and never says a word of TLS
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const server = `https://127.0.0.1:${port}`;
    const client = newClient({ credentials: credentialsFor({ ...api, url: server }) });
    const startMs = performance.now();

    await expect(post(client, 100)).rejects.toMatchObject({ kind: 'timeout' });
    expect(performance.now() - startMs).toBeLessThan(5_000); // of 10 s for a connection
    await client[Symbol.asyncDispose](); // and leaves no socket that still connects
    await new Promise((resolve) => mute.close(resolve));
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  test('says that nobody is there', async () => {
    const { url } = api;
    await api[Symbol.asyncDispose]();

    await expect(
      post(newClient({ credentials: credentialsFor({ ...api, url }) })),
    ).rejects.toMatchObject({
      kind: 'connection',
      message: expect.stringContaining(
        `Cannot talk to kube-apiserver at ${url}: connect ECONNREFUSED`,
      ),
    });
  });

  test('says that a connection broke', async () => {
    api.answer = (_, response) => {
      response.destroy();
    };

    await expect(post(newClient())).rejects.toMatchObject({ kind: 'reset' });
  });

  test('waits for its turn beyond the burst, and refuses what would wait too long', async () => {
    const client = newClient({ limits: { queriesPerSecond: 20, burst: 1 } });
    const startMs = performance.now();

    await post(client);
    // Both take their turn in this moment: however slow the machine, the second of them has 50 ms more to wait.
    const [, refused] = await Promise.allSettled([post(client), post(client, 10)]);

    expect(performance.now() - startMs).toBeGreaterThanOrEqual(45);
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { kind: 'timeout', message: expect.stringContaining('20 calls a second') },
    });
    expect(api.requests).toHaveLength(2);
  });
});

describe('KubeClient and TLS', () => {
  test('speaks HTTP/1.1 only: real API servers would take HTTP/2', async () => {
    await post(newClient());

    expect(api.offered).toEqual([['http/1.1']]);
  });

  test('does not talk to a server of another CA, and has the CA read again', async () => {
    const stranger = newAuthority('kube-ca');
    let ca = stranger.certPem;
    const credentials = {
      ...credentialsFor(api),
      get ca() {
        return ca;
      },
      refreshToken: () => {
        ca = api.authority.certPem; // the file had been replaced
      },
    };
    const client = newClient({ credentials });

    await expect(post(client)).rejects.toMatchObject({ kind: 'tls' });
    await expect(post(client)).resolves.toEqual({ fine: true });
    expect(api.requests).toHaveLength(1);
  });

  test('does not verify when told so', async () => {
    const credentials = credentialsFor(api, { ca: undefined, insecureSkipTlsVerify: true });

    await expect(post(newClient({ credentials }))).resolves.toEqual({ fine: true });
  });

  test('verifies the name it is told', async () => {
    api = stack.use(
      await startApiServer(
        (_, response) => {
          sendJson(response, 201, { fine: true });
        },
        { dnsNames: ['kubernetes.default.svc'] },
      ),
    );
    const named = credentialsFor(api, { tlsServerName: 'kubernetes.default.svc' });
    const other = credentialsFor(api, { tlsServerName: 'other.default.svc' });

    await expect(post(newClient({ credentials: named }))).resolves.toEqual({ fine: true });
    await expect(post(newClient({ credentials: other }))).rejects.toMatchObject({ kind: 'tls' });
    await expect(post(newClient())).rejects.toMatchObject({ kind: 'tls' });
  });

  test('shows our certificate', async () => {
    api = stack.use(
      await startApiServer(
        (_, response) => {
          sendJson(response, 201, { fine: true });
        },
        { requestCert: true },
      ),
    );
    const leaf = api.authority.issue({ commonName: 'we', usages: ['clientAuth'] });
    const credentials = credentialsFor(api, { clientCertificate: leaf });

    await expect(post(newClient({ credentials }))).resolves.toEqual({ fine: true });
    await expect(post(newClient())).rejects.toMatchObject({
      kind: expect.stringMatching(/tls|reset/),
    });
  });

  test('says that a CA is none', async () => {
    const credentials = credentialsFor(api, {
      clientCertificate: { certPem: 'nonsense', keyPem: 'nonsense' },
    });

    await expect(post(newClient({ credentials }))).rejects.toMatchObject({
      kind: 'tls',
      message: expect.stringContaining('Cannot use the CA or client certificate'),
    });
  });
});

describe('KubeClient without TLS', () => {
  test('talks to a server in plain HTTP, without credentials', async () => {
    let authorization: string | undefined = 'not asked';
    const server = createHttpServer((request, response) => {
      authorization = request.headers.authorization;
      response.writeHead(201).end('{"fine":true}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const credentials = credentialsFor(
      { ...api, url: `http://127.0.0.1:${port}` },
      { ca: undefined, token: () => Promise.resolve(undefined) },
    );
    const client = newClient({ credentials });

    await expect(post(client)).resolves.toEqual({ fine: true });
    expect(authorization).toBeUndefined();
    await client[Symbol.asyncDispose]();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('KubeClient.open', () => {
  const request = { path: '/api/v1/nodes', accept: 'application/json', headersTimeoutMs: 20_000 };

  test('gives the body as it comes', async () => {
    api.answer = async (_, response) => {
      response.writeHead(200);
      for (const part of ['one ', 'two ', 'three']) {
        response.write(part);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      response.end();
    };
    const { signal } = new AbortController();

    const body = await newClient().open({ ...request, signal });

    await expect(readAll(body)).resolves.toBe('one two three');
    expect(api.requests[0]?.headers).toMatchObject({ accept: 'application/json' });
  });

  test('limits the time until the headers only', async () => {
    api.answer = async (_, response) => {
      response.writeHead(200).write('first ');
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      response.end('last');
    };
    const { signal } = new AbortController();

    const body = await newClient().open({ ...request, headersTimeoutMs: 1_000, signal });

    await expect(readAll(body)).resolves.toBe('first last');
  });

  test('gives up when no headers come in time', async () => {
    api.answer = () => undefined;
    const { signal } = new AbortController();

    await expect(
      newClient().open({ ...request, headersTimeoutMs: 60, signal }),
    ).rejects.toMatchObject({ kind: 'timeout' });
  });

  test('ends the body with the reason of the signal', async () => {
    api.answer = (_, response) => {
      response.writeHead(200).write('first');
    };
    const controller = new AbortController();
    const body = await newClient().open({ ...request, signal: controller.signal });

    const reading = readAll(body);
    controller.abort(new Error('enough'));

    await expect(reading).rejects.toThrow('enough');
  });

  test('says that the body broke off', async () => {
    api.answer = async (_, response) => {
      response.writeHead(200).write('first');
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.destroy();
    };
    const { signal } = new AbortController();
    const body = await newClient().open({ ...request, signal });

    await expect(readAll(body)).rejects.toMatchObject({ kind: 'reset' });
  });

  test('keeps the path of a server behind a proxy', async () => {
    api.answer = (_, response) => {
      response.writeHead(200).end('{}');
    };
    const credentials = credentialsFor({ ...api, url: `${api.url}/k8s/clusters/c-1` });
    const { signal } = new AbortController();

    await newClient({ credentials }).open({ ...request, signal });

    expect(api.requests[0]?.path).toBe('/k8s/clusters/c-1/api/v1/nodes');
  });
});

async function drip(response: ServerResponse): Promise<void> {
  response.write(' ');
  await new Promise((resolve) => setTimeout(resolve, 10));
}
