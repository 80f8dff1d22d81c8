import { compareNames } from '../apimachinery/byte-order.ts';
import { LabelSet } from '../apimachinery/label-set.ts';
import { Informer } from './informer.ts';
import type { InformerOptions } from './informer.ts';
import { listOf, memberOf, textEntriesOf, textOf } from './json-value.ts';
import type { Mirror } from './relist.ts';
import { entriesAfter } from './sorted-names.ts';

interface NodeAddress {
  /** InternalIP, Hostname … */
  readonly type: string;
  readonly address: string;
}

/** What is kept of a Node. A new record replaces the old one when anything in it has changed. */
export interface NodeRecord {
  readonly name: string;
  readonly labels: LabelSet;
  readonly addresses: readonly NodeAddress[];
  /** `status.daemonEndpoints.kubeletEndpoint.Port`; 0 when the node does not say. */
  readonly kubeletPort: number;
  /** Whether the condition Ready is True. */
  readonly ready: boolean;
  /** The annotation `metrics.k8s.io/resource-metrics-path`; '' without it. */
  readonly resourceMetricsPath: string;
}

export interface NodeListener {
  /** A node is new, or something in its record has changed. */
  upserted(node: NodeRecord): void;
  deleted(name: string): void;
}

const RESOURCE_METRICS_PATH = 'metrics.k8s.io/resource-metrics-path';

const RESOURCE = {
  name: 'nodes',
  path: '/api/v1/nodes',
  listAccept: 'application/json',
  watchAccept: 'application/json',
  remedy: 'Grant get, list and watch of nodes to our account (ClusterRole system:metrics-server)',
};

export type NodeInformerOptions = Omit<InformerOptions, 'resource'>;

/** Follows every node of the cluster. */
export class NodeInformer extends Informer {
  private readonly nodes: NodeMirror;

  constructor(options: NodeInformerOptions) {
    const nodes = new NodeMirror();
    super(nodes, { ...options, resource: RESOURCE });
    this.nodes = nodes;
  }

  /** By name, in byte order; those after `after`. What is being iterated does not change meanwhile. */
  list(after?: string): Iterable<NodeRecord> {
    return entriesAfter(this.nodes.list(), after);
  }

  get(name: string): NodeRecord | undefined {
    return this.nodes.get(name);
  }

  get size(): number {
    return this.nodes.size;
  }

  /** Tells of changes from now on; for what there is already, see `list`. Returns how to end it. */
  subscribe(listener: NodeListener): () => void {
    return this.nodes.subscribe(listener);
  }
}

class NodeMirror implements Mirror {
  private readonly byName = new Map<string, NodeRecord>();
  private readonly listeners = new Set<NodeListener>();
  private sorted: readonly NodeRecord[] | undefined;

  get size(): number {
    return this.byName.size;
  }

  get(name: string): NodeRecord | undefined {
    return this.byName.get(name);
  }

  list(): readonly NodeRecord[] {
    return (this.sorted ??= [...this.byName.values()].sort(byName));
  }

  subscribe(listener: NodeListener): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  upsert(object: unknown): NodeRecord | undefined {
    const node = readNode(object);
    if (node.name === '') return undefined;
    const known = this.byName.get(node.name);
    if (known && isSame(known, node)) return known;
    this.byName.set(node.name, node);
    this.sorted = undefined;
    for (const listener of this.listeners) listener.upserted(node);
    return node;
  }

  remove(object: unknown): void {
    this.delete(textOf(memberOf(memberOf(object, 'metadata'), 'name')));
  }

  retain(seen: ReadonlySet<object>): void {
    for (const node of this.byName.values()) if (!seen.has(node)) this.delete(node.name);
  }

  private delete(name: string): void {
    if (!this.byName.delete(name)) return;
    this.sorted = undefined;
    for (const listener of this.listeners) listener.deleted(name);
  }
}

/** Reads what we keep from a Node as JSON; what it lacks is empty. */
export function readNode(object: unknown): NodeRecord {
  const metadata = memberOf(object, 'metadata');
  const status = memberOf(object, 'status');
  const port = memberOf(memberOf(memberOf(status, 'daemonEndpoints'), 'kubeletEndpoint'), 'Port');
  return {
    name: textOf(memberOf(metadata, 'name')),
    labels: LabelSet.of(textEntriesOf(memberOf(metadata, 'labels'))),
    addresses: listOf(memberOf(status, 'addresses')).map((entry) => ({
      type: textOf(memberOf(entry, 'type')),
      address: textOf(memberOf(entry, 'address')),
    })),
    kubeletPort: isPort(port) ? port : 0,
    ready: listOf(memberOf(status, 'conditions')).some(
      (entry) => memberOf(entry, 'type') === 'Ready' && memberOf(entry, 'status') === 'True',
    ),
    resourceMetricsPath: textOf(memberOf(memberOf(metadata, 'annotations'), RESOURCE_METRICS_PATH)),
  };
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}

function isSame(left: NodeRecord, right: NodeRecord): boolean {
  return (
    left.kubeletPort === right.kubeletPort &&
    left.ready === right.ready &&
    left.resourceMetricsPath === right.resourceMetricsPath &&
    left.labels.json === right.labels.json &&
    isSameAddresses(left.addresses, right.addresses)
  );
}

function isSameAddresses(left: readonly NodeAddress[], right: readonly NodeAddress[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ type, address }, at) => {
      const other = right[at];
      return other?.type === type && other.address === address;
    })
  );
}

function byName(left: NodeRecord, right: NodeRecord): number {
  return compareNames(left.name, right.name);
}
