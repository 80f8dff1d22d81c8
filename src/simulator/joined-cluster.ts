import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import {
  type CertificateAndKey,
  type CertificateAuthority,
  createCertificateAuthority,
} from '../pki/certificate.ts';
import { Faults } from './faults.ts';
import { JoinedPods } from './joined-pods.ts';
import { type SimulatedKubelets, createKubelets } from './kubelet.ts';
import { type NodeClient, NodeClients } from './node-clients.ts';
import { RecurringTask } from './recurring-task.ts';
import { RemoteApi, RemoteApiError, type RemoteCluster } from './remote-api.ts';
import { uuidOf } from './seed.ts';
import { SharedLoad } from './shared-load.ts';
import { World } from './world.ts';
import { formatTimestamp } from './timestamps.ts';
import type { Condition, NodeObject, NodePlan } from './world-objects.ts';

export interface JoinSpec {
  readonly cluster: RemoteCluster;
  /** The authority of that cluster's clients, where it is ours. Without it, kubelets ask for no certificates. */
  readonly clientCa?: CertificateAuthority;
  readonly nodes: number;
  /** Default simulated-. */
  readonly namePrefix?: string;
  readonly cores?: number;
  readonly memoryBytes?: number;
  /** How long kubelets remember what the API server said of a token or an access; default 10 s. */
  readonly rememberAccessMs?: number;
  readonly clock?: Clock;
  readonly log: Logger;
}

/** Pods that are to run here need this node selector and a toleration of the taint of the same name. */
export const SIMULATED = 'simulator/node';

const GIB = 1024 ** 3;
/** As a kubelet with its defaults. */
const HEARTBEAT_MS = 10_000;
const LEASE_SECONDS = 40;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const NODES = '/api/v1/nodes';

/**
 * Adds nodes without machines to a real API server, in the manner of kwok: Node objects with leases, a kubelet
 * on 127.0.0.1 for each, and for the pods that are bound to them statuses and figures. What a pod's
 * containers do is said by its annotations (load-words.ts).
 */
export async function joinCluster(spec: JoinSpec): Promise<JoinedCluster> {
  const { clock = systemClock, log, rememberAccessMs = 10_000, clientCa } = spec;
  await using house = new AsyncDisposableStack();
  const world = new World({ seed: 1, clock });
  const faults = new Faults({ clock });
  const api = house.use(new RemoteApi(spec.cluster));
  const clients = house.use(
    new NodeClients({ cluster: spec.cluster, clientCa, clock, log, rememberMs: rememberAccessMs }),
  );
  const kubeletCa = createCertificateAuthority({ commonName: 'kubelet-ca', nowMs: clock.nowMs() });
  const issue = (_node: unknown, validity: object = {}): CertificateAndKey =>
    kubeletCa.issue({
      commonName: 'system:node:simulated',
      organizations: ['system:nodes'],
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      usages: ['serverAuth'],
      ...validity,
    });
  const kubelets = house.use(
    createKubelets({
      world,
      faults,
      clock,
      servingCertificate: issue,
      ...(clientCa && { clientCa: clientCa.certPem }),
      authorizeRequest: (credentials, attributes) =>
        clients.of(attributes.name).access.decide(credentials, attributes),
    }),
  );
  const nowMs = Math.floor(clock.nowMs());
  for (const plan of planNodes(spec, nowMs)) world.addNode(plan);
  await kubelets.start();
  const joined = new JoinedCluster(
    { api, world, faults, kubelets, clients, clock, log, kubeletCaPem: kubeletCa.certPem },
    house.move(),
  );
  try {
    await joined.register();
  } catch (error) {
    await joined[Symbol.asyncDispose]();
    throw error;
  }
  return joined;
}

function planNodes(spec: JoinSpec, nowMs: number): NodePlan[] {
  const { nodes, namePrefix = 'simulated-', cores = 8, memoryBytes = 32 * GIB } = spec;
  return Array.from({ length: nodes }, (_, index) => ({
    name: `${namePrefix}${index + 1}`,
    uid: uuidOf(1, `joined/${namePrefix}${index + 1}`),
    bootMs: nowMs - 3_600_000,
    cores,
    memoryBytes,
    zone: `zone-${'abc'.charAt(index % 3)}`,
    labels: { [SIMULATED]: 'true' },
    annotations: {},
  }));
}

interface JoinedParts {
  readonly api: RemoteApi;
  readonly world: World;
  readonly faults: Faults;
  readonly kubelets: SimulatedKubelets;
  readonly clients: NodeClients;
  readonly clock: Clock;
  readonly log: Logger;
  readonly kubeletCaPem: string;
}

