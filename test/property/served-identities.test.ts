import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import type { UserInfo } from '../../src/apiserver/authentication/authenticator.ts';
import type { TokenReviewer } from '../../src/apiserver/authentication/bearer-token.ts';
import { delegatedAuthenticator } from '../../src/apiserver/authentication/delegated-authenticator.ts';
import { authenticationInstruments } from '../../src/apiserver/authentication/instruments.ts';
import type { Trust } from '../../src/apiserver/authentication/trust.ts';
import type { Authorizer } from '../../src/apiserver/authorization/authorizer.ts';
import { systemClock } from '../../src/clock.ts';
import { createCertificateAuthority } from '../../src/pki/certificate.ts';
import { CaBundle } from '../../src/pki/chain.ts';
import { forAllBatches } from '../support/properties.ts';
import { exchange } from '../support/raw-client.ts';
import type { RawReply } from '../support/raw-client.ts';
import { aUser, serveApp } from '../support/serve-app.ts';
import type { ServedApp } from '../support/serve-app.ts';
import { authorizationHeaders } from './cases/authorization-headers.ts';
import { remoteIdentities, wantedIdentities } from './cases/identity-headers.ts';
import type { Line } from './cases/identity-headers.ts';
import { presentedToken } from './references/authorization.ts';
import { remoteIdentity, wantedIdentity } from './references/identity.ts';
import type { Identity } from './references/identity.ts';
import { bytesOf, textOf } from './references/url.ts';

const BATCH = 100;
const TIME_LIMIT_MS = 120_000;

const servingCa = createCertificateAuthority({ commonName: 'serving', nowMs: Date.now() });
const clientCa = createCertificateAuthority({ commonName: 'clients', nowMs: Date.now() });
const frontProxyCa = createCertificateAuthority({ commonName: 'front', nowMs: Date.now() });
const serving = servingCa.issue({ commonName: 'metrics-server', usages: ['serverAuth'] });
const frontProxy = frontProxyCa.issue({ commonName: 'front-proxy', usages: ['clientAuth'] });
const admin = clientCa.issue({ commonName: 'admin', usages: ['clientAuth'] });

const TRUST: Trust = {
  clientCa: CaBundle.parse(clientCa.certPem),
  requestHeader: {
    ca: CaBundle.parse(frontProxyCa.certPem),
    allowedNames: ['front-proxy'],
    usernameHeaders: ['X-Remote-User'],
    uidHeaders: ['X-Remote-Uid'],
    groupHeaders: ['X-Remote-Group'],
    extraHeaderPrefixes: ['X-Remote-Extra-'],
  },
};

const nobody = { username: '', uid: '', groups: [], extra: new Map() };
const reviewer: TokenReviewer = {
  review(token) {
    if (token.startsWith('fail')) return Promise.reject(new Error('no answer'));
    const error = token.startsWith('error') ? 'cannot be judged' : '';
    const authenticated = token.startsWith('good');
    const user = authenticated ? { ...nobody, username: `user of ${token}` } : nobody;
    return Promise.resolve({ authenticated, error, user });
  },
};

function comparable({ name, uid, groups, extra }: UserInfo): Identity {
  const entries = [...extra].sort(([left], [right]) => (left < right ? -1 : 1));
  return { name, uid, groups, extra: entries };
}

const ANONYMOUS: Identity = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
  extra: [],
};

