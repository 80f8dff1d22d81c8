import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { eventually } from '../eventually.ts';
import { type ServerImage, buildServerImage } from '../oci/server-image.ts';
import { BUSYBOX_IMAGE } from '../real-node/busybox-image.ts';
import { NODE_NAME, RealCluster } from '../real-node/cluster.ts';
import { POD_RANGE } from '../real-node/real-node.ts';
import { API_SERVICE, MANIFESTS } from '../scene.ts';
import { namespace } from '../workloads.ts';
import { KubeProxy } from './kube-proxy.ts';
import { type OurPod, podsOf } from './our-pod.ts';
import { Prober } from './prober.ts';

/** Where manifests/base puts everything. */
export const SPACE = 'kube-system';
export const DEPLOYMENT = 'metrics-server';
/** As manifests/base names it. */
const IMAGE = 'metrics-server';
/** The tag of manifests/base, and the one of a version that comes after it. */
export const VERSIONS = ['0.1.0', '0.1.0-next'] as const;

const STEADY_SPACE = 'e2e-steady';
/** Busy all the time, within 50 millicores. */
const STEADY = ['steady-1', 'steady-2'] as const;
const IDLE = 'idle';
const RUNNING_WITHIN_MS = 60_000;
/** Younger containers have no figures yet, whoever asks. */
const YOUNG_MS = 10_000;
const OLD_WITHIN_MS = 60_000;
/** Two pods one after the other, each of which has to be ready for half a minute. */
const ROLLED_OUT_WITHIN_MS = 120_000;
const AVAILABLE_WITHIN_MS = 30_000;
/** The grace period of our pods, and a moment. */
const GONE_WITHIN_MS = 75_000;

interface Surroundings {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Our image, twice, as two versions. Needs the network, unless it was built before. */
export function buildVersions(spec: Omit<Surroundings, 'folder'>): Promise<ServerImage> {
  const [first, next] = VERSIONS;
  return buildServerImage({ ...spec, names: [`${IMAGE}:${first}`, `${IMAGE}:${next}`] });
}

/** A real cluster with all that makes pods and services work, and our image on its node. To be closed. */
export class WholeCluster implements AsyncDisposable {
  readonly real: RealCluster;
  readonly image: ServerImage;
  private readonly spec: Surroundings;
  private readonly house: AsyncDisposableStack;

  private constructor(
    spec: Surroundings,
    parts: Pick<WholeCluster, 'real' | 'image'>,
    house: AsyncDisposableStack,
  ) {
    this.spec = spec;
    this.real = parts.real;
    this.image = parts.image;
    this.house = house;
  }

