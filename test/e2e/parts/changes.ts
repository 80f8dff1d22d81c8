import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CertificateAndKey,
  createCertificateAuthority,
} from '../../../src/pki/certificate.ts';
import { listAt, textAt } from '../../../src/simulator/kube-object.ts';
import { ask } from '../../conformance/ask.ts';
import { eventually } from '../eventually.ts';
import { Lister } from '../lister.ts';
import type { MetricsServer } from '../metrics-server.ts';
import type { Part } from '../part.ts';
import type { Plane } from '../plane.ts';
import { FIGURES, NOBODY, type Scene, VIEWER } from '../scene.ts';

/** kube-apiserver looks at its files once a minute, ours at the ConfigMap by a watch. */
const NOTICED_WITHIN_MS = 150_000;
const READY_WITHIN_MS = 60_000;
/** Two scrapes and a moment. */
const FRESH_WITHIN_MS = 45_000;
const OUTAGE_MS = 120_000;
const PROBED_EVERY_MS = 5_000;
/** The watches are open again within 5 s, and then all kubelets are asked. */
const SERVED_AGAIN_WITHIN_MS = 15_000;
/** What a kubelet says is so old at most. */
const SAMPLED_WITHIN_MS = 15_000;
/** A kubelet remembers a token for two minutes. */
const KUBELET_REMEMBERS_MS = 120_000;
const NODES = '/apis/metrics.k8s.io/v1beta1/nodes';
const PODS = `/apis/metrics.k8s.io/v1beta1/namespaces/${FIGURES}/pods`;
/** Of the pods that stay as they are. */
const FIXED_PODS = 4;
const MIB = 1024 * 1024;
/** What comes and goes with the collector of garbage, 4 to 10 MiB after some minutes, and room for other machines. */
const MOST_GROWTH_BYTES = 32 * MIB;

/** When there was no kube-apiserver, by the monotonic clock. */
interface Absence {
  fromMs: number;
  untilMs: number;
}

interface Stage {
  readonly scene: Scene;
  readonly plane: Plane;
  readonly server: MetricsServer;
  readonly lister: Lister;
  /** Told when kube-apiserver goes away and is back. */
  readonly absence: Absence;
  /** Its own serving certificate's files. */
  readonly files: { readonly cert: string; readonly key: string };
}

interface Change {
  readonly name: string;
  readonly make: (stage: Stage) => Promise<void>;
}

const CHANGES: readonly Change[] = [
  {
    name: 'its token is replaced, and the former one is worth nothing any more',
    make: changeToken,
  },
  { name: 'its serving certificate is replaced', make: changeServingCertificate },
  { name: 'clients get a second authority', make: changeClientAuthority },
  { name: 'the front proxy gets an other authority and certificate', make: changeFrontProxy },
  { name: 'kube-apiserver is restarted', make: (stage) => restart(stage, 'kube-apiserver') },
  { name: 'etcd is restarted', make: (stage) => restart(stage, 'etcd') },
  { name: 'kube-apiserver is away for two minutes', make: outage },
];

export const changesWhileRunning: Part = {
  name: 'changes while running',
  needs: ['own plane', 'controllers'],
  async run(scene, check) {
    const { plane } = scene.spec;
    if (!plane) return;
    const { folder } = scene.spec;
    const files = { cert: join(folder, 'changing.crt'), key: join(folder, 'changing.key') };
    await writeServing(files);
    await using server = await scene.startServer('changing', [
      `--tls-cert-file=${files.cert}`,
      `--tls-private-key-file=${files.key}`,
    ]);
    await eventually(READY_WITHIN_MS, () => seesUsers(scene, server));
    // From then on a list without one of them is an error.
    await eventually(FRESH_WITHIN_MS, () => seesAll(scene, plane, server));
    await scene.register(server);
    await scene.whenAvailable();
    scene.nodes.rememberAccess(KUBELET_REMEMBERS_MS);
    try {
      for (const { name, make } of CHANGES) {
        await check(`${name}: a client that lists ten times a second sees no error`, () =>
          underClients({ scene, plane, server, files }, make),
        );
      }
    } finally {
      scene.nodes.rememberAccess(1_000);
      await scene.register(scene.server);
    }
    await scene.whenAvailable();
  },
};

