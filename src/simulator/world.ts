import type { Clock } from '../clock.ts';
import { populate } from './population.ts';
import { between, hashText, uuidOf } from './seed.ts';
import { cpuNanosOfAllLives, cpuNanosOfLife, lifeAt, memoryBytesAt } from './workloads.ts';
import type { Life } from './workloads.ts';
import {
  namespaceObject,
  nodeConditions,
  nodeObject,
  podObject,
  podStatus,
} from './world-objects.ts';
import type {
  ContainerPlan,
  NamespaceObject,
  NodeObject,
  NodePlan,
  PodObject,
  PodPlan,
  WorldObject,
} from './world-objects.ts';

/** What a kubelet that does not live from the world answers: captured or given bodies. */
export interface KubeletPages {
  /** The body of /stats/summary; undefined is answered as not found. */
  summary(question: { readonly onlyCpuAndMemory: boolean }): string | Uint8Array | undefined;
  /** The body of /metrics/resource; undefined is answered as not found. */
  resource(): string | Uint8Array | undefined;
}

export interface SimulatedNode {
  readonly name: string;
  readonly object: NodeObject;
  /** Undefined for a node whose kubelet answers with given pages. */
  readonly plan: NodePlan | undefined;
  readonly pages: KubeletPages | undefined;
  /** False: nobody listens on its kubelet port. */
  readonly listens: boolean;
  /** What its system uses beside the pods. */
  readonly systemMicroCores: number;
  readonly systemMemoryBytes: number;
}

export interface SimulatedContainer extends ContainerPlan {
  /** Its first start, ms since the epoch. */
  readonly startMs: number;
  /** Where its chances come from (the grid of its samples). */
  readonly seed: number;
}

export interface SimulatedPod {
  readonly namespace: string;
  readonly name: string;
  /** '' for a pod that found no node. */
  readonly nodeName: string;
  readonly object: PodObject;
  /** Undefined for a pod of a node with given pages. */
  readonly plan: PodPlan | undefined;
  /** What its kubelet calls it: of a static pod the hash of its file, otherwise the uid. */
  readonly kubeletUid: string;
  readonly startMs: number;
  /** Those that its kubelet reports while they live: none of a pod that is Pending or Succeeded. */
  readonly containers: readonly SimulatedContainer[];
}

export interface WorldChange {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: WorldObject;
}

export interface WorldSpec {
  readonly nodes: number;
  /** Running pods in all; without it, `podsPerNode` (default 12) on every node. */
  readonly pods?: number;
  readonly podsPerNode?: number;
  readonly namespaces?: number;
  readonly seed?: number;
  /** Everything in the world is older than this; default now. */
  readonly startMs?: number;
  /** Also three pods that no kubelet reports, one Pending and two Succeeded; default true. */
  readonly withoutFigures?: boolean;
  readonly clock: Clock;
}

/** Makes a generated world: a shop with its data, its monitoring and the cluster's own pods. */
export function createWorld(spec: WorldSpec): World {
  const { nodes, podsPerNode = 12, namespaces = 4, seed = 1, withoutFigures = true, clock } = spec;
  const startMs = Math.floor(spec.startMs ?? clock.nowMs());
  const world = new World({ seed, clock });
  const pods = spec.pods ?? nodes * podsPerNode;
  if (pods > 0 && nodes < 1) throw new RangeError(`Cannot place ${pods} pods: there is no node`);
  const population = populate({ nodes, pods, namespaces, seed, startMs, withoutFigures });
  for (const name of population.namespaces) world.addNamespace(name, startMs - 30 * 86_400_000);
  for (const plan of population.nodes) world.addNode(plan);
  for (const plan of population.pods) world.addPod(plan);
  return world;
}

const MIB = 1024 * 1024;
/** From the start of a pod to that of its first container, at the earliest and at the latest. */
const FIRST_START_MS = [700, 2200] as const;
const NEXT_START_MS = 400;

/** Until the last one of so many containers has started, ms after their pod, unless it `startsAfterMs`. */
export function allStartWithinMs(containers: number): number {
  return FIRST_START_MS[1] + containers * NEXT_START_MS;
}