/** Simulated nodes of a real cluster. Disposing it takes the nodes away again, as far as the API still answers. */
export class JoinedCluster implements AsyncDisposable {
  /** With the credentials of the cluster. */
  readonly api: RemoteApi;
  readonly world: World;
  /** What is wrong with the kubelets; may be changed at any time. */
  readonly faults: Faults;
  readonly kubelets: SimulatedKubelets;
  /** PEM of the authority of the kubelets' serving certificates. */
  readonly kubeletCaPem: string;
  private readonly parts: JoinedParts;
  private readonly house: AsyncDisposableStack;
  private readonly sharedLoads = new Map<string, SharedLoad>();

  constructor(parts: JoinedParts, house: AsyncDisposableStack) {
    this.api = parts.api;
    this.world = parts.world;
    this.faults = parts.faults;
    this.kubelets = parts.kubelets;
    this.kubeletCaPem = parts.kubeletCaPem;
    this.parts = parts;
    this.house = house;
  }

  /** Sets the total of a load that containers share (`shared=NAME`), from now on. */
  setSharedLoad(name: string, total: { milliCores: number; memoryMib: number }): void {
    this.sharedLoad(name).set(total, this.parts.clock.nowMs());
  }

  /** Lets kubelets remember for so long what the API server says from now on. */
  rememberAccess(forMs: number): void {
    this.parts.clients.rememberAccess(forMs);
  }

  /** A node as a client of the API server. */
  client(nodeName: string): NodeClient {
    return this.parts.clients.of(nodeName);
  }

  /** Lets kubelets forget what the API server has said so far. */
  forgetAccess(): void {
    this.parts.clients.forgetAccess();
  }

  /** Writes nodes and leases, and begins to run pods. */
  async register(): Promise<void> {
    const { api, clients, world, clock, log } = this.parts;
    const heartbeat = new RecurringTask(() => this.beat(), {
      afterSuccessMs: HEARTBEAT_MS,
      afterFailureMs: 500,
      longestFailureMs: 2_000,
    });
    for (const { object } of world.nodes()) {
      // Last in, first out: the nodes go when nothing runs on them any more.
      const { name } = object.metadata;
      this.house.defer(() => this.remove(name));
      const { api: ownApi } = clients.of(name);
      await ownApi.post(NODES, newNode(object));
      await ownApi.post(LEASES, newLease(name, clock.nowMs()));
    }
    this.house.defer(
      world.subscribe(({ type, object }) => {
        if (object.kind === 'Node' && type === 'modified') heartbeat.trigger();
      }),
    );
    this.house.use(heartbeat).trigger();
    const pods = this.house.use(
      new JoinedPods({
        api,
        clients,
        world,
        clock,
        log,
        sharedLoad: (name) => this.sharedLoad(name),
      }),
    );
    pods.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house.disposeAsync();
  }

  private sharedLoad(name: string): SharedLoad {
    const known = this.sharedLoads.get(name);
    if (known) return known;
    const made = new SharedLoad({ milliCores: 0, memoryMib: 0 });
    this.sharedLoads.set(name, made);
    return made;
  }

  /** Renews leases and conditions of all nodes. Returns whether all could be written. */
  private async beat(): Promise<boolean> {
    const { clients, world, clock, log } = this.parts;
    const nowMs = clock.nowMs();
    const heard = (condition: Condition): Condition => ({
      ...condition,
      lastHeartbeatTime: formatTimestamp(nowMs),
    });
    try {
      await Promise.all(
        world.nodes().map(async ({ name, object }) => {
          const { api } = clients.of(name);
          const { conditions = [], daemonEndpoints } = object.status;
          const isReady = conditions.some(
            ({ type, status }) => type === 'Ready' && status === 'True',
          );
          // A kubelet that is not ready in our world is one that stopped posting.
          if (isReady) {
            await api.patch(`${LEASES}/${name}`, { spec: { renewTime: microTime(nowMs) } });
          }
          await api.patch(`${NODES}/${name}/status`, {
            status: { conditions: conditions.map(heard), daemonEndpoints },
          });
        }),
      );
      return true;
    } catch (error) {
      log.warn({ err: error }, 'The heartbeat of the simulated nodes could not be written');
      return false;
    }
  }

  /** An administrator's business: a node may not take itself away. */
  private async remove(name: string): Promise<void> {
    const { api, log } = this.parts;
    for (const path of [`${LEASES}/${name}`, `${NODES}/${name}`]) {
      try {
        await api.delete(path);
      } catch (error) {
        if (error instanceof RemoteApiError && error.status === 404) continue;
        log.warn({ err: error }, `The node "${name}" could not be removed`);
      }
    }
  }
}

/** As the kubelet registers itself; uid and time of creation are the API server's. */
function newNode({ metadata, status }: NodeObject): object {
  const { name, labels, annotations } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels, annotations },
    spec: { taints: [{ key: SIMULATED, value: 'true', effect: 'NoSchedule' }] },
    status,
  };
}

function newLease(name: string, nowMs: number): object {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'kube-node-lease' },
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: microTime(nowMs),
    },
  };
}

/** metav1.MicroTime. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