async function seesAll({ nodes }: Scene, { admin }: Plane, { port }: MetricsServer): Promise<void> {
  for (const [path, count] of [
    [NODES, nodes.world.nodes().length],
    [PODS, FIXED_PODS],
  ] as const) {
    const { body } = await get(port, path, { certificate: admin });
    assert.equal(listAt(JSON.parse(body), 'items').length, count, path);
  }
}

/**
 * Makes a change under three clients: one of system:masters at our server, who sees no error; one at the aggregator,
 * and one with a token at our server, who see none but while kube-apiserver is away.
 */
async function underClients(
  stage: Omit<Stage, 'lister' | 'absence'>,
  make: Change['make'],
): Promise<void> {
  const { scene, plane, server } = stage;
  const nodes = {
    path: NODES,
    certificate: plane.admin,
    least: scene.nodes.world.nodes().length,
  };
  const pods = { path: PODS, least: FIXED_PODS };
  const token = await scene.token(FIGURES, VIEWER);
  await using lister = new Lister({ ...nodes, port: server.port });
  await using behind = new Lister({ ...nodes, port: plane.layout.apiPort });
  await using viewer = new Lister({ ...pods, port: server.port, token });
  const absence = { fromMs: Number.POSITIVE_INFINITY, untilMs: Number.NEGATIVE_INFINITY };
  await make({ ...stage, lister, absence });
  // Figures go on being new.
  const changedMs = Date.now();
  await eventually(FRESH_WITHIN_MS, () => {
    for (const { oldestMs } of [lister, behind]) {
      assert.ok(oldestMs > changedMs, 'there are no figures since the change');
    }
    assert.ok(viewer.answers > 0);
    return Promise.resolve();
  });
  for (const [who, errors] of [
    ['of system:masters', lister.errorsBut()],
    ['through the aggregator', behind.errorsBut(absence)],
    ['with a token', viewer.errorsBut(absence)],
  ] as const) {
    // The first and the last few say when and what; there may be thousands.
    const some = [...errors.slice(0, 2), ...errors.slice(2).slice(-2)];
    assert.equal(errors.length, 0, `client ${who}: ${errors.length} errors: ${some.join('; ')}`);
  }
  await server.throwIfEnded();
}

async function writeServing(files: Stage['files']): Promise<string> {
  const { certPem, keyPem } = createCertificateAuthority({
    commonName: 'serving-ca',
    nowMs: Date.now(),
  }).issue({ commonName: randomUUID(), dnsNames: ['localhost'], usages: ['serverAuth'] });
  await writeFile(files.cert, certPem);
  await writeFile(files.key, keyPem, { mode: 0o600 });
  return certPem;
}

/** Tokens are reviewed and accesses decided: somebody new each time, since verdicts are remembered. */
async function seesUsers(scene: Scene, { port }: MetricsServer): Promise<void> {
  for (const [account, expected] of [
    [VIEWER, 200],
    [NOBODY, 403],
  ] as const) {
    const token = await scene.token(FIGURES, account);
    const { status, body } = await get(port, PODS, { token });
    assert.equal(status, expected, body);
  }
}

async function get(
  port: number,
  path: string,
  proof: {
    token?: string;
    certificate?: CertificateAndKey;
    headers?: readonly (readonly [string, string])[];
  },
): Promise<{ status: number; body: string }> {
  const { token, certificate, headers = [] } = proof;
  const answer = await ask(
    { host: '127.0.0.1', port },
    {
      method: 'GET',
      path,
      body: undefined,
      certificate,
      headers: [
        ['Host', 'localhost'],
        ['Connection', 'close'],
        ...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]),
        ...headers,
      ],
    },
  );
  return { status: answer.status, body: answer.body.toString() };
}

async function changeToken({ scene, server }: Stage): Promise<void> {
  const secret = await scene.kubectl.json(
    ...['create', 'secret', 'generic', 'e2e-bound', '-n', 'kube-system'],
  );
  // A token ends with the object that it is bound to: no need to wait until it expires.
  const bound = {
    kind: 'Secret',
    apiVersion: 'v1',
    name: 'e2e-bound',
    uid: textAt(secret, 'metadata', 'uid'),
  };
  await server.replaceToken(await scene.token('kube-system', 'metrics-server', bound));
  // It is read again within a minute, as by every client of Kubernetes.
  await sleep(65_000);
  await server.replaceToken(await scene.token('kube-system', 'metrics-server'));
  await scene.kubectl.run('delete', 'secret', 'e2e-bound', '-n', 'kube-system');
  await eventually(NOTICED_WITHIN_MS, () => seesUsers(scene, server));
}

