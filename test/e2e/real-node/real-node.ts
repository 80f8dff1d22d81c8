import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterKubectl } from '../ask-cluster.ts';
import type { Plane } from '../plane.ts';
import { Containerd } from './containerd.ts';
import { Kubelet } from './kubelet.ts';
import { type Namespace, OWN_RUN } from './namespace.ts';
import type { NodePrograms } from './programs.ts';

/** Of the addresses of pods. */
export const POD_RANGE = '10.88.0.0/24';
const READY_WITHIN_MS = 90_000;
const POLL_MS = 500;

export interface RealNodeSpec {
  readonly name: string;
  /** Gets the logs. */
  readonly folder: string;
  readonly namespace: Namespace;
  readonly programs: NodePrograms;
  readonly plane: Plane;
  readonly kubectl: ClusterKubectl;
  /** An archive with the image that holds the namespaces of pods, and its name. */
  readonly sandbox: { readonly archive: string; readonly image: string };
}

/** A node with a real kubelet and containerd, in the namespace that this process is in. Disposing it ends both. */
export class RealNode implements AsyncDisposable {
  readonly spec: RealNodeSpec;
  readonly containerd: Containerd;
  readonly kubelet: Kubelet;
  private readonly house: AsyncDisposableStack;

  private constructor(
    spec: RealNodeSpec,
    parts: { containerd: Containerd; kubelet: Kubelet },
    house: AsyncDisposableStack,
  ) {
    this.spec = spec;
    this.containerd = parts.containerd;
    this.kubelet = parts.kubelet;
    this.house = house;
  }

  /** Resolves when the node is ready. */
  static async start(spec: RealNodeSpec): Promise<RealNode> {
    const { folder, namespace, plane, programs, name, sandbox } = spec;
    await using house = new AsyncDisposableStack();
    // Containers and volumes are mounts, and files by the thousand: there they vanish with the namespace.
    const own = join(OWN_RUN, name);
    const logs = join(folder, 'logs');
    await mkdir(logs, { recursive: true });
    const containerd = house.use(
      await Containerd.start({
        folder: join(own, 'containerd'),
        logFile: join(logs, 'containerd.log'),
        programs,
        sandboxImage: sandbox.image,
        podRange: POD_RANGE,
      }),
    );
    await containerd.importImage(sandbox.archive);
    const kubelet = house.use(
      await Kubelet.start({
        folder: join(own, 'kubelet'),
        logFile: join(logs, 'kubelet.log'),
        ...{ name, namespace, plane, programs },
        endpoint: containerd.endpoint,
      }),
    );
    const node = new RealNode(spec, { containerd, kubelet }, house.move());
    try {
      await node.whenReady();
    } catch (error) {
      await node[Symbol.asyncDispose]();
      throw error;
    }
    return node;
  }

  /** Resolves when kube-apiserver says that the node is ready. */
  async whenReady(): Promise<void> {
    const { kubectl, name } = this.spec;
    const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
    const endMs = performance.now() + READY_WITHIN_MS;
    for (;;) {
      await this.kubelet.throwIfEnded();
      const { out, err } = await kubectl.ask(['get', 'node', name, '-o', path]);
      if (out === 'True') return;
      if (performance.now() > endMs) throw new Error(`The node is not ready: ${out || err}`);
      await sleep(POLL_MS);
    }
  }

  importImage(archive: string): Promise<void> {
    return this.containerd.importImage(archive);
  }

  /** Makes a pod that only the kubelet knows how to begin and to end; the API server gets a mirror of it. */
  async addStaticPod(name: string, manifest: object): Promise<void> {
    const { staticPods } = this.kubelet;
    // At once as a whole: the kubelet watches the folder, and leaves out names that begin with a dot.
    const draft = join(staticPods, `.${name}`);
    await writeFile(draft, JSON.stringify(manifest));
    await rename(draft, join(staticPods, `${name}.json`));
  }

  async removeStaticPod(name: string): Promise<void> {
    await rm(join(this.kubelet.staticPods, `${name}.json`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house.disposeAsync();
  }
}
