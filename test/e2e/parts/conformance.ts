import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../src/clock.ts';
import { createLogger } from '../../../src/log.ts';
import {
  type CertificateAndKey,
  createCertificateAuthority,
} from '../../../src/pki/certificate.ts';
import { Faults } from '../../../src/simulator/faults.ts';
import { createKubelets } from '../../../src/simulator/kubelet.ts';
import { listAt, textAt } from '../../../src/simulator/kube-object.ts';
import { RemoteAccess } from '../../../src/simulator/remote-access.ts';
import { RemoteApi } from '../../../src/simulator/remote-api.ts';
import type { World } from '../../../src/simulator/world.ts';
import { loadWorldFolder } from '../../../src/simulator/world-folder.ts';
import { OWN_EXCHANGES } from '../../conformance/exchanges.ts';
import { readSecrets } from '../../conformance/identities.ts';
import { ClusterKubectl } from '../ask-cluster.ts';
import { MetricsServer } from '../metrics-server.ts';
import type { Part } from '../part.ts';
import type { Plane } from '../plane.ts';
import { API_SERVICE, MANIFESTS, serviceOutside } from '../scene.ts';
import { askThroughAggregator } from './aggregated-conformance.ts';

const CONFORMANCE = fileURLToPath(new URL('../../conformance/main.ts', import.meta.url));
const SOURCES = ['resource', 'summary'] as const;
const TIMEOUT_MS = 180_000;
const ALL_PASSED = /^\d+ passed, 0 failed$/;
/** Of those recorded, who of them can ask a kube-apiserver for resources. */
const LEAST_AGGREGATED = 230;
const DAY_MS = 86_400_000;
const STARTED_WITHIN_MS = 120_000;
/** Its accounts, whose tokens are shown by some who ask. */
const ACCOUNTS = [
  ['team-a', 'reader'],
  ['default', 'default'],
] as const;

export const conformance: Part = {
  name: 'conformance',
  needs: ['own plane'],
  async run(scene, check) {
    for (const source of SOURCES) {
      let found: Found | undefined;
      await check(`all recorded exchanges, with figures from ${source}`, async () => {
        const { plane, folder } = scene.spec;
        if (!plane) return;
        // A kubelet of the recorded world gives its first answer once: a world for each server.
        const place = join(folder, `conformance-${source}`);
        await using other = await plane.another(place, AbortSignal.timeout(STARTED_WITHIN_MS));
        found = await replayOn(other, place, source, scene.spec.program);
        assert.match(found.direct.trimEnd().split('\n').at(-1) ?? '', ALL_PASSED, found.direct);
      });
      await check(`those of the resources through the aggregator, from ${source}`, () => {
        assert.ok(found, 'nothing was asked');
        assert.equal(found.aggregated.wrong.join('\n'), '');
        assert.ok(found.aggregated.asked >= LEAST_AGGREGATED);
        return Promise.resolve();
      });
    }
  },
};

interface Found {
  /** What `npm run conformance` printed. */
  readonly direct: string;
  readonly aggregated: Awaited<ReturnType<typeof askThroughAggregator>>;
}

/** The recorded world in a real API server, and everything that was asked there. */
async function replayOn(
  plane: Plane,
  place: string,
  source: string,
  program: string | undefined,
): Promise<Found> {
  await using house = new AsyncDisposableStack();
  const { authorities, admin, url } = plane;
  const cluster = { server: url, caPem: authorities.cluster.certPem, identity: admin };
  const kubectl = house.use(await ClusterKubectl.create(plane.kubeconfig));
  const api = house.use(new RemoteApi(cluster));
  await kubectl.run('apply', '-f', join(OWN_EXCHANGES, 'world', 'namespaces.json'));
  const world = await createWorld(kubectl, place);
  const kubeletCa = createCertificateAuthority({ commonName: 'kubelet-ca', nowMs: Date.now() });
  const log = createLogger({ format: 'text', verbosity: 0 }, () => undefined);
  const access = new RemoteAccess(api, { clock: systemClock, log, rememberMs: 10_000 });
  const kubelets = house.use(
    createKubelets({
      world,
      faults: new Faults({ clock: systemClock }),
      clock: systemClock,
      servingCertificate: () =>
        kubeletCa.issue({
          commonName: 'kubelet',
          ipAddresses: ['127.0.0.1'],
          usages: ['serverAuth'],
        }),
      authorizeRequest: (credentials, attributes) => access.decide(credentials, attributes),
    }),
  );
  await kubelets.start();
  // With the ports where the kubelets listen now.
  for (const { object } of world.nodes()) {
    const { name, labels } = object.metadata;
    await api.post('/api/v1/nodes', { ...object, metadata: { name, labels } });
  }
  for (const file of [join(OWN_EXCHANGES, 'world', 'rbac.json'), join(MANIFESTS, 'rbac.yaml')]) {
    await kubectl.run('apply', '-f', file);
  }
  const tokenOf = async (namespace: string, name: string): Promise<string> => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };
    return textAt(await api.post(path, { ...kind, spec: {} }), 'status', 'token');
  };
  const identities = join(place, 'identities');
  await writeIdentities(identities, plane, tokenOf);
  const server = house.use(
    await MetricsServer.start({
      folder: join(place, 'server'),
      cluster,
      token: await tokenOf('kube-system', 'metrics-server'),
      kubeletCaPem: kubeletCa.certPem,
      ...(program !== undefined && { program }),
      flags: program === undefined ? [`--kubelet-metrics-source=${source}`] : [],
    }),
  );
  await register(kubectl, server);
  const direct = await replay(server, identities, source);
  const secrets = await readSecrets(identities);
  return { direct, aggregated: await askThroughAggregator(plane.layout.apiPort, secrets) };
}