/**
 * The nodes, pods and namespaces of the simulated cluster, and who wants to know when they change. What
 * containers use is not kept here: it is a function of time, see the functions below.
 */
export class World {
  readonly seed: number;
  readonly clock: Clock;
  readonly #namespaces = new Map<string, NamespaceObject>();
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #pods = new Map<string, SimulatedPod>();
  readonly #podsByNode = new Map<string, Map<string, SimulatedPod>>();
  readonly #departed = new Map<string, DepartedPods>();
  readonly #others: WorldObject[] = [];
  readonly #listeners = new Set<(change: WorldChange) => void>();

  constructor({ seed, clock }: { seed: number; clock: Clock }) {
    this.seed = seed;
    this.clock = clock;
  }

  namespaces(): readonly NamespaceObject[] {
    return [...this.#namespaces.values()];
  }

  nodes(): readonly SimulatedNode[] {
    return [...this.#nodes.values()];
  }

  pods(): readonly SimulatedPod[] {
    return [...this.#pods.values()];
  }

  /** Objects of other kinds that a given world brings along (roles, bindings, service accounts). */
  others(): readonly WorldObject[] {
    return this.#others;
  }

  node(name: string): SimulatedNode | undefined {
    return this.#nodes.get(name);
  }

  pod(namespace: string, name: string): SimulatedPod | undefined {
    return this.#pods.get(`${namespace}/${name}`);
  }

  podsOn(nodeName: string): Iterable<SimulatedPod> {
    return this.#podsByNode.get(nodeName)?.values() ?? [];
  }

  /** Calls the listener after every change. Returns how to stop that. */
  subscribe(listener: (change: WorldChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  addNamespace(name: string, createdMs = this.#nowMs()): void {
    if (this.#namespaces.has(name)) return;
    const object = namespaceObject(name, uuidOf(this.seed, `namespace/${name}`), createdMs);
    this.#namespaces.set(name, object);
    this.#tell('added', object);
  }

  addNode(plan: NodePlan): SimulatedNode {
    const systemMicroCores = plan.cores * 30_000 + (hashText(this.seed, plan.name) % 20_000);
    return this.#putNode({
      name: plan.name,
      object: nodeObject(plan, this.#nowMs()),
      plan,
      pages: undefined,
      listens: true,
      systemMicroCores,
      systemMemoryBytes: 700 * MIB,
    });
  }

  /** Adds a node whose kubelet answers with given pages; nothing about it is computed. */
  adoptNode(object: NodeObject, pages: KubeletPages, listens = true): SimulatedNode {
    return this.#putNode({
      name: object.metadata.name,
      object,
      plan: undefined,
      pages,
      listens,
      systemMicroCores: 0,
      systemMemoryBytes: 0,
    });
  }

  #putNode(node: SimulatedNode): SimulatedNode {
    if (this.#nodes.has(node.name)) throw new Error(`Cannot add node "${node.name}": it exists`);
    this.#nodes.set(node.name, node);
    this.#tell('added', node.object);
    return node;
  }

  /** Takes a node away, and the pods that were on it. */
  removeNode(name: string): void {
    const node = this.#requireNode(name);
    for (const pod of [...this.podsOn(name)]) this.removePod(pod.namespace, pod.name);
    this.#nodes.delete(name);
    this.#podsByNode.delete(name);
    this.#departed.delete(name);
    this.#tell('deleted', node.object);
  }

  addPod(plan: PodPlan): SimulatedPod {
    const { namespace, name, nodeName, configHash, startMs } = plan;
    const reported = plan.phase === 'Running' ? plan.containers : [];
    const containers = plan.containers.map((container, at) => {
      const seed = hashText(this.seed, `${plan.uid}/${container.name}`);
      const afterMs = between(seed, ...FIRST_START_MS) + at * NEXT_START_MS;
      const { startsAfterMs = 0 } = container;
      return { ...container, seed, startMs: startMs + startsAfterMs + afterMs };
    });
    return this.#putPod({
      namespace,
      name,
      nodeName,
      object: podObject(
        plan,
        containers.map((container) => container.startMs),
        this.#nowMs(),
      ),
      plan,
      kubeletUid: configHash ?? plan.uid,
      startMs,
      containers: containers.slice(0, reported.length),
    });
  }

  /** Adds a pod of a node with given pages. */
  adoptPod(object: PodObject, kubeletUid = object.metadata.uid): SimulatedPod {
    return this.#putPod({
      namespace: object.metadata.namespace ?? 'default',
      name: object.metadata.name,
      nodeName: object.spec.nodeName ?? '',
      object,
      plan: undefined,
      kubeletUid,
      startMs: Date.parse(object.status.startTime ?? object.metadata.creationTimestamp),
      containers: [],
    });
  }

  #putPod(pod: SimulatedPod): SimulatedPod {
    const key = `${pod.namespace}/${pod.name}`;
    if (this.#pods.has(key)) throw new Error(`Cannot add pod "${key}": it exists`);
    this.addNamespace(pod.namespace);
    this.#keepPod(key, pod);
    this.#tell('added', pod.object);
    return pod;
  }

  #keepPod(key: string, pod: SimulatedPod): void {
    this.#pods.set(key, pod);
    if (pod.nodeName === '') return;
    const siblings = this.#podsByNode.get(pod.nodeName) ?? new Map<string, SimulatedPod>();
    siblings.set(key, pod);
    this.#podsByNode.set(pod.nodeName, siblings);
  }

  removePod(namespace: string, name: string): SimulatedPod {
    const key = `${namespace}/${name}`;
    const pod = this.#pods.get(key);
    if (!pod) throw new Error(`Cannot remove pod "${key}": there is none`);
    this.#pods.delete(key);
    this.#podsByNode.get(pod.nodeName)?.delete(key);
    const departed = this.#departed.get(pod.nodeName) ?? new DepartedPods();
    this.#departed.set(pod.nodeName, departed);
    departed.add(pod, this.#nowMs());
    this.#tell('deleted', pod.object);
    return pod;
  }

  /**
   * Moves a pod as a StatefulSet does: it is deleted, and one of the same name with another uid starts
   * on the other node, now.
   */
  movePod(namespace: string, name: string, nodeName: string): SimulatedPod {
    this.#requireNode(nodeName);
    const { plan } = this.removePod(namespace, name);
    if (!plan)
      throw new Error(`Cannot move pod "${namespace}/${name}": its figures are given ones`);
    const startMs = this.#nowMs();
    const uid = uuidOf(this.seed, `${plan.uid}/${nodeName}/${startMs}`);
    return this.addPod({ ...plan, uid, nodeName, startMs });
  }

  /** Gives a pod other labels in place of those it has. */
  relabelPod(namespace: string, name: string, labels: Readonly<Record<string, string>>): void {
    const key = `${namespace}/${name}`;
    const pod = this.#pods.get(key);
    if (!pod) throw new Error(`Cannot relabel pod "${key}": there is none`);
    const object = { ...pod.object, metadata: { ...pod.object.metadata, labels } };
    this.#keepPod(key, { ...pod, object });
    this.#tell('modified', object);
  }

  addOther(object: WorldObject): void {
    this.#others.push(object);
    this.#tell('added', object);
  }

  setNodeReady(name: string, ready: boolean): void {
    const now = this.#nowMs();
    this.#changeNode(name, { conditions: nodeConditions(ready, now, now) });
  }

  setKubeletPort(name: string, port: number): void {
    if (this.node(name)?.object.status.daemonEndpoints?.kubeletEndpoint.Port === port) return;
    this.#changeNode(name, { daemonEndpoints: { kubeletEndpoint: { Port: port } } });
  }

  #changeNode(name: string, status: Partial<NodeObject['status']>): void {
    const node = this.#requireNode(name);
    const object = { ...node.object, status: { ...node.object.status, ...status } };
    this.#nodes.set(name, { ...node, object });
    this.#tell('modified', object);
  }

  /**
   * Brings the statuses of pods up to now: containers that ended or started again since. To be called
   * now and then; figures do not depend on it.
   */
  refreshStatuses(): void {
    const now = this.#nowMs();
    for (const [key, pod] of this.#pods) {
      const { plan } = pod;
      if (!plan || !pod.containers.some(({ workload }) => workload.lives)) continue;
      const status = podStatus(
        plan,
        pod.containers.map(({ startMs }) => startMs),
        now,
      );
      if (JSON.stringify(status) === JSON.stringify(pod.object.status)) continue;
      const object = { ...pod.object, status };
      this.#keepPod(key, { ...pod, object });
      this.#tell('modified', object);
    }
  }

  /** CPU of the node's pods that are gone, which its counters still hold, in ns up to this moment. */
  departedCpuNanos(nodeName: string, atMs: number): bigint {
    return this.#departed.get(nodeName)?.cpuNanosAt(atMs) ?? 0n;
  }

  #requireNode(name: string): SimulatedNode {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`Cannot find node "${name}": the world has no such node`);
    return node;
  }

  #nowMs(): number {
    return Math.floor(this.clock.nowMs());
  }

  #tell(type: WorldChange['type'], object: WorldObject): void {
    for (const listener of this.#listeners) listener({ type, object });
  }
}

