import type { RequestListener } from 'node:http';
import { Agent, request } from 'node:https';
import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock } from '../../../../src/clock.ts';
import { AuthenticationError } from '../../../../src/apiserver/authentication/authenticator.ts';
import { credentialsReader } from '../../../../src/apiserver/authentication/credentials.ts';
import { delegatedAuthenticator } from '../../../../src/apiserver/authentication/delegated-authenticator.ts';
import { authenticationInstruments } from '../../../../src/apiserver/authentication/instruments.ts';
import { type ClusterTrust, TrustStore } from '../../../../src/apiserver/authentication/trust.ts';
import {
  type CertificateAuthority,
  type LeafRequest,
  createCertificateAuthority,
} from '../../../../src/pki/certificate.ts';
import { LogRecorder } from '../../../support/log-recorder.ts';
import { type Listening, get, listen } from '../listener.ts';

/** PEM; neither of the two: no certificate is presented. */
interface ClientPair {
  readonly cert?: string;
  readonly key?: string;
}

const nowMs = Date.now();
const HOUR_MS = 3_600_000;
const ca = (commonName: string): CertificateAuthority =>
  createCertificateAuthority({ commonName, nowMs });
const frontProxyCa = ca('front-proxy');
const clientCa = ca('kubernetes');
const namesake = ca('front-proxy');

/** A ConfigMap that the test changes. */
class FakeCluster implements ClusterTrust {
  generation = 1;
  requestHeaderCa = frontProxyCa.certPem;

  current() {
    return {
      clientCaPem: clientCa.certPem,
      requestHeader: {
        caPem: this.requestHeaderCa,
        allowedNames: ['front-proxy-client'],
        usernameHeaders: ['X-Remote-User'],
        uidHeaders: ['X-Remote-Uid'],
        groupHeaders: ['X-Remote-Group'],
        extraHeaderPrefixes: ['X-Remote-Extra-'],
      },
    };
  }
}

/** The whole way: real sockets, real handshakes; answers who asks, and what is left of the headers. */
async function serve(cluster = new FakeCluster()): Promise<Listening> {
  const log = new LogRecorder();
  const trust = new TrustStore(
    { cluster, clientCaFile: undefined, requestHeaderFile: undefined },
    log,
  );
  const authenticator = delegatedAuthenticator({
    trust: () => trust.current(),
    reviewer: { review: () => Promise.reject(new Error('no kube-apiserver here')) },
    tokenCacheTtlMs: 0,
    clock: systemClock,
    log,
    instruments: authenticationInstruments(new Registry()),
  });
  const credentialsOf = credentialsReader();
  const handler: RequestListener = (message, response) => {
    Promise.try(() => authenticator.authenticate(credentialsOf(message))).then(
      ({ name, groups, extra }) => {
        const kept = message.rawHeaders.filter((_, index) => index % 2 === 0);
        response.end(JSON.stringify({ name, groups, extra: Object.fromEntries(extra), kept }));
      },
      (err: unknown) => {
        response.statusCode = err instanceof AuthenticationError ? 401 : 500;
        response.end(JSON.stringify({ error: String(err) }));
      },
    );
  };
  return listen(handler, {}, { clientAuthorities: trust });
}

function identity(
  authority: CertificateAuthority,
  leaf: Partial<LeafRequest> = {},
  more = '',
): ClientPair {
  const { certPem, keyPem } = authority.issue({
    commonName: 'front-proxy-client',
    usages: ['clientAuth'],
    ...leaf,
  });
  return { cert: certPem + more, key: keyPem };
}

const FORGED = [
  ...['Host', 'x', 'X-Remote-User', 'jürgen', 'X-Remote-Group', 'system:masters'],
  ...['X-Remote-Group', 'a, b', 'X-Remote-Extra-Foo%2fBar', 'v'],
].map((text) => Buffer.from(text, 'utf8').toString('latin1'));

