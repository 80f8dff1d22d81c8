import type { KubeletSource } from '../model/node-block.ts';
import type { NodeUsage, PodUsage } from '../model/usage.ts';
import { clearRow, NODE_ROW, pointRows } from './point-rows.ts';
import type { Standing } from './retention.ts';

/** Complete figures that outlive their points. */
export interface Kept<Usage> {
  readonly usage: Usage;
  /** When the oldest sample among them first arrived, on our monotonic clock. */
  readonly arrivedAtMs: number;
}

/** The storage of all nodes, as they know it. */
export interface Owner {
  /** How often the version of any of its nodes has changed. */
  changes: number;
}

/** What is kept of one node's answers. */
export class NodeRecord {
  /** The storage that it is part of. */
  readonly owner: Owner;
  /** Grows with whatever may change what is said of any of its pods, except time. */
  version = 0;
  source: KubeletSource = 'summary';
  /** How many answers were stored, and when the last one was, on our monotonic clock. */
  answers = 0;
  answeredAtMs = 0;
  /** Since when its kubelet is excused for not answering, on our monotonic clock; undefined: it is not. */
  excusedAtMs: number | undefined = undefined;
  /** Row 0 is the node, the rows after it its running containers: a pod's in a piece, sorted by name. */
  rows = pointRows(1);
  /** Name of the container in row i + 1. */
  containerNames: string[] = [];
  pods: PodEntry[] = [];
  standing: Standing = 'none';
  kept: Kept<NodeUsage> | undefined = undefined;

  constructor(owner: Owner) {
    this.owner = owner;
    clearRow(this.rows, NODE_ROW);
  }

  changed(): void {
    this.version += 1;
    this.owner.changes += 1;
  }
}

/** One pod as one node reports it: the rows `firstRow` up to, not including, `endRow` of the node. */
export class PodEntry {
  readonly namespace: string;
  readonly name: string;
  /** '' when the source says none. */
  uid: string;
  readonly node: NodeRecord;
  firstRow = 0;
  endRow = 0;
  standing: Standing = 'none';
  /** The version of the node when its figures changed last. */
  changedAt = 0;
  kept: Kept<PodUsage> | undefined = undefined;
  /** The number of the node's answer that named the pod last, and the pod's row and hash in its block. */
  answer = 0;
  blockRow = 0;
  hash = 0;
  /** Another pod of the same namespace and name: of another uid, or reported by another node. */
  next: PodEntry | undefined = undefined;
  /** Whose pod this is, as long as a search would lead to no other entry. */
  finder: Finder | undefined = undefined;

  constructor(namespace: string, name: string, uid: string, node: NodeRecord) {
    this.namespace = namespace;
    this.name = name;
    this.uid = uid;
    this.node = node;
  }

  /** It is the one that `finder` looks for, and the only one of its name. */
  foundBy(finder: Finder): void {
    if (this.finder?.place === this) this.finder.place = undefined;
    this.finder = finder;
    finder.place = this;
  }

  /** From now on a search may lead elsewhere. */
  mustBeSearched(): void {
    this.node.changed();
    if (this.finder?.place === this) this.finder.place = undefined;
    this.finder = undefined;
  }
}

/** Who remembers where its pod was found. */
interface Finder {
  place?: unknown;
}