/** Pods that have left a node. The node's counter keeps what they used; who left long ago is only a sum. */
class DepartedPods {
  /** Longer than any sample may be old: nobody asks for a moment before. */
  static readonly #foldAfterMs = 120_000;
  #folded = 0n;
  #recent: { readonly pod: SimulatedPod; readonly untilMs: number }[] = [];

  add(pod: SimulatedPod, untilMs: number): void {
    const old = this.#recent.filter((gone) => gone.untilMs < untilMs - DepartedPods.#foldAfterMs);
    for (const gone of old) this.#folded += podCpuNanosAt(gone.pod, gone.untilMs);
    this.#recent = this.#recent.filter((gone) => !old.includes(gone));
    this.#recent.push({ pod, untilMs });
  }

  cpuNanosAt(atMs: number): bigint {
    return this.#recent.reduce(
      (sum, { pod, untilMs }) => sum + podCpuNanosAt(pod, Math.min(atMs, untilMs)),
      this.#folded,
    );
  }
}

/** The life that the container is in at a moment, ages counted from its first start; undefined before. */
export function containerLifeAt(container: SimulatedContainer, atMs: number): Life | undefined {
  return atMs < container.startMs
    ? undefined
    : lifeAt(container.workload, atMs - container.startMs);
}

/** The container's CPU counter, in ns: the integral of its workload's curve since its present life began. */
export function cpuNanosAt(container: SimulatedContainer, atMs: number): bigint {
  return atMs <= container.startMs
    ? 0n
    : cpuNanosOfLife(container.workload, atMs - container.startMs);
}