/** Puts the server behind the aggregator, and waits until it is asked. */
async function register(kubectl: ClusterKubectl, { port }: MetricsServer): Promise<void> {
  await kubectl.apply(serviceOutside('localhost'));
  await kubectl.run('apply', '-f', join(MANIFESTS, 'apiservice.yaml'));
  const spec = JSON.stringify({ spec: { service: { port } } });
  await kubectl.run('patch', 'apiservice', API_SERVICE, '--type=merge', '-p', spec);
  await kubectl.run(
    'wait',
    '--for=condition=Available',
    `apiservice/${API_SERVICE}`,
    // kube-apiserver looks at a server that did not listen yet after longer and longer pauses
    '--timeout=60s',
  );
}

/** Writes the pods of the recorded world into the API server, and reads that world with the uids that they got. */
async function createWorld(kubectl: ClusterKubectl, place: string): Promise<World> {
  const folder = join(place, 'world');
  await cp(join(OWN_EXCHANGES, 'world'), folder, { recursive: true });
  const file = join(folder, 'pods.json');
  const pods: unknown = JSON.parse(await readFile(file, 'utf8'));
  await kubectl.apply(
    ...ACCOUNTS.map(([namespace, name]) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace, name },
    })),
  );
  const items = [];
  for (const pod of listAt(pods, 'items') as readonly GivenPod[]) {
    const { namespace, name } = pod.metadata;
    await kubectl.apply(pod);
    const { code, err } = await kubectl.ask([
      ...['patch', 'pod', name, '-n', namespace, '--subresource=status', '--type=merge'],
      ...['-p', JSON.stringify({ status: pod.status })],
    ]);
    assert.equal(code, 0, err);
    const made = await kubectl.json('get', 'pod', name, '-n', namespace);
    items.push({ ...pod, metadata: { ...pod.metadata, uid: textAt(made, 'metadata', 'uid') } });
  }
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return loadWorldFolder(folder, { clock: systemClock });
}

interface GivenPod {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly status: object;
}

/** In the files that test/conformance/README.md names. */
async function writeIdentities(
  folder: string,
  { authorities, admin, frontProxyClient }: Plane,
  tokenOf: (namespace: string, name: string) => Promise<string>,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const user = (commonName: string, validity: object = {}): CertificateAndKey =>
    authorities.cluster.issue({ commonName, usages: ['clientAuth'], ...validity });
  const nowMs = Date.now();
  const wrongCa = createCertificateAuthority({ commonName: 'front-proxy-ca', nowMs });
  const front = { commonName: 'front-proxy-client', usages: ['clientAuth'] } as const;
  const certificates: Readonly<Record<string, CertificateAndKey>> = {
    admin,
    viewer: user('viewer'),
    nobody: user('nobody'),
    impersonator: user('impersonator'),
    'team-a-user': user('team-a-user'),
    expired: user('viewer', { notBeforeMs: nowMs - 2 * DAY_MS, notAfterMs: nowMs - DAY_MS }),
    'front-proxy': frontProxyClient,
    'front-proxy-wrong-ca': wrongCa.issue(front),
    'front-proxy-wrong-cn': authorities.frontProxy.issue({ ...front, commonName: 'other-client' }),
  };
  for (const [name, { certPem, keyPem }] of Object.entries(certificates)) {
    await writeFile(join(folder, `${name}.crt`), certPem);
    await writeFile(join(folder, `${name}.key`), keyPem, { mode: 0o600 });
  }
  for (const [namespace, name] of ACCOUNTS) {
    const file = join(folder, `sa-${namespace}-${name}.token`);
    await writeFile(file, await tokenOf(namespace, name), { mode: 0o600 });
  }
}

/** Runs `npm run conformance -- --target`. */
async function replay(server: MetricsServer, identities: string, source: string): Promise<string> {
  const words = [
    CONFORMANCE,
    `--target=https://127.0.0.1:${server.port}`,
    `--identities=${identities}`,
    `--source=${source}`,
  ];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, words, {
      timeout: TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    await server.throwIfEnded();
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stderr}${stdout}`;
  }
}
