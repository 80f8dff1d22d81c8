import type { NodeBlock } from '../model/node-block.ts';

const FEWEST_ROWS = 64;
const NONE = -1;

/** Which container a sample is of; the hashes are equal for equal names. */
export interface ContainerKey {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly podHash: number;
  readonly containerHash: number;
}

/**
 * The containers of one page while it is read: a page lists them family by family, a block pod by pod. Rows are
 * numbered as they first come. Emptied and used again without allocating.
 */
export class ContainerRows {
  size = 0;
  startMs = new Float64Array(FEWEST_ROWS);
  timeMs = new Float64Array(FEWEST_ROWS);
  cpuSeconds = new Float64Array(FEWEST_ROWS);
  cpuNanos = new Float64Array(FEWEST_ROWS);
  memoryBytes = new Float64Array(FEWEST_ROWS);
  /** Where the labels of the row's first sample stand in the page, and their length. */
  labelsAt = new Int32Array(FEWEST_ROWS);
  labelsBytes = new Int32Array(FEWEST_ROWS);

  private readonly namespaces: string[] = [];
  private readonly pods: string[] = [];
  private readonly containers: string[] = [];
  private hashes = new Int32Array(FEWEST_ROWS);
  private podHashes = new Int32Array(FEWEST_ROWS);
  /** Open-addressed: rows by their hash; and the first row of each pod, with the rows of one pod chained to it. */
  private slots = new Int32Array(FEWEST_ROWS * 2).fill(NONE);
  private podSlots = new Int32Array(FEWEST_ROWS * 2).fill(NONE);
  private nextOfPod = new Int32Array(FEWEST_ROWS);
  private lastOfPod = new Int32Array(FEWEST_ROWS);

  clear(): void {
    this.size = 0;
    this.slots.fill(NONE);
  }

  /** The row of the container, a new one without figures if there was none. */
  rowOf(key: ContainerKey, labelsAt: number, labelsBytes: number): number {
    const mask = this.slots.length - 1;
    let slot = key.containerHash & mask;
    for (;;) {
      const row = this.slots[slot] ?? NONE;
      if (row === NONE) break;
      if (this.isRowOf(row, key)) return row;
      slot = (slot + 1) & mask;
    }
    const row = this.size++;
    this.slots[slot] = row;
    this.namespaces[row] = key.namespace;
    this.pods[row] = key.pod;
    this.containers[row] = key.container;
    this.hashes[row] = key.containerHash;
    this.podHashes[row] = key.podHash;
    this.startMs[row] = Number.NaN;
    this.timeMs[row] = Number.NaN;
    this.cpuSeconds[row] = Number.NaN;
    this.cpuNanos[row] = 0;
    this.memoryBytes[row] = Number.NaN;
    this.labelsAt[row] = labelsAt;
    this.labelsBytes[row] = labelsBytes;
    if (this.size === this.startMs.length) this.grow();
    return row;
  }

  /** Adds all pods with their containers to the block, in the order in which they first came. */
  moveInto(block: NodeBlock): void {
    this.chainPods();
    for (let first = 0; first < this.size; first++) {
      // Only the first row of a pod knows its last one.
      if ((this.lastOfPod[first] ?? NONE) === NONE) continue;
      for (let row = first; row !== NONE; row = this.nextOfPod[row] ?? NONE) {
        this.copyInto(block, row);
      }
      block.addPod(
        this.namespaces[first] ?? '',
        this.pods[first] ?? '',
        '',
        this.podHashes[first] ?? 0,
      );
    }
  }

  private copyInto(block: NodeBlock, row: number): void {
    const to = block.addContainer(this.containers[row] ?? '');
    block.startMs[to] = this.startMs[row] ?? Number.NaN;
    block.timeMs[to] = this.timeMs[row] ?? Number.NaN;
    block.cpuSeconds[to] = this.cpuSeconds[row] ?? Number.NaN;
    block.cpuNanos[to] = this.cpuNanos[row] ?? 0;
    block.memoryBytes[to] = this.memoryBytes[row] ?? Number.NaN;
  }

  private isRowOf(row: number, key: ContainerKey): boolean {
    return (
      this.hashes[row] === key.containerHash &&
      this.containers[row] === key.container &&
      this.pods[row] === key.pod &&
      this.namespaces[row] === key.namespace
    );
  }

  private chainPods(): void {
    this.podSlots.fill(NONE);
    for (let row = 0; row < this.size; row++) {
      this.nextOfPod[row] = NONE;
      const first = this.firstOfPod(row);
      if (first !== row) {
        this.nextOfPod[this.lastOfPod[first] ?? first] = row;
        this.lastOfPod[row] = NONE;
      }
      this.lastOfPod[first] = row;
    }
  }

  /** The first row of the row's pod, which is the row itself when it is the pod's first. */
  private firstOfPod(row: number): number {
    const mask = this.podSlots.length - 1;
    const hash = this.podHashes[row] ?? 0;
    let slot = hash & mask;
    for (;;) {
      const first = this.podSlots[slot] ?? NONE;
      if (first === NONE) break;
      const isSame =
        this.podHashes[first] === hash &&
        this.pods[first] === this.pods[row] &&
        this.namespaces[first] === this.namespaces[row];
      if (isSame) return first;
      slot = (slot + 1) & mask;
    }
    this.podSlots[slot] = row;
    return row;
  }

  private grow(): void {
    const rows = this.startMs.length * 2;
    this.startMs = grown(this.startMs, new Float64Array(rows));
    this.timeMs = grown(this.timeMs, new Float64Array(rows));
    this.cpuSeconds = grown(this.cpuSeconds, new Float64Array(rows));
    this.cpuNanos = grown(this.cpuNanos, new Float64Array(rows));
    this.memoryBytes = grown(this.memoryBytes, new Float64Array(rows));
    this.labelsAt = grown(this.labelsAt, new Int32Array(rows));
    this.labelsBytes = grown(this.labelsBytes, new Int32Array(rows));
    this.hashes = grown(this.hashes, new Int32Array(rows));
    this.podHashes = grown(this.podHashes, new Int32Array(rows));
    this.nextOfPod = new Int32Array(rows);
    this.lastOfPod = new Int32Array(rows);
    this.podSlots = new Int32Array(rows * 2);
    this.slots = new Int32Array(rows * 2).fill(NONE);
    const mask = this.slots.length - 1;
    for (let row = 0; row < this.size; row++) {
      let slot = (this.hashes[row] ?? 0) & mask;
      while (this.slots[slot] !== NONE) slot = (slot + 1) & mask;
      this.slots[slot] = row;
    }
  }
}

function grown<Column extends Float64Array | Int32Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