describe('a server that asks who it is, many times over', () => {
  let app: ServedApp;
  /** By path, who was authorized for it: each request of a batch has a path of its own. */
  const authorized = new Map<string, UserInfo>();

  beforeAll(async () => {
    const registry = new Registry();
    const log = { error: noLog, warn: noLog, info: noLog, debug: noLog };
    const authenticator = delegatedAuthenticator({
      trust: () => TRUST,
      reviewer,
      tokenCacheTtlMs: 10_000,
      clock: systemClock,
      log,
      instruments: authenticationInstruments(registry),
    });
    const authorizer: Authorizer = {
      authorize({ user, request }) {
        authorized.set(request.path, user);
        return Promise.resolve({ allowed: true });
      },
    };
    const tls = { ...keyPair(serving), requestCert: true, rejectUnauthorized: false };
    app = await serveApp({ authenticator, authorizer }, tls);
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  async function askAll(
    batch: readonly (readonly Line[])[],
    certificate?: typeof admin,
  ): Promise<{ reply: RawReply; user: Identity | undefined }[]> {
    authorized.clear();
    const requests = batch.map((lines, at) => ({
      text: `GET /who/${at} HTTP/1.1\r\nHost: x\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    }));
    const client = certificate ? keyPair(certificate) : {};
    const target = { host: '127.0.0.1', port: app.port, ca: servingCa.certPem };
    const replies = await exchange(requests, () =>
      connect({ ...target, ...client, checkServerIdentity: () => undefined }),
    );
    return replies.map((reply, at) => {
      const user = authorized.get(`/who/${at}`);
      return { reply, user: user && comparable(user) };
    });
  }

  test(
    'takes tokens from Authorization as the grammar says',
    async () => {
      await forAllBatches(authorizationHeaders, BATCH, async (headers) => {
        const found = await askAll(headers.map((header) => [['Authorization', header]]));

        expect(
          found.map(({ reply, user }) => ({
            status: reply.status,
            user: user?.name,
            isWarned: reply.headers.has('warning'),
          })),
        ).toEqual(headers.map(expectedOfAuthorization));
      });
      expect(app.logged.filter((line) => line.startsWith('Request failed'))).toEqual([]);
    },
    TIME_LIMIT_MS,
  );

  test(
    'believes a verified front proxy what the algorithm says',
    async () => {
      const cases = fc.tuple(
        remoteIdentities,
        fc.constantFrom('', '', 'Bearer good', 'Bearer bad', 'Basic x'),
      );
      await forAllBatches(cases, BATCH, async (batch) => {
        const found = await askAll(
          batch.map(([lines, authorization]) => [...lines, ['Authorization', authorization]]),
          frontProxy,
        );

        expect(found.map(({ reply, user }) => ({ status: reply.status, user }))).toEqual(
          batch.map(([lines, authorization]) => {
            const token = authorization === 'Bearer good' ? tokenUser('good') : undefined;
            const user = remoteIdentity(lines) ?? token;
            return { status: user ? 404 : 401, user };
          }),
        );
      });
    },
    TIME_LIMIT_MS,
  );

  test(
    'ignores the same headers of everybody else',
    async () => {
      await forAllBatches(remoteIdentities, BATCH, async (batch) => {
        const found = await askAll(batch);

        expect(found.map(({ user }) => user)).toEqual(batch.map(() => ANONYMOUS));
      });
    },
    TIME_LIMIT_MS,
  );

  test(
    'lets those who may act as somebody else',
    async () => {
      await forAllBatches(wantedIdentities, BATCH, async (batch) => {
        const found = await askAll(batch, admin);

        expect(found.map(({ reply, user }) => outcomeOf(reply, user))).toEqual(
          batch.map(expectedOfImpersonation),
        );
      });
    },
    TIME_LIMIT_MS,
  );
});

function noLog(): void {
  // What is logged is not what is tested here.
}

function keyPair({ certPem, keyPem }: { certPem: string; keyPem: string }) {
  return { cert: certPem, key: keyPem };
}

function tokenUser(token: string): Identity {
  return comparable(aUser(`user of ${token}`));
}

function expectedOfAuthorization(header: string): object {
  // Node takes the blanks around a value off.
  const { token, isWarned } = presentedToken(textOf(bytesOf(header)));
  if (token === undefined) return { status: 404, user: ANONYMOUS.name, isWarned };
  if (!token.startsWith('good')) return { status: 401, user: undefined, isWarned };
  return { status: 404, user: `user of ${token}`, isWarned };
}

/** A client certificate's own identity carries a digest of it, which matters elsewhere. */
function outcomeOf({ status }: RawReply, user: Identity | undefined): object {
  const isSelf = user?.extra.some(([key]) => key === 'authentication.kubernetes.io/credential-id');
  if (isSelf === true) return { status, user: 'admin' };
  return { status, user: status === 400 ? undefined : user };
}

function expectedOfImpersonation(lines: readonly Line[]): object {
  const wanted = wantedIdentity(lines);
  if (wanted === 'refused') return { status: 400, user: undefined };
  return { status: 404, user: wanted === 'nobody' ? 'admin' : wanted };
}