/** The container's working set, in bytes. */
export function workingSetAt(container: SimulatedContainer, atMs: number): number {
  return atMs < container.startMs ? 0 : memoryBytesAt(container.workload, atMs - container.startMs);
}

/** The pod's CPU counter, in ns: that of all its containers, over all their lives. */
export function podCpuNanosAt(pod: SimulatedPod, atMs: number): bigint {
  let sum = 0n;
  for (const { workload, startMs } of pod.containers) {
    if (atMs > startMs) sum += cpuNanosOfAllLives(workload, atMs - startMs);
  }
  return sum;
}

export function podWorkingSetAt(pod: SimulatedPod, atMs: number): number {
  return pod.containers.reduce((sum, container) => sum + workingSetAt(container, atMs), 0);
}

/** The counter of all pods of a node, in ns, those included that have left. */
export function podsCpuNanosAt(world: World, nodeName: string, atMs: number): bigint {
  let sum = world.departedCpuNanos(nodeName, atMs);
  for (const pod of world.podsOn(nodeName)) sum += podCpuNanosAt(pod, atMs);
  return sum;
}

/** The node's CPU counter since boot, in ns: its pods and its system. */
export function nodeCpuNanosAt(world: World, node: SimulatedNode, atMs: number): bigint {
  const bootMs = node.plan?.bootMs ?? atMs;
  const system = BigInt(node.systemMicroCores) * BigInt(Math.max(0, atMs - bootMs));
  return system + podsCpuNanosAt(world, node.name, atMs);
}

export function nodeWorkingSetAt(world: World, node: SimulatedNode, atMs: number): number {
  let sum = node.systemMemoryBytes;
  for (const pod of world.podsOn(node.name)) sum += podWorkingSetAt(pod, atMs);
  return sum;
}