async function changeServingCertificate({ server, files }: Stage): Promise<void> {
  const { connect } = await import('node:tls');
  const certPem = await writeServing(files);
  const wanted = certPem.replaceAll(/-----[^-]+-----|\s/g, '');
  await eventually(NOTICED_WITHIN_MS, async () => {
    const shown = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        resolve(socket.getPeerX509Certificate()?.raw.toString('base64') ?? '');
        socket.destroy();
      });
    });
    assert.equal(shown, wanted);
  });
}

async function changeClientAuthority({ plane, server }: Stage): Promise<void> {
  const added = createCertificateAuthority({ commonName: 'kubernetes-2', nowMs: Date.now() });
  const file = join(plane.layout.folder, 'pki', 'ca.crt');
  await writeFile(file, plane.authorities.cluster.certPem + added.certPem);
  const certificate = added.issue({
    commonName: 'new-admin',
    organizations: ['system:masters'],
    usages: ['clientAuth'],
  });
  await eventually(NOTICED_WITHIN_MS, async () => {
    const { status, body } = await get(server.port, NODES, { certificate });
    assert.equal(status, 200, body);
  });
}

async function changeFrontProxy({ scene, plane, server }: Stage): Promise<void> {
  const added = createCertificateAuthority({ commonName: 'front-proxy-ca', nowMs: Date.now() });
  const client = added.issue({ commonName: 'front-proxy-client', usages: ['clientAuth'] });
  const file = (name: string): string => join(plane.layout.folder, 'pki', name);
  const headers = [
    ['X-Remote-User', 'e2e'],
    ['X-Remote-Group', 'system:masters'],
  ] as const;
  const believes = async (certificate: CertificateAndKey): Promise<number> =>
    (await get(server.port, NODES, { certificate, headers })).status;
  const before = await readFile(file('front-proxy-ca.crt'), 'utf8');
  // First both authorities, then the new certificate, then the new authority alone.
  await writeFile(file('front-proxy-ca.crt'), before + added.certPem);
  await eventually(NOTICED_WITHIN_MS, async () => {
    assert.equal(await believes(client), 200);
  });
  await writeFile(file('front-proxy-client.crt'), client.certPem);
  await writeFile(file('front-proxy-client.key'), client.keyPem, { mode: 0o600 });
  // Until the aggregator shows it, it has to be believed with the former one.
  await sleep(65_000);
  await writeFile(file('front-proxy-ca.crt'), added.certPem);
  await eventually(NOTICED_WITHIN_MS, () => forgetAuthorities(scene, added.certPem));
  await eventually(NOTICED_WITHIN_MS, async () => {
    assert.notEqual(await believes(plane.frontProxyClient), 200);
  });
  assert.equal(await believes(client), 200);
  await scene.whenAvailable();
  await scene.raw('/nodes');
}

/**
 * Leaves one authority of front proxies in the ConfigMap. kube-apiserver only ever adds its own to those that it
 * finds there, so that several of them can differ; taking one away is the administrator's business.
 */
async function forgetAuthorities({ kubectl }: Scene, caPem: string): Promise<void> {
  const place = ['configmap', 'extension-apiserver-authentication', '-n', 'kube-system'];
  const data = { 'requestheader-client-ca-file': caPem };
  await kubectl.run('patch', ...place, '--type=merge', '-p', JSON.stringify({ data }));
  await sleep(5_000);
  const now = await kubectl.json('get', ...place);
  assert.equal(textAt(now, 'data', 'requestheader-client-ca-file'), caPem);
}

async function restart(
  { scene, plane, server, absence }: Stage,
  program: 'etcd' | 'kube-apiserver',
): Promise<void> {
  if (program === 'kube-apiserver') absence.fromMs = performance.now();
  await plane.stop(program);
  scene.nodes.forgetAccess();
  await plane.resume(program, AbortSignal.timeout(READY_WITHIN_MS));
  absence.untilMs = performance.now();
  await eventually(READY_WITHIN_MS, () => seesUsers(scene, server));
  await scene.whenAvailable();
}

