import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CertificateAndKey, createCertificateAuthority } from '../../src/pki/certificate.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { CLUSTER_ROLES, CONFIG_MAPS, SERVICE_ACCOUNTS } from '../../src/simulator/resource-type.ts';
import { aPodPlan } from '../support/a-world.ts';
import type { NodeMetrics, PodMetrics } from '../support/expected-usage.ts';
import { valueOf } from '../support/metrics-page.ts';
import { Relay } from '../support/relay.ts';
import { hastyClock, RunningServer, TOKEN_FILE } from '../support/running-server.ts';
import { ServerClient } from '../support/server-client.ts';
import { shopWorld } from '../support/shop-world.ts';
import { until } from '../support/wait-for.ts';

const API = '/apis/metrics.k8s.io/v1beta1';
const CONFIG_MAP = 'extension-apiserver-authentication';
const SHUTDOWN_DELAY_MS = 1_000;

interface List<Item> {
  readonly items: readonly Item[];
}

describe('while a server runs', () => {
  let folder: string;
  let cluster: Cluster;
  let relay: Relay;
  let server: RunningServer;
  let admin: ServerClient;
  const servingAuthority = createCertificateAuthority({ commonName: 'ops', nowMs: Date.now() });

  const aServingPair = (): CertificateAndKey =>
    servingAuthority.issue({ commonName: 'metrics-server', usages: ['serverAuth'] });
  const install = async ({ certPem, keyPem }: CertificateAndKey): Promise<void> => {
    for (const [name, content] of [
      ['tls.key', keyPem],
      ['tls.crt', certPem],
    ] as const) {
      await writeFile(join(folder, `${name}.new`), content);
      await rename(join(folder, `${name}.new`), join(folder, name));
    }
  };
  const userOf = (name: string): ServerClient =>
    new ServerClient(server.port, { certificate: cluster.identities.clientCertificate(name) });
  const timeOf = async (): Promise<string> =>
    (await admin.json<NodeMetrics>(`${API}/nodes/node-1`)).timestamp;
  const told = (message: string): number =>
    server.log.lines.filter((line) => line.message === message).length;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serving-'));
    await install(aServingPair());
    const clock = hastyClock(10);
    cluster = await createCluster({ world: shopWorld(clock), clock });
    relay = await Relay.open(Number(new URL(cluster.url).port));
    server = await RunningServer.start(cluster, {
      apiServerPort: relay.port,
      flags: [
        `--tls-cert-file=${join(folder, 'tls.crt')}`,
        `--tls-private-key-file=${join(folder, 'tls.key')}`,
        `--shutdown-delay-duration=${SHUTDOWN_DELAY_MS}ms`,
      ],
      change: (config) => ({
        ...config,
        resolutionMs: 1_000,
        storage: { ...config.storage, resolutionMs: 1_000 },
      }),
    });
    admin = new ServerClient(server.port, {
      certificate: cluster.identities.clientCertificate('admin', ['system:masters']),
    });
    await until(
      () => admin.get('/readyz'),
      ({ status }) => status === 200,
    );
  });
  afterAll(async () => {
    admin[Symbol.dispose]();
    await relay.mend();
    await server[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  describe('the front proxy', () => {
    const next = createCertificateAuthority({ commonName: 'front-proxy-2', nowMs: Date.now() });
    const headers = [['x-remote-user', 'viewer']] as const;
    let before: ServerClient;
    let after: ServerClient;

    const configMap = (changes: Record<string, string>): void => {
      const object = cluster.objects.get(CONFIG_MAPS, 'kube-system', CONFIG_MAP) as unknown as {
        metadata: { name: string };
        data: Record<string, string>;
      };
      const changed = { ...object, data: { ...object.data, ...changes } };
      cluster.objects.put(CONFIG_MAPS, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        ...changed,
      });
    };
    const answers = async (): Promise<number[]> => {
      const both = [await before.get(`${API}/nodes`), await after.get(`${API}/nodes`)];
      return both.map(({ status }) => status);
    };

    beforeAll(() => {
      before = new ServerClient(server.port, {
        certificate: cluster.identities.frontProxy,
        headers,
      });
      after = new ServerClient(server.port, {
        certificate: next.issue({ commonName: 'front-proxy-client', usages: ['clientAuth'] }),
        headers,
      });
    });
    afterAll(() => {
      before[Symbol.dispose]();
      after[Symbol.dispose]();
    });

    test('is the one that the ConfigMap names now, also on connections of before', async () => {
      await expect(answers()).resolves.toEqual([200, 401]);

      configMap({ 'requestheader-client-ca-file': next.certPem });

      await until(answers, ([old, young]) => old === 401 && young === 200);
    });

    test('can be two, while they change', async () => {
      const { certPem } = cluster.identities.frontProxyCa;

      configMap({ 'requestheader-client-ca-file': certPem + next.certPem });

      await until(answers, ([old, young]) => old === 200 && young === 200);
    });

    test('stays when an update makes no sense, and when the ConfigMap is gone', async () => {
      const lines = server.log.lines.length;
      configMap({ 'requestheader-username-headers': 'X-Remote-User', 'client-ca-file': 'none' });
      cluster.objects.delete(CONFIG_MAPS, 'kube-system', CONFIG_MAP);
      await until(
        () => Promise.resolve(told('ConfigMap was deleted, kept what it said')),
        (count) => count > 0,
      );

      await expect(answers()).resolves.toEqual([200, 200]);
      await expect(timeOf()).resolves.toMatch(/Z$/);
      expect(server.log.lines.slice(lines).some(({ level }) => level === 'warn')).toBe(true);
    });
  });

  describe('its serving certificate', () => {
    test('is the one in the files now', async () => {
      const pair = aServingPair();
      const [old, young] = [await shownCertificate(server.port), derOf(pair.certPem)];
      expect(old).not.toBe(young);

      await install(pair);

      await until(
        () => shownCertificate(server.port),
        (shown) => shown === young,
      );
      // A connection of before goes on.
      await expect(admin.get('/readyz')).resolves.toMatchObject({ status: 200 });
    });

    test('stays while the files do not fit each other', async () => {
      const shown = await shownCertificate(server.port);

      await install({ certPem: aServingPair().certPem, keyPem: aServingPair().keyPem });
      await until(
        () => Promise.resolve(told('Kept the last good serving certificate')),
        (count) => count > 0,
      );

      await expect(shownCertificate(server.port)).resolves.toBe(shown);
    });
  });

  describe('its own credentials', () => {
    test('are read again when nobody believes them any more', async () => {
      const page = async (): Promise<string> => (await admin.get('/metrics')).body;
      const before = await timeOf();
      cluster.objects.delete(SERVICE_ACCOUNTS, 'kube-system', 'metrics-server');
      cluster.objects.put(SERVICE_ACCOUNTS, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'metrics-server', namespace: 'kube-system' },
      });
      server.files.set(TOKEN_FILE, cluster.serviceAccountToken('kube-system', 'metrics-server'));

      await until(timeOf, (timestamp) => timestamp > before);

      expect(
        valueOf(await page(), 'metrics_server_kubelet_request_total{success="false"}'),
      ).toBeNaN();
      // Also towards kube-apiserver: a decision that is not cached.
      using viewer = userOf('viewer');
      await expect(viewer.get(`${API}/pods`)).resolves.toMatchObject({ status: 200 });
    });

    test('without nodes/stats read the second source, and never go dark', async () => {
      const role = cluster.objects.get(CLUSTER_ROLES, '', 'system:metrics-server');
      const rules = [
        { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
      ];
      const changed = { apiVersion: '', kind: '', metadata: { name: '' }, ...role, rules };
      const cpuOf = async (): Promise<string> => {
        const { items } = await admin.json<List<PodMetrics>>(`${API}/pods`);
        const cart = items.find(({ metadata }) => metadata.name === 'cart-0');
        return `${cart?.containers[0]?.usage.cpu ?? 'none'} ${cart?.window ?? ''}`;
      };
      const seen = new Set<string>();

      cluster.objects.put(CLUSTER_ROLES, changed);
      // The second source knows milliseconds.
      await until(
        async () => {
          const cpu = await cpuOf();
          seen.add(cpu.split(' ')[0] ?? '');
          return cpu;
        },
        (cpu) => /\.\d+s$/.test(cpu),
        8_000,
      );

      // It tells CPU in seconds as floating point: a nanosecond may be lost in it.
      expect(['250m', '249999999n', '250000001n']).toEqual(expect.arrayContaining([...seen]));
      expect(seen).toContain('250m');
      const warnings = server.log.lines.filter(({ message }) => message.includes('nodes/stats'));
      expect(warnings).toHaveLength(1);
      if (role) cluster.objects.put(CLUSTER_ROLES, role);
    });
  });

  describe('kube-apiserver', () => {
    test('may be away: figures stay, and advance; what changed meanwhile is there afterwards', async () => {
      using viewer = userOf('viewer');
      using stranger = userOf('stranger');
      await expect(viewer.get(`${API}/nodes`)).resolves.toMatchObject({ status: 200 });
      const before = await timeOf();

      await relay.cut();
      cluster.world.addPod(
        aPodPlan({
          name: 'late-0',
          nodeName: 'node-3',
          startMs: Math.floor(cluster.world.clock.nowMs()) - 60_000,
        }),
      );
      cluster.world.removePod('data', 'sleeper');
      await until(timeOf, (timestamp) => timestamp > before);
      const served = await admin.json<List<PodMetrics>>(`${API}/pods`);
      const cached = await viewer.get(`${API}/nodes`);
      const undecided = await stranger.get(`${API}/nodes`);
      const probes = [await admin.get('/readyz'), await admin.get('/livez')];
      await relay.mend();

      expect(served.items.map(({ metadata }) => metadata.name)).toContain('cart-0');
      expect(cached.status).toBe(200);
      expect(undecided).toMatchObject({ status: 500 });
      expect(undecided.body).toMatch(
        /^Internal Server Error: "\/apis\/metrics\.k8s\.io\/v1beta1\/nodes": /,
      );
      expect(undecided.body).not.toMatch(/\n\s+at /);
      expect(probes.map(({ status }) => status)).toEqual([200, 200]);
      await until(
        async () => (await admin.get(`${API}/namespaces/shop/pods/late-0`)).status,
        (status) => status === 200,
        20_000,
      );
      await expect(admin.get(`${API}/namespaces/data/pods/sleeper`)).resolves.toMatchObject({
        status: 404,
      });
      await until(
        async () => (await stranger.get(`${API}/nodes`)).status,
        (status) => status === 403,
        12_000,
      );
    }, 45_000);
  });

  test('SIGTERM: not ready at once, serving for the delay, then what is in flight, then the end', async () => {
    using prober = new ServerClient(server.port);
    // May look, and nobody has decided that yet: the group is new.
    using late = new ServerClient(server.port, {
      certificate: cluster.identities.clientCertificate('viewer', ['late']),
    });
    const stoppedMs = performance.now();
    let hasEnded = false;
    void server.ended.then(() => (hasEnded = true));

    server.stop();
    const ready = await prober.get('/readyz');
    const [live, list] = [await prober.get('/livez'), await admin.get(`${API}/nodes`)];
    const servedUntilMs = performance.now() - stoppedMs;
    // Its list waits for kube-apiserver's word while the listener closes.
    relay.hold();
    const inFlight = late.get(`${API}/nodes`);
    await until(
      () => knock(server.port),
      (isOpen) => !isOpen,
    );
    const closedAfterMs = performance.now() - stoppedMs;
    const hadEnded = hasEnded;
    relay.release();
    const finished = await inFlight;
    await server.ended;

    expect(ready).toMatchObject({ status: 500 });
    expect(ready.body).toContain('[-]shutdown failed: reason withheld\n');
    expect([live.status, list.status]).toEqual([200, 200]);
    expect(servedUntilMs).toBeLessThan(SHUTDOWN_DELAY_MS);
    expect(closedAfterMs).toBeGreaterThanOrEqual(SHUTDOWN_DELAY_MS - 5);
    expect(hadEnded).toBe(false);
    expect(finished.status).toBe(200);
    expect((JSON.parse(finished.body) as List<NodeMetrics>).items).toHaveLength(3);
    expect(finished.headers.connection).toBe('close');
  });
});

/** The certificate that a new connection is shown. */
function shownCertificate(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().raw.toString('base64'));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

function derOf(certPem: string): string {
  const [, body = ''] = /-----BEGIN CERTIFICATE-----([^-]*)/.exec(certPem) ?? [];
  return body.replaceAll(/\s/g, '');
}

/** Whether anybody listens there. */
async function knock(port: number): Promise<boolean> {
  try {
    await shownCertificate(port);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Reset: it was closed between the knock and the door.
    if (['ECONNREFUSED', 'ECONNRESET'].includes(code)) return false;
    throw error;
  }
}
