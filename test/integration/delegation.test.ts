import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS } from '../../src/simulator/resource-type.ts';
import { Relay } from '../support/relay.ts';
import { type ReviewFault, ReviewGate } from '../support/review-gate.ts';
import { RunningServer, TOKEN_FILE } from '../support/running-server.ts';
import { type Identity, type ServerAnswer, ServerClient } from '../support/server-client.ts';

const NODES = '/apis/metrics.k8s.io/v1beta1/nodes';
const RBAC = 'rbac.authorization.k8s.io';

interface Timed extends ServerAnswer {
  readonly seconds: number;
}

let cluster: Cluster;
let gate: ReviewGate;
let relay: Relay;
let server: RunningServer;

beforeAll(async () => {
  cluster = await createCluster({ nodes: 1, pods: 1 });
  grant('readers', 'Group', [
    { apiGroups: ['metrics.k8s.io'], resources: ['nodes'], verbs: ['list'] },
  ]);
  gate = await ReviewGate.open(cluster);
  relay = await Relay.open(gate.port);
  server = await RunningServer.start(cluster, { apiServerPort: relay.port });
  using admin = new ServerClient(server.port, { certificate: certificate('admin') });
  // Certificates are looked at once the ConfigMap has been read.
  while ((await admin.get(NODES)).status !== 200) await new Promise(setImmediate);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
  await gate[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** A role of this name, bound to the group or user of this name. */
function grant(name: string, kind: 'Group' | 'User', rules: readonly object[]): void {
  const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name };
  const subjects = [{ apiGroup: RBAC, kind, name }];
  const role = { ...headOf('ClusterRole', name), rules };
  const binding = { ...headOf('ClusterRoleBinding', name), roleRef, subjects };
  cluster.objects.put(CLUSTER_ROLES, role);
  cluster.objects.put(CLUSTER_ROLE_BINDINGS, binding);
}

function headOf(kind: string, name: string) {
  return { apiVersion: `${RBAC}/v1`, kind, metadata: { name } };
}

function certificate(name: string) {
  const groups = name === 'admin' ? ['system:masters'] : ['readers'];
  return cluster.identities.clientCertificate(name, groups);
}

async function ask(
  identity: Identity,
  headers: readonly (readonly [string, string])[] = [],
): Promise<Timed> {
  using client = new ServerClient(server.port, identity);
  const startMs = performance.now();
  const answer = await client.get(NODES, { headers });
  return { ...answer, seconds: (performance.now() - startMs) / 1000 };
}

interface Outage {
  readonly name: string;
  readonly fault: ReviewFault;
  /** What a caller is told who proved who he is, but about whom nobody could decide. */
  readonly text: RegExp;
  /** From and to, in seconds. */
  readonly takes: readonly [number, number];
}

/** Five attempts take 4 to 5 s, 0.5 to 2 s apart; who never gave up would be asking when the 10 s are over. */
const RETRIED = [3.9, 9.5] as const;
/** What nothing will change is not tried five times. */
const AT_ONCE = [0, 3.8] as const;
/** One attempt that has no end of its own; a second one would take 10 s more. */
const GIVEN_UP = [9.9, 18] as const;
/** Whichever of the limits is first, of one attempt or of all. */
const LATE = /took longer than 10s|did not answer|within 10000 ms/;
const OUTAGES: readonly Outage[] = [
  { name: 'answers 500', fault: { status: 500 }, text: /told 500/, takes: RETRIED },
  {
    name: 'answers 429',
    fault: { status: 429, retryAfter: '1' },
    text: /told 429/,
    takes: RETRIED,
  },
  {
    name: 'asks for more time than there is',
    fault: { status: 429, retryAfter: '60' },
    text: LATE,
    takes: GIVEN_UP,
  },
  { name: 'breaks the connection', fault: 'reset', text: /Cannot talk to/, takes: RETRIED },
  { name: 'answers 403', fault: { status: 403 }, text: /told 403/, takes: AT_ONCE },
  { name: 'answers 503', fault: { status: 503 }, text: /told 503/, takes: AT_ONCE },
  { name: 'answers with a page', fault: 'html', text: /not JSON/, takes: AT_ONCE },
  {
    name: 'says nothing',
    fault: 'silence',
    text: LATE,
    takes: GIVEN_UP,
  },
];

describe('when kube-apiserver cannot be asked', () => {
  test('callers hear 500 or 401 within 10 s, whatever it does, and are served when it can be asked again', async () => {
    const callers = OUTAGES.map((outage, index) => {
      const name = `caller-${index}-`;
      const token = cluster.serviceAccountToken('kube-system', 'metrics-server');
      gate.faults.set(name, outage.fault).set(token, outage.fault);
      return { ...outage, user: { certificate: certificate(name) }, token };
    });
    const bearer = (token: string) =>
      ({ headers: [['authorization', `Bearer ${token}`]] }) as const;

    const during = await Promise.all(
      callers.map(async ({ user, token }) => {
        const [ofUser, ofToken] = await Promise.all([ask(user), ask(bearer(token))]);
        return { user: ofUser, token: ofToken };
      }),
    );
    gate.faults.clear();
    const after = await Promise.all(
      callers.map(async ({ user, token }) => [
        (await ask(user)).status,
        // Known now, and not allowed to look.
        (await ask(bearer(token))).status,
      ]),
    );

    for (const [index, { user, token }] of during.entries()) {
      const { name, text, takes } = OUTAGES[index] ?? {};
      expect({ name, status: user.status, type: user.headers['content-type'] }).toEqual({
        name,
        status: 500,
        type: 'text/plain; charset=utf-8',
      });
      expect(user.body).toMatch(
        /^Internal Server Error: "\/apis\/metrics\.k8s\.io\/v1beta1\/nodes": /,
      );
      expect(user.body).toMatch(text ?? '');
      expect([name, token.status]).toEqual([name, 401]);
      for (const { seconds } of [user, token]) {
        expect([name, seconds >= (takes?.[0] ?? 0), seconds <= (takes?.[1] ?? 0)]).toEqual([
          name,
          true,
          true,
        ]);
      }
    }
    expect(after).toEqual(OUTAGES.map(() => [200, 403]));
  }, 40_000);

  test('nobody listens: 500 at once, 401 at once, and the next question after it is back is answered', async () => {
    const user = { certificate: certificate('late-caller') };
    const token = cluster.serviceAccountToken('kube-system', 'metrics-server');
    const byToken: Identity = { headers: [['authorization', `Bearer ${token}`]] };

    await relay.cut();
    const during = [await ask(user), await ask(byToken)];
    // Whom nobody has to be asked about is served all the while.
    const admin = await ask({ certificate: certificate('admin') });
    await relay.mend();
    const after = [await ask(user), await ask(byToken)];

    expect(during.map(({ status }) => status)).toEqual([500, 401]);
    expect(Math.max(...during.map(({ seconds }) => seconds))).toBeLessThan(AT_ONCE[1]);
    expect(admin.status).toBe(200);
    expect(after.map(({ status }) => status)).toEqual([200, 403]);
  });

  test('an impersonation that nobody could decide is a refusal that says why', async () => {
    gate.faults.set('"user":"impersonator-', { status: 403 });

    const during = await ask({ certificate: certificate('impersonator-1') }, [
      ['impersonate-user', 'x'],
    ]);
    gate.faults.clear();

    expect(during.status).toBe(403);
    expect(JSON.parse(during.body)).toMatchObject({
      message:
        'nodes.metrics.k8s.io is forbidden: User "impersonator-1" cannot impersonate-on:user-info:list resource "nodes" in API group "metrics.k8s.io" at the cluster scope: told 403',
    });
  });
});

describe('impersonation by direct callers', () => {
  test('goes on as the other one, with his rights and nothing of the own ones', async () => {
    grant('deputy', 'User', [
      { apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['uids'], verbs: ['impersonate'] },
    ]);
    const deputy = { certificate: cluster.identities.clientCertificate('deputy') };
    const as = (...headers: (readonly [string, string])[]): Promise<Timed> => ask(deputy, headers);
    gate.reviews.length = 0;

    const reader = await as(['impersonate-user', 'x'], ['impersonate-group', 'readers']);
    const stranger = await as(['impersonate-user', 'x'], ['impersonate-uid', '7']);
    const master = await as(['impersonate-user', 'x'], ['impersonate-group', 'system:masters']);
    const scoped = await as(['impersonate-user', 'x'], ['impersonate-extra-scopes', 'all']);
    const plain = await as();

    expect([reader, stranger, master, scoped, plain].map(({ status }) => status)).toEqual([
      200, 403, 200, 403, 403,
    ]);
    expect(stranger.body).toContain('User \\"x\\" cannot list resource');
    // The old way has served him before: it is tried first, so it is the one that refuses.
    expect(scoped.body).toContain('cannot impersonate resource \\"userextras/scopes\\"');
    expect(gate.reviews).toContain(
      '{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"resourceAttributes":{"verb":"list","group":"metrics.k8s.io","version":"v1beta1","resource":"nodes"},"user":"x","groups":["system:authenticated"],"uid":"7"},"status":{"allowed":false}}\n',
    );
  });
});

test('no log line, at any level, tells a token', async () => {
  const good = cluster.serviceAccountToken('kube-system', 'metrics-server');
  const hidden = Buffer.from(good).toString('base64url');
  const protocol = `x, base64url.bearer.authorization.k8s.io.${hidden}`;
  gate.faults.set('faulty-token', { status: 500 }).set('broken-token', 'reset');
  const before = server.log.lines.length;

  await Promise.all([
    ask({ headers: [['authorization', `Bearer ${good}`]] }),
    ask({ headers: [['authorization', 'Bearer unknown-token']] }),
    ask({ headers: [['authorization', 'Bearer faulty-token']] }),
    ask({ headers: [['authorization', 'Bearer broken-token']] }),
    ask({ headers: [['authorization', 'Basic dXNlcjp1bmtub3duLXRva2Vu']] }),
    ask({
      headers: [
        ['connection', 'upgrade'],
        ['upgrade', 'websocket'],
        ['sec-websocket-protocol', protocol],
      ],
    }),
  ]);
  gate.faults.clear();

  const told = inspect(server.log.lines.slice(before), { depth: 20, maxStringLength: null });
  expect(server.log.lines.length).toBeGreaterThan(before);
  for (const secret of [
    good,
    hidden,
    'unknown-token',
    'faulty-token',
    'broken-token',
    'dXNlcjp1',
  ]) {
    expect(told).not.toContain(secret);
  }
  // Its own one towards kube-apiserver neither, from the beginning.
  const all = inspect(server.log.lines, { depth: 20, maxStringLength: null });
  expect(all).not.toContain(server.files.get(TOKEN_FILE));
});
