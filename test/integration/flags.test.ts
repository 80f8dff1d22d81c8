import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { valueOf } from '../support/metrics-page.ts';
import { RunningServer } from '../support/running-server.ts';
import { ServerClient } from '../support/server-client.ts';
import { until } from '../support/wait-for.ts';

// What flags of serving, identity and permission do, asked from outside: typed, read, and felt by a client.

const API = '/apis/metrics.k8s.io/v1beta1';

let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  cluster = await createCluster({ nodes: 1, pods: 2 });
  folder = await mkdtemp(join(tmpdir(), 'flags-'));
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function start(...flags: string[]): Promise<RunningServer> {
  return RunningServer.start(cluster, { flags });
}

function clientOf(server: RunningServer, name: string, groups: string[] = []): ServerClient {
  return new ServerClient(server.port, {
    certificate: cluster.identities.clientCertificate(name, groups),
  });
}

/** The TLS version that is spoken with a client that speaks none above `maxVersion`. */
async function spoken(port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, maxVersion, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getProtocol() ?? '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  } finally {
    socket.destroy();
  }
}

describe('the address that discovery tells', () => {
  test.each([
    { flags: ['--external-hostname=metrics.test'], host: 'metrics.test' },
    { flags: ['--advertise-address=192.0.2.7'], host: '192.0.2.7' },
    { flags: ['--advertise-address=192.0.2.7', '--external-hostname=a.test'], host: 'a.test' },
    { flags: [], host: '' },
  ])('is $host with $flags', async ({ flags, host }) => {
    await using server = await start(...flags);
    using admin = clientOf(server, 'admin', ['system:masters']);

    const { status, body } = await until(
      () => admin.get('/apis', { headers: [['Accept', 'application/json']] }),
      (answer) => answer.status === 200,
    );

    expect(status).toBe(200);
    expect(body).toContain(`"serverAddress":"${host}:`);
  });
});

