import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Logger, createLogger } from '../../src/log.ts';
import { type JoinedCluster, joinCluster } from '../../src/simulator/joined-cluster.ts';
import { kubeconfigText } from '../../src/simulator/kubeconfig.ts';
import { listAt, textAt } from '../../src/simulator/kube-object.ts';
import type { RemoteCluster } from '../../src/simulator/remote-api.ts';
import { ClusterKubectl } from './ask-cluster.ts';
import { eventually } from './eventually.ts';
import { MetricsServer } from './metrics-server.ts';
import type { Command } from '../support/kubectl.ts';
import type { Plane } from './plane.ts';
import type { Python } from './python.ts';
import { type PodSpec, namespace, pod } from './workloads.ts';

export const API_SERVICE = 'v1beta1.metrics.k8s.io';
export const MANIFESTS = fileURLToPath(new URL('../../manifests/base', import.meta.url));
/** The namespace with the pods that stay as they are. */
export const FIGURES = 'e2e-figures';
/** May read FIGURES by the role `view`, and nothing else. */
export const VIEWER = 'viewer';
/** May do nothing. */
export const NOBODY = 'nobody';

const NODES = 3;
const TOKEN_SECONDS = 600; // the least that TokenRequest grants
const AVAILABLE_WITHIN_MS = 30_000;
/** An idle container has to be looked at twice, which its kubelet does every 15 to 29 s. */
const EXACT_WITHIN_MS = 60_000;
const RUNNING_WITHIN_MS = 60_000;

export interface SceneSpec {
  readonly cluster: RemoteCluster;
  /** Path of a kubeconfig of somebody who may do everything. */
  readonly kubeconfig: string;
  /** Undefined in a cluster of the user's. */
  readonly plane: Plane | undefined;
  readonly controllers: boolean;
  /** Go clients; undefined without Go. */
  readonly clients: string | undefined;
  /** The kubectl that came with the control plane; undefined where there is none. */
  readonly planeKubectl: Command | undefined;
  /** Undefined where there is none, or none with venv and pip. */
  readonly python: Python | undefined;
  /** Where the cluster's API server reaches this machine. */
  readonly host: string;
  readonly folder: string;
  /** The program to be judged; ours unless told. */
  readonly program: string | undefined;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** Pods with loads that never change, so that every figure is known. */
const FIXED_PODS: readonly Omit<PodSpec, 'namespace'>[] = [
  { name: 'steady-1', labels: { app: 'steady' }, loads: { app: 'cpu=250m memory=64Mi' } },
  { name: 'steady-2', labels: { app: 'steady' }, loads: { app: 'cpu=250m memory=64Mi' } },
  {
    name: 'pair',
    labels: { app: 'pair' },
    loads: { app: 'cpu=100m memory=32Mi', side: 'cpu=20m memory=16Mi' },
  },
  { name: 'idle', labels: { app: 'idle' }, loads: { app: 'memory=8Mi' } },
];

const usage = (name: string, cpu: string, memory: string): object => ({
  name,
  usage: { cpu, memory },
});
/** What they use, in the order of a list. */
const FIXED_USAGE = [
  usage('app', '0', '8Mi'),
  usage('app', '100m', '32Mi'),
  usage('side', '20m', '16Mi'),
  usage('app', '250m', '64Mi'),
  usage('app', '250m', '64Mi'),
];

/**
 * What all parts play in: nodes and pods with known loads, and a metrics server behind the aggregator with the
 * rights of manifests/base and no others.
 */
export class Scene implements AsyncDisposable {
  readonly spec: SceneSpec;
  readonly kubectl: ClusterKubectl;
  readonly nodes: JoinedCluster;
  private readonly house: AsyncDisposableStack;
  private readonly log: Logger;
  private current: MetricsServer | undefined;

  private constructor(
    spec: SceneSpec,
    parts: { kubectl: ClusterKubectl; nodes: JoinedCluster; log: Logger },
    house: AsyncDisposableStack,
  ) {
    this.spec = spec;
    this.kubectl = parts.kubectl;
    this.nodes = parts.nodes;
    this.log = parts.log;
    this.house = house;
  }

