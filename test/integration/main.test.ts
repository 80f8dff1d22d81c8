import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { Kubectl } from '../support/kubectl.ts';
import { shopWorld } from '../support/shop-world.ts';
import { waitFor } from '../support/wait-for.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const API = '/apis/metrics.k8s.io/v1beta1';

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The program, until it ends by itself. */
async function runMain(flags: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...flags], {
      env: { PATH: process.env['PATH'], ...env },
      timeout: 10_000,
    });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const {
      code,
      stdout = '',
      stderr = '',
    } = error as {
      code?: unknown;
      stdout?: string;
      stderr?: string;
    };
    if (typeof code !== 'number') throw error;
    return { code, out: stdout, err: stderr };
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const STACK_TRACE = /\n\s+at |node:internal/;

describe('the program, asked for what needs no cluster', () => {
  test('--version prints the version', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };

    await expect(runMain(['--version'])).resolves.toEqual({
      code: 0,
      out: `v${version}\n`,
      err: '',
    });
  });

  test('--help prints every flag', async () => {
    const { code, out, err } = await runMain(['--help']);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^Launch metrics-server\n\nUsage:\n {3}\[flags]\n\nMetrics server flags:\n/,
    );
    expect(out).toMatch(/^ +--kubelet-insecure-tls$/m);
  });

  test('all mistakes of a command line are told at once, with exit 2', async () => {
    const { code, out, err } = await runMain([
      '--metric-resolutoin=15s',
      '--metric-resolution=5s',
      '--secure-port=nope',
      '--kubelet-insecure-tls=maybe',
    ]);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(
      /^Error: unknown flag: --metric-resolutoin\nDid you mean --metric-resolution\?\nError: /,
    );
    expect(err).toMatch(/^Error: .*secure-port/m);
    expect(err).toMatch(/^Error: .*kubelet-insecure-tls/m);
    expect(err).toMatch(/\nRun with --help for all flags\.\n$/);
    expect(err.match(/^Error: /gm)?.length).toBeGreaterThanOrEqual(3);
    expect(err).not.toMatch(STACK_TRACE);
  });

  test('a cluster that nobody named is told in upstream’s words, with exit 2', async () => {
    const { code, err } = await runMain([]);

    expect(code).toBe(2);
    expect(err).toBe(
      'Error: unable to construct lister client config: unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined\nOutside of a cluster, give --kubeconfig\n',
    );
  });

  test('a kubeconfig that is not there is named, with exit 2', async () => {
    const { code, err } = await runMain(['--kubeconfig=/nowhere/kubeconfig']);

    expect(code).toBe(2);
    expect(err).toBe(
      'Error: unable to construct lister client config: stat /nowhere/kubeconfig: no such file or directory\n',
    );
  });
});