describe('what browsers are told', () => {
  test('is what the flags allow', async () => {
    await using server = await start(
      '--strict-transport-security-directives=max-age=31536000,includeSubDomains',
      '--cors-allowed-origins=^https://(?P<app>app|lens)\\.test(:|$)',
    );
    using client = new ServerClient(server.port);
    const ask = (origin: string) => client.get('/livez', { headers: [['Origin', origin]] });

    const [app, other] = [await ask('https://lens.test:8443'), await ask('https://evil.test')];

    expect(app.headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'access-control-allow-origin': 'https://lens.test:8443',
    });
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('the oldest TLS version', () => {
  test.each([
    { flags: [], older: 'TLSv1.2' },
    { flags: ['--tls-min-version=VersionTLS13'], older: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' },
  ])('with $flags: a client of TLS 1.2 gets $older', async ({ flags, older }) => {
    await using server = await start(...flags);

    expect(await spoken(server.port, 'TLSv1.3')).toBe('TLSv1.3');
    expect(await spoken(server.port, 'TLSv1.2')).toBe(older);
  });
});

describe('paths that everybody may get', () => {
  test('are those of the flag, and no others', async () => {
    await using server = await start('--authorization-always-allow-paths=/metrics,/livez*');
    using nobody = clientOf(server, 'nobody');
    const statusOf = async (path: string): Promise<number> => (await nobody.get(path)).status;
    await until(
      () => statusOf('/metrics'),
      (status) => status === 200,
    );

    expect([await statusOf('/metrics'), await statusOf('/livez/ping')]).toEqual([200, 200]);
    expect([await statusOf('/version'), await statusOf(`${API}/nodes`)]).toEqual([200, 403]);
  });
});

describe('how often kube-apiserver is asked about three equal requests', () => {
  const SUBJECT = 'apiserver_delegated_authz_request_total{code="201"}';
  const TOKEN = 'apiserver_delegated_authn_request_total{code="201"}';

  test.each([
    { flag: '', series: SUBJECT, path: '/version', reviews: 1 },
    { flag: '--authorization-webhook-cache-authorized-ttl=0s', path: '/version', reviews: 3 },
    { flag: '--authorization-webhook-cache-unauthorized-ttl=0s', path: '/version', reviews: 1 },
    { flag: '', path: `${API}/nodes`, reviews: 1 },
    { flag: '--authorization-webhook-cache-authorized-ttl=0s', path: `${API}/nodes`, reviews: 1 },
    { flag: '--authorization-webhook-cache-unauthorized-ttl=0s', path: `${API}/nodes`, reviews: 3 },
    { flag: '', series: TOKEN, path: '/livez', reviews: 1 },
    {
      flag: '--authentication-token-webhook-cache-ttl=0s',
      series: TOKEN,
      path: '/livez',
      reviews: 3,
    },
  ])('is $reviews with "$flag" for $path', async ({ flag, series = SUBJECT, path, reviews }) => {
    cluster.identities.addToken('a-token', {
      name: 'nobody',
      uid: '',
      groups: ['system:authenticated'],
      extra: new Map(),
    });
    await using server = await start(...(flag === '' ? [] : [flag]));
    using admin = clientOf(server, 'admin', ['system:masters']);
    using nobody =
      series === TOKEN
        ? new ServerClient(server.port, { headers: [['Authorization', 'Bearer a-token']] })
        : clientOf(server, 'nobody');
    await until(
      () => admin.get(`${API}/nodes`),
      ({ status }) => status === 200, // by now clients' certificates are believed
    );
    const asked = async (): Promise<number> =>
      valueOf((await admin.get('/metrics')).body, series) || 0; // not there before the first
    const before = await asked();

    const statuses = new Set<number>();
    for (let request = 0; request < 3; request++) statuses.add((await nobody.get(path)).status);

    expect([...statuses]).toEqual([path.startsWith(API) ? 403 : 200]);
    expect((await asked()) - before).toBe(reviews);
  });
});

describe('how long a request may take', () => {
  test('is bounded by --request-timeout', async () => {
    await using server = await start('--request-timeout=0');
    using client = new ServerClient(server.port);

    await expect(client.get('/livez')).resolves.toMatchObject({ status: 504 });
  });
});

describe('who is believed', () => {
  test('is told by the flags alone with --authentication-skip-lookup', async () => {
    const [users, proxies] = [join(folder, 'users.crt'), join(folder, 'proxies.crt')];
    await writeFile(users, cluster.authorities.client);
    await writeFile(proxies, cluster.authorities.frontProxy);
    await using server = await start(
      '--authentication-skip-lookup',
      `--client-ca-file=${users}`,
      `--requestheader-client-ca-file=${proxies}`,
      ...['--requestheader-username-headers=X-Who', '--requestheader-group-headers=X-Of'],
      '--requestheader-allowed-names=front-proxy-client',
    );
    using admin = clientOf(server, 'admin', ['system:masters']);
    const asProxy = (...headers: [string, string][]): ServerClient =>
      new ServerClient(server.port, { certificate: cluster.identities.frontProxy, headers });
    using proxy = asProxy(['X-Who', 'root'], ['X-Of', 'system:masters']);
    using usual = asProxy(['X-Remote-User', 'root'], ['X-Remote-Group', 'system:masters']);

    expect((await admin.get(`${API}/nodes`)).status).toBe(200);
    expect((await proxy.get(`${API}/nodes`)).status).toBe(200);
    expect((await usual.get(`${API}/nodes`)).status).not.toBe(200);
    expect((await admin.get('/readyz?verbose')).body).not.toContain('[-]authentication-config');
  });

  test('is nobody where the lookup is skipped and no file is named', async () => {
    await using server = await start('--authentication-skip-lookup');
    using admin = clientOf(server, 'admin', ['system:masters']);

    expect((await admin.get(`${API}/nodes`)).status).not.toBe(200);
  });
});

describe('flags that are accepted and do nothing', () => {
  test('are told in the log, each with its reason', async () => {
    await using server = await start('--goaway-chance=0.01', '--profiling', '--kubelet-port=0');

    const told = server.log.lines.filter(({ message }) => message.startsWith('--'));

    expect(told.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^--goaway-chance has no effect: /),
      expect.stringMatching(/^--profiling has no effect: /),
      expect.stringMatching(/^--kubelet-port=0 is no port: /),
    ]);
  });
});
