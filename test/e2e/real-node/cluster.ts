import { ClusterKubectl } from '../ask-cluster.ts';
import { Plane } from '../plane.ts';
import { type Programs, findPrograms } from '../programs.ts';
import { BUSYBOX_IMAGE, writeBusyboxImage } from './busybox-image.ts';
import { type Namespace, furnishNamespace } from './namespace.ts';
import { type NodePrograms, findNodePrograms } from './programs.ts';
import { RealNode } from './real-node.ts';

export const NODE_NAME = 'e2e-node';

/** Everything that needs the network: afterwards all of it is in the cache folder. */
export async function findRealPrograms(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<{ readonly node: NodePrograms; readonly plane: Programs }> {
  const node = await findNodePrograms({ env, signal, say });
  // A folder of etcd and kube-apiserver has neither controllers nor a kubelet.
  const plane = await findPrograms({ ...env, KUBEBUILDER_ASSETS: '' }, signal, say);
  return { node, plane };
}

interface ClusterSpec {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** A control plane and one real node, in the namespaces that this process is the first one of. To be closed. */
export class RealCluster implements AsyncDisposable {
  readonly spec: ClusterSpec;
  readonly namespace: Namespace;
  readonly plane: Plane;
  readonly node: RealNode;
  readonly kubectl: ClusterKubectl;
  private readonly house: AsyncDisposableStack;

  private constructor(
    spec: ClusterSpec,
    parts: Pick<RealCluster, 'namespace' | 'plane' | 'node' | 'kubectl'>,
    house: AsyncDisposableStack,
  ) {
    this.spec = spec;
    this.namespace = parts.namespace;
    this.plane = parts.plane;
    this.node = parts.node;
    this.kubectl = parts.kubectl;
    this.house = house;
  }

  /** Resolves when the node is ready. */
  static async start(spec: ClusterSpec): Promise<RealCluster> {
    const { folder, env, signal, say } = spec;
    await using house = new AsyncDisposableStack();
    const programs = await findRealPrograms(env, signal, say);
    const namespace = await furnishNamespace(env, programs.node);
    const startedMs = performance.now();
    const plane = house.use(await Plane.start(programs.plane, folder, signal, namespace.address));
    const kubectl = house.use(
      await ClusterKubectl.create(plane.kubeconfig, programs.plane.kubectl),
    );
    const archive = await writeBusyboxImage(programs.node.busybox, folder);
    const node = house.use(
      await RealNode.start({
        name: NODE_NAME,
        ...{ folder, namespace, plane, kubectl },
        programs: programs.node,
        sandbox: { archive, image: BUSYBOX_IMAGE },
      }),
    );
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    say(`Cluster: ${plane.url} and the node ${NODE_NAME}, ready after ${seconds} s`);
    return new RealCluster(spec, { namespace, plane, node, kubectl }, house.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house.disposeAsync();
  }
}