describe('the program on a cluster', () => {
  let folder: string;
  let cluster: Cluster;
  let kubectl: Kubectl;
  let port: number;
  let child: ChildProcess;
  let said = '';
  let flags: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'main-'));
    cluster = await createCluster({ world: shopWorld(systemClock) });
    kubectl = await Kubectl.create(cluster.kubeconfig('admin', 'viewer', 'nobody'));
    port = await freePort();
    const [kubeconfig, kubeletCa] = [join(folder, 'kubeconfig'), join(folder, 'kubelet-ca.crt')];
    await writeFile(kubeconfig, cluster.kubeconfig('metrics-server'));
    await writeFile(kubeletCa, cluster.authorities.kubelet);
    flags = [
      `--kubeconfig=${kubeconfig}`,
      `--kubelet-certificate-authority=${kubeletCa}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-use-node-status-port',
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${join(folder, 'certificates')}`,
    ];
    child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await waitFor(() => said.includes('Serving securely'));
    cluster.registerMetricsServer('127.0.0.1', port, { probesReadiness: true });
    await cluster.whenMetricsAvailable(AbortSignal.timeout(20_000));
  });
  afterAll(async () => {
    child.kill('SIGKILL');
    await kubectl[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('says in one line that it serves, and where', () => {
    const lines = said.split('\n').filter((line) => line.includes('Serving securely'));

    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(`^I\\d{4} .*\\] "Serving securely" .*address="127\\.0\\.0\\.1" port=${port}\\b`),
      ),
    ]);
  });

  const podLine = (...cells: string[]): unknown =>
    expect.stringMatching(new RegExp(`^${cells.join(' +')} *$`));
  const CART = podLine('cart-0', '250m', '64Mi');
  const WEB = [podLine('web-0', '112m', '152Mi'), podLine('web-1', '101m', '145Mi')];

  test('kubectl top nodes', async () => {
    await expect(kubectl.lines('top', 'nodes')).resolves.toEqual([
      expect.stringMatching(/^NAME +CPU\(cores\)/),
      ...[1, 2, 3].map((at) => podLine(`node-${at}`, '\\d+m', '\\d+%', '\\d+Mi', '\\d+%')),
    ]);
  });

  test('kubectl top node NAME', async () => {
    await expect(kubectl.lines('top', 'node', 'node-2', '--no-headers')).resolves.toEqual([
      podLine('node-2', '\\d+m', '\\d+%', '\\d+Mi', '\\d+%'),
    ]);
  });

  test('kubectl top pods -A', async () => {
    const lines = await kubectl.lines('top', 'pods', '-A', '--no-headers');

    expect(lines).toEqual(
      expect.arrayContaining([
        podLine('kube-system', 'etcd-node-1', '55m', '140Mi'),
        podLine('shop', 'cart-0', '250m', '64Mi'),
        podLine('data', 'orders-0', '\\d+m', '5\\d\\dMi|data +orders-0 +\\d+m +6\\d\\dMi'),
      ]),
    );
    expect(lines.join('\n')).not.toContain('waiting');
  });

  test('kubectl top pods of a namespace', async () => {
    await expect(kubectl.lines('top', 'pods', '-n', 'shop', '--no-headers')).resolves.toEqual([
      CART,
      ...WEB,
    ]);
  });

  test('kubectl top pods --containers', async () => {
    const lines = await kubectl.lines('top', 'pods', '-n', 'shop', '--containers', '--no-headers');

    expect(lines).toEqual([
      podLine('cart-0', 'main', '250m', '64Mi'),
      podLine('web-0', 'proxy', '12m', '24Mi'),
      podLine('web-0', 'web', '100m', '128Mi'),
      podLine('web-1', 'proxy', '11m', '25Mi'),
      podLine('web-1', 'web', '90m', '120Mi'),
    ]);
  });

  test.each([
    ['-l', 'app=web'],
    ['-l', 'tier in (front,database),app!=orders'],
    ['--field-selector', 'metadata.namespace=shop,metadata.name!=cart-0'],
  ])('kubectl top pods %s %s', async (flag, selector) => {
    const lines = await kubectl.lines('top', 'pods', '-n', 'shop', flag, selector, '--no-headers');

    expect(lines).toEqual(WEB);
  });

  test('kubectl top pods --sort-by=cpu, and by memory', async () => {
    const shop = ['top', 'pods', '-n', 'shop', '--no-headers'];

    await expect(kubectl.lines(...shop, '--sort-by=cpu')).resolves.toEqual([CART, ...WEB]);
    await expect(kubectl.lines(...shop, '--sort-by=memory')).resolves.toEqual([...WEB, CART]);
  });

  test('kubectl top pods --sum', async () => {
    const lines = await kubectl.lines('top', 'pods', '-n', 'shop', '--sum', '--no-headers');

    expect(lines.at(-1)).toMatch(/^ +463m +361Mi *$/);
  });

  test('kubectl top pod NAME', async () => {
    await expect(
      kubectl.lines('top', 'pod', '-n', 'shop', 'cart-0', '--no-headers'),
    ).resolves.toEqual([CART]);
    await expect(kubectl.run('top', 'pod', '-n', 'shop', 'waiting')).resolves.toMatchObject({
      code: 1,
      err: 'Error from server (NotFound): pods "waiting" not found\n',
    });
  });

  test.each([
    [`${API}/nodes`, 'NodeMetricsList'],
    [`${API}/pods`, 'PodMetricsList'],
    [`${API}/namespaces/shop/pods/cart-0`, 'PodMetrics'],
  ])('kubectl get --raw %s', async (path, kind) => {
    const { code, out } = await kubectl.run('get', '--raw', path);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ kind, apiVersion: 'metrics.k8s.io/v1beta1' });
  });

  test('kubectl get nodemetrics and podmetrics', async () => {
    const nodes = await kubectl.lines('get', 'nodemetrics');
    const pods = await kubectl.lines('get', 'podmetrics', '-A');

    expect(nodes).toEqual([
      podLine('NAME', 'CPU', 'MEMORY', 'WINDOW'),
      ...[1, 2, 3].map((at) => podLine(`node-${at}`, '\\S+', '\\S+', '(\\d+m)?\\d+s')),
    ]);
    expect(pods).toEqual(
      expect.arrayContaining([
        podLine('NAMESPACE', 'NAME', 'CPU', 'MEMORY', 'WINDOW'),
        podLine('shop', 'web-0', '112m', '152Mi', '\\d+s'),
      ]),
    );
  });

  test('kubectl api-resources and get apiservice', async () => {
    await expect(
      kubectl.lines('api-resources', '--api-group=metrics.k8s.io', '--no-headers'),
    ).resolves.toEqual([
      podLine('nodes', 'metrics.k8s.io/v1beta1', 'false', 'NodeMetrics'),
      podLine('pods', 'metrics.k8s.io/v1beta1', 'true', 'PodMetrics'),
    ]);
    await expect(
      kubectl.lines('get', 'apiservice', 'v1beta1.metrics.k8s.io', '--no-headers'),
    ).resolves.toEqual([
      podLine('v1beta1.metrics.k8s.io', 'kube-system/metrics-server', 'True', '\\S+'),
    ]);
  });

  test('kubectl top as a user with the right to look, and as one without any', async () => {
    const asked = ['top', 'pods', '-n', 'shop', '--no-headers'];

    await expect(kubectl.lines('--context=viewer', ...asked)).resolves.toEqual([CART, ...WEB]);
    await expect(kubectl.run('--context=nobody', ...asked)).resolves.toMatchObject({
      code: 1,
      err: 'Error from server (Forbidden): pods.metrics.k8s.io is forbidden: User "nobody" cannot list resource "pods" in API group "metrics.k8s.io" in the namespace "shop"\n',
    });
  });

  test('a second one on the same port says so, with exit 2', async () => {
    const { code, err } = await runMain(flags);

    expect(code).toBe(2);
    expect(err).toContain(
      `Error: failed to create listener: failed to listen on 127.0.0.1:${port}: listen tcp 127.0.0.1:${port}: bind: address already in use`,
    );
  });

  test('SIGTERM ends it with exit 0', async () => {
    const exited = once(child, 'exit');

    child.kill('SIGTERM');

    await expect(exited).resolves.toEqual([0, null]);
    expect(said).not.toMatch(/^E\d{4}/m);
    expect(said).not.toMatch(STACK_TRACE);
    await waitFor(() => cluster.metricsAvailability()?.status === 'False');
  });
});