  /** Resolves when services work, and pods with steady loads run. */
  static async start(spec: Surroundings): Promise<WholeCluster> {
    await using house = new AsyncDisposableStack();
    const { folder, signal } = spec;
    const image = await buildVersions(spec);
    const real = house.use(await RealCluster.start(spec));
    house.use(
      await KubeProxy.start({
        folder: join(folder, 'kube-proxy'),
        logFile: join(folder, 'logs', 'kube-proxy.log'),
        node: NODE_NAME,
        plane: real.plane,
        programs: real.node.spec.programs,
        podRange: POD_RANGE,
        signal,
      }),
    );
    await real.node.importImage(image.tar);
    const cluster = new WholeCluster(spec, { real, image }, house.move());
    try {
      await cluster.runSteadyPods();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Installs one folder of manifests, such as `base`, and nothing else. */
  async installAlone(folder: string): Promise<void> {
    await this.real.kubectl.run('apply', '-k', join(MANIFESTS, '..', folder));
  }

  /** Takes everything away that manifests/base installs; its pod goes on ending. */
  async uninstall(): Promise<void> {
    await this.real.kubectl.run('delete', '-k', MANIFESTS);
  }

  /** Installs manifests/base, with these components of manifests/components, and in this version. */
  async install(components: readonly string[], version: string): Promise<void> {
    const { kubectl } = this.real;
    const folder = join(this.spec.folder, 'kustomize');
    await mkdir(folder, { recursive: true });
    const base = relative(folder, MANIFESTS);
    await writeFile(
      join(folder, 'kustomization.yaml'),
      JSON.stringify({
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        resources: [base],
        components: components.map((name) => join(base, '../components', name)),
        images: [{ name: IMAGE, newTag: version }],
      }),
    );
    await kubectl.run('apply', '-k', folder);
  }

  /** Our pods, those that end included, by name. */
  async pods(): Promise<OurPod[]> {
    const { kubectl } = this.real;
    return podsOf(await kubectl.json('get', 'pods', '-n', SPACE, '-l', `k8s-app=${DEPLOYMENT}`));
  }

  /** The only one of our pods. */
  async pod(): Promise<OurPod> {
    const [pod, ...others] = await this.pods();
    if (!pod || others.length > 0) throw new Error(`there are ${others.length + 1} pods of ours`);
    return pod;
  }

  /** Resolves when all pods are of the Deployment's newest template and available, and the others gone. */
  async whenRolledOut(): Promise<void> {
    const attempt = async (): Promise<void> => {
      const { observed, generation, replicas, updated, available } = await this.deployment();
      const isOver = observed >= generation && updated === replicas && available === replicas;
      if (!isOver)
        throw new Error(`${updated} of ${replicas} pods are new, ${available} available`);
    };
    await eventually(ROLLED_OUT_WITHIN_MS, attempt, this.spec.signal);
    await this.whenSettled();
  }

  /** Resolves when all pods that the Deployment wants are ready, and those that were to go are gone. */
  async whenSettled(): Promise<void> {
    const { replicas } = await this.deployment();
    await this.whenReady(replicas);
    const attempt = async (): Promise<void> => {
      const more = (await this.pods()).length - replicas;
      if (more > 0) throw new Error(`${more} pods are not gone yet`);
    };
    await eventually(GONE_WITHIN_MS, attempt, this.spec.signal);
  }

  /** Resolves when so many pods are ready, and stay. */
  async whenReady(count: number): Promise<void> {
    const attempt = async (): Promise<void> => {
      const staying = (await this.pods()).filter(({ isEnding }) => !isEnding);
      if (staying.length !== count || !staying.every(({ isReady }) => isReady)) {
        throw new Error(`not all of ${count} pods are ready`);
      }
    };
    await eventually(RUNNING_WITHIN_MS, attempt, this.spec.signal);
  }

  /** Resolves when the APIService is Available. */
  async whenAvailable(): Promise<void> {
    const attempt = async (): Promise<void> => {
      if (!(await this.isAvailable())) throw new Error('the APIService is not Available');
    };
    await eventually(AVAILABLE_WITHIN_MS, attempt, this.spec.signal);
  }

  /** What the APIService says of itself. */
  async isAvailable(): Promise<boolean> {
    const path = 'jsonpath={.status.conditions[?(@.type=="Available")].status}';
    const { kubectl } = this.real;
    return (await kubectl.run('get', 'apiservice', API_SERVICE, '-o', path)) === 'True';
  }

  async whenKubeletAnswers(): Promise<void> {
    await eventually(RUNNING_WITHIN_MS, () => this.summary(), this.spec.signal);
  }

  /** What the kubelet says of its node and its pods (/stats/summary), asked through kube-apiserver. */
  async summary(): Promise<unknown> {
    const path = `/api/v1/nodes/${NODE_NAME}/proxy/stats/summary`;
    return JSON.parse(await this.real.kubectl.run('get', '--raw', path));
  }

  /** The address at which kube-proxy takes connections to us. */
  async clusterAddress(): Promise<string> {
    const service = await this.real.kubectl.json('get', 'service', DEPLOYMENT, '-n', SPACE);
    return textAt(service, 'spec', 'clusterIP');
  }

  /** A client of the aggregator, who may do everything. To be closed. */
  probeAggregator(): Prober {
    const { plane } = this.real;
    return new Prober({
      host: '127.0.0.1',
      port: plane.layout.apiPort,
      caPem: plane.authorities.cluster.certPem,
      ...this.wanted(),
    });
  }

  /** A client of the Service itself, whose every new connection kube-proxy leads to a pod. To be closed. */
  async probeService(): Promise<Prober> {
    // a certificate of its own making, for no address
    return new Prober({
      host: await this.clusterAddress(),
      port: 443,
      caPem: undefined,
      ...this.wanted(),
    });
  }

  pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.spec.signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house.disposeAsync();
  }

  private async deployment() {
    const object = await this.real.kubectl.json('get', 'deployment', DEPLOYMENT, '-n', SPACE);
    const number = (...path: readonly string[]): number => Number(textAt(object, ...path));
    return {
      generation: number('metadata', 'generation'),
      observed: number('status', 'observedGeneration'),
      replicas: number('spec', 'replicas'),
      updated: number('status', 'updatedReplicas'),
      available: number('status', 'availableReplicas'),
    };
  }

  private wanted() {
    return {
      identity: this.real.plane.admin,
      node: NODE_NAME,
      pods: STEADY.map((name) => `${STEADY_SPACE}/${name}`),
      idle: `${STEADY_SPACE}/${IDLE}`,
    };
  }

  private async runSteadyPods(): Promise<void> {
    const { kubectl } = this.real;
    const { signal } = this.spec;
    await kubectl.apply(namespace(STEADY_SPACE));
    // Without its account, which controllers make, no pod is let in.
    const account = ['get', 'serviceaccount', 'default', '-n', STEADY_SPACE];
    await eventually(RUNNING_WITHIN_MS, () => kubectl.run(...account), signal);
    await kubectl.apply(
      ...STEADY.map((name) => podOf(name, 'while :; do :; done')),
      podOf(IDLE, 'while sleep 3600; do :; done'),
    );
    const words = [...STEADY, IDLE].map((name) => `pod/${name}`);
    const timeout = `--timeout=${RUNNING_WITHIN_MS / 1000}s`;
    await kubectl.run('wait', '--for=condition=Ready', ...words, '-n', STEADY_SPACE, timeout);
    // Such as the pods of a cluster are: of young ones a kubelet says too little for figures.
    await eventually(OLD_WITHIN_MS, () => this.throwIfYoung(), signal);
  }

  private async throwIfYoung(): Promise<void> {
    const summary = await this.summary();
    const containers = listAt(summary, 'pods')
      .filter((pod) => STEADY.some((name) => name === textAt(pod, 'podRef', 'name')))
      .flatMap((pod) => listAt(pod, 'containers'));
    const isOld = (one: unknown): boolean =>
      Number(textAt(one, 'cpu', 'usageNanoCores')) > 0 &&
      Date.parse(textAt(one, 'cpu', 'time')) - Date.parse(textAt(one, 'startTime')) > YOUNG_MS;
    if (
      containers.length < STEADY.length ||
      ![valueAt(summary, 'node'), ...containers].every(isOld)
    )
      throw new Error('the kubelet has no rates of its node and of the steady pods yet');
  }
}

function podOf(name: string, script: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: STEADY_SPACE },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'shell',
          image: BUSYBOX_IMAGE,
          imagePullPolicy: 'Never',
          command: ['sh', '-c', script],
          resources: { limits: { cpu: '50m', memory: '16Mi' } },
        },
      ],
    },
  };
}
