import type { Cluster } from '../../../src/simulator/cluster.ts';
import type { FaultKind } from '../../../src/simulator/faults.ts';
import { hashNumber, nameSuffix, uuidOf } from '../../../src/simulator/seed.ts';
import type { SimulatedNode, SimulatedPod, World } from '../../../src/simulator/world.ts';
import type { NodePlan, PodPlan } from '../../../src/simulator/world-objects.ts';

/** How much happens in a step; a step is half a second in the soak. */
export interface Pace {
  /** Pods replaced by others of other names, moved to another node under their own, and given other labels. */
  readonly replaced: number;
  readonly moved: number;
  readonly relabelled: number;
  /** Every so many steps one node goes, and another comes. */
  readonly nodeEvery: number;
  /** The share of nodes that have a fault at any time. */
  readonly faulty: number;
  /** How long a fault lasts, in steps, at the least and at the most. */
  readonly faultSteps: readonly [number, number];
  /** Every so many steps the kube-apiserver breaks all connections; every other time it has forgotten the past. */
  readonly resetEvery: number;
}

/** For some 250 nodes of 30 pods: in 20 minutes every pod is replaced once, and every node. */
export const PACE: Pace = {
  replaced: 4,
  moved: 1,
  relabelled: 2,
  nodeEvery: 8,
  faulty: 0.08,
  faultSteps: [10, 120],
  resetEvery: 50,
};

/** With the value that the fault takes, if it takes one. Those at the end leave the body as it is. */
const FAULTS: readonly (readonly [FaultKind, number?])[] = [
  ['status-500'],
  ['status-401'],
  ['status-403'],
  ['reset'],
  ['silent'],
  ['refused'],
  ['slow', 2_000],
  ['slow', 20_000],
  ['drip', 1],
  ['html'],
  ['truncated'],
  ['cut'],
  ['empty'],
  ['huge', 2],
  ['redirect'],
  ['wrong-content-type'],
  ['wrong-certificate'],
  ['lying-negative'],
  ['lying-huge'],
  ['clock-back', 3_600],
  ['counter-reset'],
  ['not-ready'],
];

export interface Changes {
  pods: number;
  moves: number;
  labels: number;
  nodes: number;
  faults: number;
  resets: number;
}

/** Everything that comes, goes and fails in a cluster, a step at a time; the same for the same seed and time. */
export class Churn {
  private readonly cluster: Cluster;
  private readonly world: World;
  private readonly pace: Pace;
  private readonly seed: number;
  private readonly faultsUntil = new Map<string, number>();
  /** Nodes that went and will come again under their names. */
  private readonly away: NodePlan[] = [];
  private at = 0;
  private drawn = 0;
  readonly changes: Changes = { pods: 0, moves: 0, labels: 0, nodes: 0, faults: 0, resets: 0 };

  constructor(cluster: Cluster, pace: Pace, seed: number) {
    this.cluster = cluster;
    this.world = cluster.world;
    this.pace = pace;
    this.seed = seed;
  }

  /** Returns true when the kube-apiserver broke its connections. */
  step(): boolean {
    this.at += 1;
    const { replaced, moved, relabelled, nodeEvery, resetEvery } = this.pace;
    const pods = this.world.pods().filter(({ plan }) => plan?.phase === 'Running');
    const nodes = this.world.nodes();
    const gone = new Set<SimulatedPod>();
    const next = (): SimulatedPod | undefined => {
      const pod = this.draw(pods);
      if (!pod || gone.has(pod)) return undefined;
      gone.add(pod);
      return pod;
    };
    for (let each = 0; each < replaced; each++) this.replace(next(), this.draw(nodes));
    for (let each = 0; each < moved; each++) this.move(next(), this.draw(nodes));
    for (let each = 0; each < relabelled; each++) this.relabel(next());
    this.endFaults();
    this.beginFaults(nodes);
    if (this.at % nodeEvery === 0) this.exchangeNode(this.draw(nodes));
    return this.at % resetEvery === 0 && this.reset();
  }