  static async create(spec: SceneSpec): Promise<Scene> {
    await using house = new AsyncDisposableStack();
    const kubectl = house.use(await ClusterKubectl.create(spec.kubeconfig));
    if ((await kubectl.ask(['get', 'apiservice', API_SERVICE])).code === 0) {
      throw new Error(
        `The cluster of E2E_KUBECONFIG has a metrics server already, which these tests would take the place of: delete its APIService ${API_SERVICE} first`,
      );
    }
    const log = createLogger({ format: 'text', verbosity: 0 }, (line) => {
      appendFileSync(join(spec.folder, 'simulator.log'), line);
    });
    const nodes = house.use(
      await joinCluster({
        cluster: spec.cluster,
        ...(spec.plane && { clientCa: spec.plane.authorities.cluster }),
        nodes: NODES,
        // rights are taken away and given back in these tests
        rememberAccessMs: 1_000,
        log,
      }),
    );
    const scene = new Scene(spec, { kubectl, nodes, log }, house.move());
    try {
      await scene.furnish(spec.signal);
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
    return scene;
  }

  /** The metrics server that answers behind the aggregator. */
  get server(): MetricsServer {
    if (!this.current) throw new Error('There is no metrics server at the moment');
    return this.current;
  }

  /**
   * Starts a metrics server, apart from the one behind the aggregator, with its rights unless told. Its token is
   * renewed, one that is given is not. To be closed.
   */
  async startServer(
    name: string,
    flags: readonly string[] = [],
    token?: string,
  ): Promise<MetricsServer> {
    const { folder, cluster, program } = this.spec;
    const newToken = () => this.token('kube-system', 'metrics-server');
    const failed = (error: unknown): void => {
      this.log.warn({ err: error }, `The token of metrics server "${name}" could not be renewed`);
    };
    return MetricsServer.start({
      folder: join(folder, name),
      cluster,
      token: token ?? (await newToken()),
      ...(token === undefined && { renewal: { newToken, failed } }),
      kubeletCaPem: this.nodes.kubeletCaPem,
      ...(program !== undefined && { program }),
      flags,
    });
  }

  /** Lets the aggregator ask this one from now on. */
  async register(
    { port }: MetricsServer,
    trust: object = { insecureSkipTLSVerify: true },
  ): Promise<void> {
    const service = { name: 'metrics-server', namespace: 'kube-system', port };
    const spec = { service, caBundle: null, insecureSkipTLSVerify: null, ...trust };
    await this.kubectl.run(
      ...['patch', 'apiservice', API_SERVICE, '--type=merge', '-p', JSON.stringify({ spec })],
    );
  }

  /** What the APIService says of itself. */
  async condition(): Promise<{ status: string; reason: string; message: string }> {
    const object = await this.kubectl.json('get', 'apiservice', API_SERVICE);
    const [condition] = listAt(object, 'status', 'conditions');
    return {
      status: textAt(condition, 'status'),
      reason: textAt(condition, 'reason'),
      message: textAt(condition, 'message'),
    };
  }

  whenAvailable(): Promise<void> {
    const attempt = async (): Promise<void> => {
      await this.current?.throwIfEnded();
      const { status, reason, message } = await this.condition();
      if (status !== 'True')
        throw new Error(`the APIService is not available: ${reason}: ${message}`);
    };
    return eventually(AVAILABLE_WITHIN_MS, attempt, this.spec.signal);
  }

  /**
   * Resolves when the fixed pods are served with exactly what they use: not the first figures, for which a young
   * container's start counts, of which only the second is known.
   */
  whenExact(): Promise<void> {
    return eventually(EXACT_WITHIN_MS, async () => {
      const list = await this.raw(`/namespaces/${FIGURES}/pods`);
      // An other server may list the containers of a pod in any order.
      const containers = listAt(list, 'items').flatMap((item) =>
        listAt(item, 'containers').toSorted((one, other) =>
          textAt(one, 'name') < textAt(other, 'name') ? -1 : 1,
        ),
      );
      assert.deepEqual(containers, FIXED_USAGE);
    });
  }

  /** A token as a pod gets one, by TokenRequest; bound to an object where that is given. */
  async token(space: string, account: string, boundObjectRef?: object): Promise<string> {
    const answer = await this.nodes.api.post(
      `/api/v1/namespaces/${space}/serviceaccounts/${account}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: TOKEN_SECONDS, ...(boundObjectRef && { boundObjectRef }) },
      },
    );
    return textAt(answer, 'status', 'token');
  }

  /** kubectl as a service account of FIGURES (VIEWER or NOBODY). To be closed. */
  async kubectlAs(account: string): Promise<ClusterKubectl> {
    const { cluster, folder } = this.spec;
    const file = join(folder, `${account}.kubeconfig`);
    const token = await this.token(FIGURES, account);
    const text = kubeconfigText(cluster.server, cluster.caPem, [{ name: account, token }]);
    await writeFile(file, text, { mode: 0o600 });
    return ClusterKubectl.create(file);
  }

  /** Controllers give every namespace its default account, without which no pod is let in. */
  async whenAccountsExist(space: string): Promise<void> {
    if (!this.spec.controllers) return;
    const attempt = () => this.kubectl.run('get', 'serviceaccount', 'default', '-n', space);
    await eventually(RUNNING_WITHIN_MS, attempt, this.spec.signal);
  }

  /** Creates pods and waits until they run. */
  async runPods(specs: readonly PodSpec[]): Promise<void> {
    const names = this.nodes.world.nodes().map(({ name }) => name);
    await this.kubectl.apply(
      ...specs.map((spec, at) =>
        pod({ ...spec, nodeName: this.spec.controllers ? undefined : names[at % names.length] }),
      ),
    );
    const attempt = async (): Promise<void> => {
      for (const { name, namespace: space } of specs) {
        const phase = await this.kubectl.run(
          ...['get', 'pod', name, '-n', space, '-o', 'jsonpath={.status.phase}'],
        );
        if (phase !== 'Running') throw new Error(`pod ${space}/${name} is ${phase}`);
      }
    };
    await eventually(RUNNING_WITHIN_MS, attempt, this.spec.signal);
  }

  /** Metrics of one kind through the aggregator. */
  async raw(path: string): Promise<unknown> {
    return JSON.parse(
      await this.kubectl.run('get', '--raw', `/apis/metrics.k8s.io/v1beta1${path}`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house.disposeAsync();
  }

  private async furnish(signal: AbortSignal): Promise<void> {
    const { kubectl, house } = this;
    // Only a cluster that goes on living is tidied up.
    const tidy = async (...words: readonly string[]): Promise<void> => {
      if (!this.spec.plane) await kubectl.ask(['delete', '--ignore-not-found', ...words]);
    };
    house.defer(() => tidy('namespace', FIGURES));
    await kubectl.apply(namespace(FIGURES), ...accounts());
    house.defer(() => tidy('-f', join(MANIFESTS, 'rbac.yaml')));
    await kubectl.run('apply', '-f', join(MANIFESTS, 'rbac.yaml'));
    house.defer(() => tidy('service', 'metrics-server', '-n', 'kube-system'));
    await kubectl.apply(serviceOutside(this.spec.host));
    await this.whenAccountsExist(FIGURES);
    signal.throwIfAborted();
    await this.runPods(FIXED_PODS.map((spec) => ({ ...spec, namespace: FIGURES })));
    signal.throwIfAborted();
    this.current = house.use(await this.startServer('metrics-server'));
    house.defer(() => tidy('-f', join(MANIFESTS, 'apiservice.yaml')));
    await kubectl.run('apply', '-f', join(MANIFESTS, 'apiservice.yaml'));
    await this.register(this.current);
    await this.whenAvailable();
  }
}

function accounts(): object[] {
  const metadata = (name: string): object => ({ name, namespace: FIGURES });
  return [
    ...[VIEWER, NOBODY].map((name) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: metadata(name),
    })),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: metadata(VIEWER),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: VIEWER, namespace: FIGURES }],
    },
  ];
}

/** In the place of the Service of manifests/base: it leads out of the cluster, since the server is no pod. */
export function serviceOutside(host: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'metrics-server', namespace: 'kube-system' },
    spec: { type: 'ExternalName', externalName: host },
  };
}