describe('identity through a real handshake', () => {
  const middle = frontProxyCa.issueAuthority({ commonName: 'middle' });
  const low = middle.issueAuthority({ commonName: 'low', key: 'rsa' });
  const proxied = { status: 200, user: 'jürgen' };

  test.each<{ name: string; client: ClientPair; status: number; user?: string }>([
    { name: 'no certificate', client: {}, status: 200, user: 'system:anonymous' },
    { name: 'the front proxy', client: identity(frontProxyCa), ...proxied },
    {
      name: 'the front proxy with an RSA key and no usages',
      client: identity(frontProxyCa, { key: 'rsa', usages: [] }),
      ...proxied,
    },
    {
      name: 'the front proxy through two intermediates',
      client: identity(low, {}, low.certPem + middle.certPem),
      ...proxied,
    },
    {
      name: 'one of the two intermediates missing',
      client: identity(low, {}, low.certPem),
      status: 401,
    },
    { name: 'another authority of that name', client: identity(namesake), status: 401 },
    {
      name: 'another authority of that name, sent along',
      client: identity(namesake, {}, namesake.certPem),
      status: 401,
    },
    {
      name: 'a name that is not allowed',
      client: identity(frontProxyCa, { commonName: 'other-client' }),
      status: 401,
    },
    {
      name: 'a certificate for servers only',
      client: identity(frontProxyCa, { usages: ['serverAuth'] }),
      status: 401,
    },
    {
      name: 'an expired certificate',
      client: identity(frontProxyCa, { notAfterMs: nowMs - HOUR_MS / 2 }),
      status: 401,
    },
    {
      name: 'a certificate of tomorrow',
      client: identity(frontProxyCa, { notBeforeMs: nowMs + HOUR_MS }),
      status: 401,
    },
    {
      name: 'a user’s certificate with forged headers',
      client: identity(clientCa, { commonName: 'nobody', organizations: ['o'] }),
      status: 200,
      user: 'nobody',
    },
  ])('$name: $status', async ({ client, status, user }) => {
    await using server = await serve();

    const reply = await get(server.port, { ...client, headers: FORGED });

    expect(reply.status).toBe(status);
    expect((JSON.parse(reply.body) as { name?: string }).name).toBe(user);
  });

  test('groups and extras arrive as they were sent, and nothing of it stays on the request', async () => {
    await using server = await serve();

    const { body } = await get(server.port, { ...identity(frontProxyCa), headers: FORGED });

    expect(JSON.parse(body)).toEqual({
      name: 'jürgen',
      groups: ['system:masters', 'a, b', 'system:authenticated'],
      extra: { 'foo/bar': ['v'] },
      kept: ['Host', 'Connection'],
    });
  });

  test('a rotated authority counts at the next request of an open connection', async () => {
    const cluster = new FakeCluster();
    await using server = await serve(cluster);
    using agent = keptConnection(identity(frontProxyCa));

    expect(await agent.status(server.port)).toBe(200);
    cluster.requestHeaderCa = namesake.certPem;
    cluster.generation += 1;
    expect(await agent.status(server.port)).toBe(401);
    cluster.requestHeaderCa = namesake.certPem + frontProxyCa.certPem;
    cluster.generation += 1;
    expect(await agent.status(server.port)).toBe(200);
    expect(agent.connections()).toBe(1);
  });
});

/** Sends all its requests on one connection. */
function keptConnection(options: ClientPair) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  return {
    connections: () => sockets.size,
    async status(port: number): Promise<number> {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      request({
        ...options,
        host: '127.0.0.1',
        port,
        agent,
        rejectUnauthorized: false,
        headers: FORGED,
      })
        .on('error', reject)
        .on('socket', (socket) => sockets.add(socket))
        .on('response', (response) => {
          response.resume().on('end', () => {
            resolve(response.statusCode ?? 0);
          });
        })
        .end();
      return promise;
    },
    [Symbol.dispose]() {
      agent.destroy();
    },
  };
}