  private replace(pod: SimulatedPod | undefined, node: SimulatedNode | undefined): void {
    if (!pod?.plan || !node) return;
    this.world.removePod(pod.namespace, pod.name);
    this.addLike(pod.plan, node.name);
    this.changes.pods += 1;
  }

  /** Another replica of what the plan is one of. */
  private addLike(plan: PodPlan, nodeName: string): void {
    const text = `${plan.uid}/${this.at}/${this.random()}`;
    const base = plan.name.split('-').slice(0, 3).join('-');
    this.world.addPod({
      ...plan,
      name: `${base}-${nameSuffix(this.seed, text, 8)}`,
      uid: uuidOf(this.seed, text),
      nodeName,
      startMs: this.nowMs(),
      // A static pod is of its node; its successor is an ordinary one.
      configHash: undefined,
    });
  }

  private move(pod: SimulatedPod | undefined, node: SimulatedNode | undefined): void {
    if (!pod?.plan || pod.plan.configHash !== undefined || !node) return;
    this.world.movePod(pod.namespace, pod.name, node.name);
    this.changes.moves += 1;
  }

  private relabel(pod: SimulatedPod | undefined): void {
    if (!pod) return;
    const revision = nameSuffix(this.seed, `${pod.name}/${this.random()}`, 9);
    const { labels } = pod.object.metadata;
    this.world.relabelPod(pod.namespace, pod.name, { ...labels, 'pod-template-hash': revision });
    this.changes.labels += 1;
  }

  /** One goes with its pods; another comes with as many: one of a new name, or one that went a while ago. */
  private exchangeNode(node: SimulatedNode | undefined): void {
    if (!node?.plan) return;
    const plans = [...this.world.podsOn(node.name)].flatMap(({ plan }) => plan ?? []);
    this.world.removeNode(node.name);
    this.cluster.faults.clear(node.name);
    this.faultsUntil.delete(node.name);
    this.away.push(node.plan);
    const returns = this.away.length > 4 && this.random() % 2 === 0;
    const former = returns ? this.away.shift() : undefined;
    const text = `node/${this.at}`;
    const name = former?.name ?? `node-${nameSuffix(this.seed, text, 6)}`;
    const nowMs = this.nowMs();
    this.world.addNode({ ...node.plan, name, uid: uuidOf(this.seed, text), bootMs: nowMs });
    if (this.away.length > 20) this.away.shift();
    for (const plan of plans) this.addLike(plan, name);
    this.changes.nodes += 1;
  }

  private endFaults(): void {
    for (const [nodeName, until] of this.faultsUntil) {
      if (until > this.at) continue;
      this.faultsUntil.delete(nodeName);
      this.cluster.faults.clear(nodeName);
    }
  }

  private beginFaults(nodes: readonly SimulatedNode[]): void {
    const [least, most] = this.pace.faultSteps;
    const wanted = Math.floor(nodes.length * this.pace.faulty) - this.faultsUntil.size;
    // A few at a time: faults of connections are arranged for all nodes at once.
    for (let each = 0; each < Math.min(wanted, 2); each++) {
      const node = this.draw(nodes);
      const [kind, value] = this.draw(FAULTS) ?? [];
      if (!node || !kind || this.faultsUntil.has(node.name)) continue;
      this.faultsUntil.set(node.name, this.at + least + (this.random() % (most - least)));
      this.cluster.faults.set(kind, { nodeName: node.name, ...(value !== undefined && { value }) });
      this.changes.faults += 1;
    }
  }

  private reset(): true {
    this.changes.resets += 1;
    if (this.changes.resets % 2 === 0) this.cluster.objects.compact();
    this.cluster.apiServer.breakConnections();
    return true;
  }

  private draw<Item>(items: readonly Item[]): Item | undefined {
    return items[this.random() % Math.max(1, items.length)];
  }

  private random(): number {
    return hashNumber(this.seed, this.drawn++);
  }

  private nowMs(): number {
    return Math.floor(this.world.clock.nowMs());
  }
}
