import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { RemoteApi } from '../../../src/simulator/remote-api.ts';
import { ClusterKubectl } from '../ask-cluster.ts';
import { eventually } from '../eventually.ts';
import { HttpsClient } from '../https-client.ts';
import { MetricsServer } from '../metrics-server.ts';
import { NODE_NAME, RealCluster } from '../real-node/cluster.ts';
import { KUBELET_PORT } from '../real-node/kubelet.ts';
import { API_SERVICE, MANIFESTS, serviceOutside } from '../scene.ts';
import { LOADS, OTHER_LOADS, STATIC_POD, expectedContainers, loads, staticLoad } from './loads.ts';

const ACCOUNT_WITHIN_MS = 30_000;
const RUNNING_WITHIN_MS = 90_000;
const AVAILABLE_WITHIN_MS = 30_000;
const TOKEN_SECONDS = 3_600;

interface SceneSpec {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** The program to be judged; ours unless told. */
  readonly program: string | undefined;
}

/** Pods with known loads on a real node, and metrics servers beside the cluster. To be closed. */
export class KubeletScene implements AsyncDisposable {
  readonly spec: SceneSpec;
  readonly cluster: RealCluster;
  readonly api: RemoteApi;
  private readonly house: AsyncDisposableStack;

  private constructor(spec: SceneSpec, cluster: RealCluster, house: AsyncDisposableStack) {
    this.spec = spec;
    this.cluster = cluster;
    const { plane } = cluster;
    const { certPem: caPem } = plane.authorities.cluster;
    this.api = house.use(new RemoteApi({ server: plane.url, caPem, identity: plane.admin }));
    this.house = house;
  }

  /** Resolves when all pods do what they are meant to do. */
  static async start(spec: SceneSpec): Promise<KubeletScene> {
    await using house = new AsyncDisposableStack();
    const cluster = house.use(await RealCluster.start({ ...spec, env: process.env }));
    const scene = new KubeletScene(spec, cluster, house.move());
    try {
      await scene.furnish();
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
    return scene;
  }

  /** Starts a metrics server beside the cluster, as the account `metrics-server` unless told. To be closed. */
  async startServer(
    name: string,
    flags: readonly string[],
    account = 'metrics-server',
  ): Promise<MetricsServer> {
    const { folder, program } = this.spec;
    const { plane } = this.cluster;
    const { certPem: caPem } = plane.authorities.cluster;
    return MetricsServer.start({
      folder: join(folder, name),
      cluster: { server: plane.url, caPem },
      token: await this.token('kube-system', account),
      // one authority signed the kubelet, too
      kubeletCaPem: caPem,
      ...(program !== undefined && { program }),
      flags,
    });
  }

  /** A token as a pod gets one, by TokenRequest. */
  async token(space: string, account: string): Promise<string> {
    const path = `/api/v1/namespaces/${space}/serviceaccounts/${account}/token`;
    const answer = await this.api.post(path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: TOKEN_SECONDS },
    });
    return textAt(answer, 'status', 'token');
  }

  /** Asks the kubelet, as an administrator unless a token is given. To be closed. */
  kubelet(token?: string): HttpsClient {
    const { plane, namespace } = this.cluster;
    return new HttpsClient({
      host: namespace.address,
      port: KUBELET_PORT,
      caPem: plane.authorities.cluster.certPem,
      identity: token === undefined ? plane.admin : { token },
    });
  }

  /** Asks a metrics server directly, as an administrator. To be closed. */
  ask({ port }: MetricsServer): HttpsClient {
    return new HttpsClient({ host: '127.0.0.1', port, identity: this.cluster.plane.admin });
  }

  /** kubectl that takes a metrics server for the whole cluster. To be closed. */
  async kubectlAt({ port }: MetricsServer, name: string): Promise<ClusterKubectl> {
    const { folder } = this.spec;
    const { certPem, keyPem } = this.cluster.plane.admin;
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const user = {
      'client-certificate-data': base64(certPem),
      'client-key-data': base64(keyPem),
    };
    const cluster = { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
    const file = join(folder, `${name}.kubeconfig`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      users: [{ name, user }],
    };
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return ClusterKubectl.create(file, this.cluster.plane.programs.kubectl);
  }

  /** Lets the aggregator ask this one. */
  async register({ port }: MetricsServer): Promise<void> {
    const { kubectl } = this.cluster;
    await kubectl.apply(serviceOutside('localhost'));
    await kubectl.run('apply', '-f', join(MANIFESTS, 'apiservice.yaml'));
    const service = { name: 'metrics-server', namespace: 'kube-system', port };
    const spec = { service, caBundle: null, insecureSkipTLSVerify: true };
    await kubectl.run(
      ...['patch', 'apiservice', API_SERVICE, '--type=merge', '-p', JSON.stringify({ spec })],
    );
    await kubectl.run(
      ...['wait', '--for=condition=Available', `apiservice/${API_SERVICE}`],
      `--timeout=${AVAILABLE_WITHIN_MS / 1000}s`,
    );
  }

  /** When each container of a pod that runs began, ms since the epoch. */
  async starts(space: string, pod: string): Promise<readonly number[]> {
    const object = await this.cluster.kubectl.json('get', 'pod', pod, '-n', space);
    return runningSince(object);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house.disposeAsync();
  }

  private async furnish(): Promise<void> {
    const { kubectl, node } = this.cluster;
    const startedMs = performance.now();
    await kubectl.run('apply', '-f', join(MANIFESTS, 'rbac.yaml'));
    const [first, second, ...others] = loads();
    await kubectl.apply(first ?? {}, second ?? {});
    // Controllers give every namespace its default account, without which no pod is let in.
    for (const space of [LOADS, OTHER_LOADS]) {
      await eventually(ACCOUNT_WITHIN_MS, () =>
        kubectl.run('get', 'serviceaccount', 'default', '-n', space),
      );
    }
    await kubectl.apply(...others);
    await node.addStaticPod(STATIC_POD, staticLoad());
    await eventually(RUNNING_WITHIN_MS, () => this.whenSettled());
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    this.spec.say(`Pods: all run after ${seconds} s`);
  }

  /** Rejects unless every pod is as it has to be for the rest of the run. */
  private async whenSettled(): Promise<void> {
    const pods = listAt(await this.cluster.kubectl.json('get', 'pods', '-A'), 'items');
    const byKey = new Map(
      pods.map((pod) => [
        `${textAt(pod, 'metadata', 'namespace')}/${textAt(pod, 'metadata', 'name')}`,
        pod,
      ]),
    );
    for (const [key, names] of expectedContainers(NODE_NAME)) {
      const running = runningSince(byKey.get(key)).length;
      if (running < names.length) throw new Error(`${running} containers of ${key} run`);
    }
    const reason = listAt(byKey.get(`${LOADS}/never`), 'status', 'containerStatuses')
      .map((status) => textAt(status, 'state', 'waiting', 'reason'))
      .join();
    if (reason !== 'ErrImageNeverPull') throw new Error(`the pod that never starts: "${reason}"`);
    const job = await this.cluster.kubectl.json('get', 'job', 'done', '-n', LOADS);
    if (textAt(job, 'status', 'succeeded') !== '1') throw new Error('the Job is not done');
  }
}

/** Of each container that runs, sidecars too. */
function runningSince(pod: unknown): number[] {
  return ['containerStatuses', 'initContainerStatuses'].flatMap((kind) =>
    listAt(pod, 'status', kind).flatMap((status) => {
      const since = Date.parse(textAt(valueAt(status, 'state'), 'running', 'startedAt'));
      return Number.isNaN(since) ? [] : [since];
    }),
  );
}