async function outage({ scene, plane, server, lister, absence }: Stage): Promise<void> {
  const bytesBefore = await residentBytes(server.pid);
  const { length: linesBefore } = await linesOf(server);
  absence.fromMs = performance.now();
  await plane.stop('kube-apiserver');
  // The worst that can be: no kubelet remembers whose our token is.
  scene.nodes.forgetAccess();
  await staysReady(plane, server, OUTAGE_MS);
  await plane.resume('kube-apiserver', AbortSignal.timeout(READY_WITHIN_MS));
  absence.untilMs = performance.now();
  const backMs = Date.now();
  await eventually(SERVED_AGAIN_WITHIN_MS, () => {
    const oldMs = backMs - SAMPLED_WITHIN_MS - lister.oldestMs;
    assert.ok(oldMs < 0, `there are figures from ${oldMs} ms before kube-apiserver was back`);
    return Promise.resolve();
  });
  await eventually(SERVED_AGAIN_WITHIN_MS, () => seesUsers(scene, server));
  await seesChanges(scene, plane, server);
  seesComplaints((await linesOf(server)).slice(linesBefore));
  const growth = (await residentBytes(server.pid)) - bytesBefore;
  assert.ok(growth < MOST_GROWTH_BYTES, `its memory grew by ${(growth / MIB).toFixed(1)} MiB`);
}

/** Nothing that would make somebody restart it, or send its clients away. */
async function staysReady({ admin }: Plane, { port }: MetricsServer, forMs: number): Promise<void> {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    for (const path of ['/livez', '/readyz?verbose']) {
      const { status, body } = await get(port, path, { certificate: admin });
      assert.equal(status, 200, body);
    }
    await sleep(PROBED_EVERY_MS);
  }
}

/** How often an outage makes it say each of these, at least and at most. */
const COMPLAINTS = new Map<string, readonly [number, number]>([
  // once for each of nodes, pods and the ConfigMap, and anew where one that begins answers with an other reason
  ['Could not follow resource, retrying', [3, 6]],
  // by a kube-apiserver that takes long to read its roles
  ['Not allowed to follow resource', [0, 3]],
  ['Kubelets refuse us while kube-apiserver is away', [1, 1]],
  // about the client with a token
  ['Could not ask kube-apiserver for a review', [1, 3]],
  // about that client, ten times a second: its token may be remembered for 10 s longer than its right
  ['Could not authorize request', [0, 150]],
  // once a second at most, where its eleventh question came within it
  ['Left out lines', [0, 15]],
  // once a minute
  ['Nodes could not be scraped', [1, 3]],
]);

async function linesOf(server: MetricsServer): Promise<string[]> {
  return (await server.log()).split('\n');
}

/** It says what is wrong, not of every kubelet, and not all the time. */
function seesComplaints(lines: readonly string[]): void {
  const messages = lines.flatMap((line) => /^[WE][^"]*"([^"]*)"/.exec(line)?.[1] ?? []);
  for (const message of new Set([...messages, ...COMPLAINTS.keys()])) {
    const count = messages.filter((one) => one === message).length;
    const [least, most] = COMPLAINTS.get(message) ?? [0, 0];
    assert.ok(count >= least && count <= most, `its log says ${count} times "${message}"`);
  }
}

/** A label that a pod gets now is served within seconds: the watch is open again. */
async function seesChanges(
  { kubectl }: Scene,
  { admin }: Plane,
  { port }: MetricsServer,
): Promise<void> {
  const label = `e2e=${randomUUID()}`;
  await kubectl.run('label', 'pod', 'steady-1', '-n', FIGURES, '--overwrite', label);
  const selector = new URLSearchParams({ labelSelector: label });
  const path = `${PODS}?${selector.toString()}`;
  await eventually(SERVED_AGAIN_WITHIN_MS, async () => {
    const { body } = await get(port, path, { certificate: admin });
    assert.deepEqual(
      listAt(JSON.parse(body), 'items').map((item) => textAt(item, 'metadata', 'name')),
      ['steady-1'],
    );
  });
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return Number(kib) * 1024;
}
