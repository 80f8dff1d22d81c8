import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { ODD_FRAMING } from '../support/odd-framing.ts';
import { ODD_REQUEST_LINES } from '../support/odd-request-lines.ts';
import { API, head } from '../support/odd-request.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { RunningServer } from '../support/running-server.ts';
import { ServerClient } from '../support/server-client.ts';
import { talk } from '../support/talk.ts';
import { until } from '../support/wait-for.ts';

const COMPATIBILITY = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
const ODD_REQUESTS = [...ODD_FRAMING, ...ODD_REQUEST_LINES];

let cluster: Cluster;
let server: RunningServer;
let admin: ConnectionOptions;
let viewer: ConnectionOptions;

beforeAll(async () => {
  cluster = await createCluster({ nodes: 3, pods: 12 });
  server = await RunningServer.start(cluster);
  admin = identityOf('admin', ['system:masters']);
  viewer = identityOf('viewer');
  using client = new ServerClient(server.port);
  await until(
    () => client.get('/readyz'),
    ({ status }) => status === 200,
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

function identityOf(name: string, groups: readonly string[] = []): ConnectionOptions {
  const { certPem, keyPem } = cluster.identities.clientCertificate(name, groups);
  return { cert: certPem, key: keyPem };
}

/** The next one on a new connection, whatever was said before on another. */
async function expectServed(): Promise<void> {
  using connection = await RawConnection.open(server.port);
  await connection.send(head('GET /readyz HTTP/1.1', 'Connection: close'));
  expect(await connection.next()).toMatchObject({ code: 200, body: 'ok' });
}

describe('an odd request is answered in our words, and the next one is served', () => {
  test.each(ODD_REQUESTS)('$name', async (request) => {
    const { go, ours = go, anonymous } = request;
    const responses = ours.split(', ').filter((part) => /^\d{3}( |$)/.test(part)).length;

    expect(await talk(server.port, request, responses, anonymous ? {} : admin)).toBe(ours);

    await expectServed();
  });

  test('and where the words are not those of the Go server, there is a reason, and docs/compatibility.md tells it', () => {
    for (const { go, ours, why } of ODD_REQUESTS) {
      expect(ours === undefined).toBe(why === undefined);
      expect(ours).not.toBe(go);
      expect([why, COMPATIBILITY.includes(why ?? '')]).toEqual([why, true]);
    }
  });
});

describe('every method', () => {
  const PATHS = [
    `${API}/nodes`,
    `${API}/nodes/node-1`,
    `${API}/nope`,
    API,
    '/apis',
    '/version',
    '/openapi/v2',
    '/readyz',
    '/metrics',
    '/',
    '/nope',
  ];
  const REFUSED = '405 405 404 405 405 405 200 200 200 200 404';

  test.each([
    ['GET', '200 200 404 200 200 200 200 200 200 200 404'],
    ['HEAD', REFUSED],
    ['POST', REFUSED],
    ['PUT', REFUSED],
    ['PATCH', REFUSED],
    ['DELETE', REFUSED],
    ['OPTIONS', REFUSED],
    ['TRACE', REFUSED],
    ['CONNECT', REFUSED],
    ['PROPFIND', REFUSED],
    ['M-SEARCH', REFUSED],
    ['QUERY', REFUSED],
    ['CONNECTX', REFUSED],
    ['get', REFUSED],
    ['Get', REFUSED],
    ['BREW', REFUSED],
  ])('%s is answered as the Go server does, on all kinds of paths', async (method, expected) => {
    const codes: number[] = [];
    const refusals: (readonly [allow: string | undefined, auditId: string | undefined])[] = [];
    for (const path of PATHS) {
      using connection = await RawConnection.open(server.port, admin);
      await connection.send(head(`${method} ${path} HTTP/1.1`, 'Connection: close'));
      const { code = 0, headers } = (await connection.next(method === 'HEAD')) ?? {};
      codes.push(code);
      if (code === 405) refusals.push([headers?.get('allow'), headers?.get('audit-id')]);
      // To HEAD: not a byte behind the headers.
      expect(await connection.next()).toBeUndefined();
    }

    expect(codes.join(' ')).toBe(expected);
    const withoutAllow = [undefined, expect.stringMatching(/^[0-9a-f-]{36}$/)];
    expect(refusals).toEqual(refusals.map(() => withoutAllow));
  });

  test('nobody is told of methods before permissions', async () => {
    for (const method of ['HEAD', 'POST', 'OPTIONS', 'CONNECT', 'BREW']) {
      using connection = await RawConnection.open(server.port);
      await connection.send(head(`${method} ${API}/nodes HTTP/1.1`));

      expect((await connection.next(method === 'HEAD'))?.code).toBe(403);
    }
  });
});

describe('a client that ends its side behind its request', () => {
  test.each([
    ['GET', `${API}/nodes`],
    ['GET', `${API}/pods`],
    ['BREW', '/readyz'],
  ])('is answered: %s %s', async (method, path) => {
    // Whether a viewer may is asked of kube-apiserver first: the end comes before the answer.
    using connection = await RawConnection.open(server.port, viewer);
    await connection.send(head(`${method} ${path}?fresh=${Math.random()} HTTP/1.1`));
    connection.finish();

    expect((await connection.next())?.code).toBe(200);
    expect(await connection.next()).toBeUndefined();
  });

  test('is answered each of its requests', async () => {
    using connection = await RawConnection.open(server.port, admin);
    await connection.send(head(`GET ${API}/pods HTTP/1.1`) + head('GET /readyz HTTP/1.1'));
    connection.finish();

    expect((await connection.next())?.body).toContain('PodMetricsList');
    expect((await connection.next())?.body).toBe('ok');
    expect(await connection.next()).toBeUndefined();
  });
});

describe('the audit id', () => {
  test.each([
    ['none', undefined, /^[0-9a-f-]{36}$/],
    ['an empty one', 'Audit-ID: ', /^[0-9a-f-]{36}$/],
    ['any', 'audit-id: a b', /^a b$/],
    ['bytes beyond ASCII', 'Audit-ID: \xc3\xa9', /^\xc3\xa9$/],
  ])('for %s', async (_name, line, expected) => {
    using connection = await RawConnection.open(server.port);
    await connection.send(head('GET /readyz HTTP/1.1', ...(line === undefined ? [] : [line])));

    expect((await connection.next())?.headers.get('audit-id')).toMatch(expected);
  });
});

test('an expectation that nobody can meet is answered with a date', async () => {
  using connection = await RawConnection.open(server.port);

  await connection.send(head('GET /readyz HTTP/1.1', 'Expect: 200-ok'));
  const { code, headers } = (await connection.next()) ?? {};

  expect(code).toBe(417);
  expect(headers?.get('date')).toMatch(/ GMT$/);
});

describe('what is not even TLS, or only the beginning of it', () => {
  const HELLO = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03';

  const TOLD = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';
  const isAlert = (answer: string): boolean => answer === '' || answer.startsWith('\x15');

  test.each<[name: string, bytes: string, isExpected: (answer: string) => boolean]>([
    ['plain HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', (answer) => answer === TOLD],
    ['garbage', '\x00\x01garbage\r\n\r\n', isAlert],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', isAlert],
    ['an alert', '\x15\x03\x01\x00\x02\x02\x28', isAlert],
  ])('%s', async (_name, bytes, isExpected) => {
    const socket = connectPlain(server.port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.on('error', () => undefined).write(Buffer.from(bytes, 'latin1'));
    await new Promise((resolve) => socket.once('close', resolve));

    expect({ answer, isExpected: isExpected(answer) }).toMatchObject({ isExpected: true });
    await expectServed();
  });

  test('a hundred handshakes that are given up', async () => {
    const ends = Array.from({ length: 100 }, (_, at) => {
      const socket = connectPlain(server.port, '127.0.0.1').on('error', () => undefined);
      socket.once('connect', () => {
        socket.write(Buffer.from(HELLO, 'latin1'));
        if (at % 2 === 0) socket.destroy();
        else socket.resetAndDestroy();
      });
      return new Promise((resolve) => socket.once('close', resolve));
    });
    await Promise.all(ends);

    await expectServed();
  });

  test('a client that wants to renegotiate is not followed', async () => {
    const options = { host: '127.0.0.1', port: server.port, rejectUnauthorized: false };
    const socket = connect({ ...options, maxVersion: 'TLSv1.2' });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const outcomes = Promise.withResolvers<string>();
    socket.on('error', () => undefined);
    socket.once('close', () => {
      outcomes.resolve('ended');
    });
    socket.renegotiate({}, (err) => {
      outcomes.resolve(err ? 'refused' : 'renegotiated');
    });
    setTimeout(() => {
      outcomes.resolve('ignored');
    }, 300);

    expect(await outcomes.promise).not.toBe('renegotiated');
    socket.destroy();
    await expectServed();
  });
});

test('nothing of all this was worth a line of the log', () => {
  expect(server.log.told.filter((line) => /^(error|warn)/.test(line))).toEqual([]);
});
