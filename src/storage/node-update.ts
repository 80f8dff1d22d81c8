import type { NodeBlock } from '../model/node-block.ts';
import type { Usable } from '../model/usage.ts';
import { nodeUsageOf, oldestArrival, podUsageOf } from './figures.ts';
import { KnownPods } from './known-pods.ts';
import { type Kept, type NodeRecord, PodEntry } from './node-record.ts';
import type { PodIndex } from './pod-index.ts';
import {
  type Arrival,
  blankReading,
  clearRow,
  copyRow,
  copyRows,
  hasRate,
  isSilent,
  kubeletRateOf,
  NODE_ROW,
  pointRows,
  type PointRows,
  readContainer,
  readNode,
  replaceLast,
  rowCapacity,
  silence,
  startOf,
  timeOf,
} from './point-rows.ts';
import { isBelievableRate, standingOf } from './retention.ts';
import { isNewerPod, RunningContainers } from './running-containers.ts';

export interface UpdateOptions {
  readonly index: PodIndex;
  readonly resolutionMs: number;
  readonly stalenessMs: number;
  readonly bootstrapFromKubeletRate: boolean;
}

/** What a row's new reading did to it. */
type Effect = 'same' | 'changed' | 'startedOver';

/**
 * Works one answer into a node's record. The new rows are laid out in a table of its own, in the order of
 * the answer, while the old ones can still be read; then they are copied over. So a scrape that finds the
 * pods and containers of the one before makes no new tables, keys or entries, in whatever order they come.
 */
export class NodeUpdate {
  readonly #options: UpdateOptions;
  readonly #arrival: Arrival;
  #rows = pointRows(64);
  /** Names of the new rows, and the entry of each pod of the answer; beyond its own they hold older ones. */
  readonly #containerNames: string[] = [];
  readonly #entries: PodEntry[] = [];
  readonly #running = new RunningContainers();
  readonly #known = new KnownPods();
  /** Of the answer at hand. */
  #nodeMeasured = false;
  #runningContainers = 0;
  #measuredContainers = 0;

  constructor(options: UpdateOptions) {
    this.#options = options;
    this.#arrival = {
      ...{ arrivedAtMs: 0, elapsedMs: 0, wasOlder: false },
      resolutionMs: options.resolutionMs,
      reading: blankReading(),
      last: blankReading(),
    };
  }

  /** `nowMs` is monotonic. The block is not kept. Says of what there were figures. */
  apply(node: NodeRecord, block: NodeBlock, nowMs: number): Usable {
    this.#arrival.arrivedAtMs = nowMs;
    this.#runningContainers = 0;
    this.#measuredContainers = 0;
    if (rowCapacity(this.#rows) <= block.containers) this.#rows = pointRows(block.containers * 2);
    const sameSource = node.source === block.source;
    node.answers += 1;
    node.changed();
    this.#identify(node, block, sameSource);
    this.#storeNode(node, block, sameSource);
    this.#forgetAbsent(node);
    const endRow = this.#storePods(node, block, sameSource);
    this.#takeOver(node, endRow);
    node.source = block.source;
    node.answeredAtMs = nowMs;
    node.excusedAtMs = undefined;
    return this.#usable();
  }

  #usable(): Usable {
    const someMeasured = this.#measuredContainers > 0;
    if (this.#nodeMeasured) return someMeasured || this.#runningContainers === 0 ? 'all' : 'node';
    return someMeasured ? 'containers' : 'none';
  }

  /** Finds or makes the entry of each pod, and chooses among duplicates of one. */
  #identify(node: NodeRecord, block: NodeBlock, sameSource: boolean): void {
    this.#known.open(node.pods);
    for (let row = 0; row < block.pods; row++) {
      const entry = this.#known.find(block, row) ?? this.#entryOf(node, block, row, sameSource);
      entry.hash = block.podHash[row] ?? 0;
      this.#entries[row] = entry;
      if (entry.answer === node.answers && !isNewerPod(block, row, entry.blockRow)) continue;
      entry.answer = node.answers;
      entry.blockRow = row;
    }
  }

  #entryOf(node: NodeRecord, block: NodeBlock, row: number, sameSource: boolean): PodEntry {
    const { index } = this.#options;
    const namespace = block.podNamespace[row] ?? '';
    const name = block.podName[row] ?? '';
    const uid = block.podUid[row] ?? '';
    const first = index.first(namespace, name);
    for (let entry = first; entry !== undefined; entry = entry.next) {
      if (entry.node === node && entry.uid === uid) return entry;
    }
    for (let entry = first; !sameSource && entry !== undefined; entry = entry.next) {
      // Only one of the sources tells uids. What it told before stands for the pod until it is complete again.
      if (entry.node !== node || (entry.uid !== '' && uid !== '')) continue;
      entry.mustBeSearched();
      entry.uid = uid;
      return entry;
    }
    const entry = new PodEntry(namespace, name, uid, node);
    index.add(entry);
    return entry;
  }

  #storeNode(node: NodeRecord, block: NodeBlock, sameSource: boolean): void {
    const presence = readNode(block, this.#arrival.reading);
    this.#nodeMeasured = presence === 'measured';
    if (sameSource && presence !== undefined) copyRow(node.rows, NODE_ROW, this.#rows, NODE_ROW);
    else clearRow(this.#rows, NODE_ROW);
    if (presence === undefined) {
      settle(node, undefined, 'none');
      return;
    }
    const effect = this.#storeRow(NODE_ROW, presence === 'measured');
    if (effect === 'same' && node.standing !== 'kept') return;
    const complete = hasRate(this.#rows, NODE_ROW);
    const kept = complete ? undefined : this.#lastFiguresOfNode(node);
    const standing = standingOf({
      complete,
      startedOver: effect === 'startedOver',
      keepable: kept !== undefined,
      bootstrappable: this.#canBootstrap(NODE_ROW, NODE_ROW + 1),
    });
    settle(node, kept, standing);
  }

  #forgetAbsent(node: NodeRecord): void {
    for (const entry of node.pods) {
      if (entry.answer !== node.answers) this.#options.index.remove(entry);
    }
  }

  /** Returns the row after the last. */
  #storePods(node: NodeRecord, block: NodeBlock, sameSource: boolean): number {
    let pods = 0;
    let endRow = NODE_ROW + 1;
    for (let row = 0; row < block.pods; row++) {
      const entry = this.#entries[row];
      if (entry?.blockRow !== row) continue; // a duplicate that lost
      endRow = this.#storePod(entry, block, sameSource, endRow);
      node.pods[pods++] = entry;
    }
    node.pods.length = pods;
    return endRow;
  }

  /** Returns the row after the pod's. */
  #storePod(entry: PodEntry, block: NodeBlock, sameSource: boolean, firstRow: number): number {
    this.#running.choose(block, entry.blockRow);
    const endRow = firstRow + this.#running.count;
    let changed = endRow - firstRow !== entry.endRow - entry.firstRow;
    let startedOver = false;
    let oldRow = entry.firstRow;
    for (let row = firstRow; row < endRow; row++) {
      const blockRow = this.#running.rowAt(row - firstRow);
      const name = block.containerName[blockRow] ?? '';
      oldRow = this.#inherit(entry, oldRow, { row, name, sameSource });
      const measured = readContainer(block, blockRow, this.#arrival.reading) === 'measured';
      this.#runningContainers += 1;
      this.#measuredContainers += measured ? 1 : 0;
      const effect = this.#storeRow(row, measured);
      changed ||= effect !== 'same';
      startedOver ||= effect === 'startedOver';
    }
    if (changed || entry.standing === 'kept') this.#settlePod(entry, firstRow, endRow, startedOver);
    entry.firstRow = firstRow;
    entry.endRow = endRow;
    return endRow;
  }

  /** Copies the points of the container of that name into `row`, if it has any. Both sides are sorted by name. */
  #inherit(
    { node, endRow }: PodEntry,
    oldRow: number,
    { row, name, sameSource }: { row: number; name: string; sameSource: boolean },
  ): number {
    let candidate = oldRow;
    while (candidate < endRow && (node.containerNames[candidate - 1] ?? '') < name) candidate++;
    if (sameSource && candidate < endRow && node.containerNames[candidate - 1] === name) {
      copyRow(node.rows, candidate, this.#rows, row);
    } else {
      clearRow(this.#rows, row);
    }
    this.#containerNames[row - 1] = name;
    return candidate;
  }

  #storeRow(row: number, measured: boolean): Effect {
    const rows = this.#rows;
    const wasSilent = isSilent(rows, row);
    if (!measured) {
      silence(rows, row);
      return wasSilent ? 'same' : 'changed';
    }
    const verdict = replaceLast(rows, row, this.#arrival);
    if (verdict === 'setBack') return 'startedOver';
    const unchanged = (verdict === 'repeated' || verdict === 'older') && !wasSilent;
    return unchanged ? 'same' : 'changed';
  }

  #settlePod(entry: PodEntry, firstRow: number, endRow: number, startedOver: boolean): void {
    entry.changedAt = entry.node.version;
    if (firstRow === endRow) {
      settle(entry, undefined, 'none');
      return;
    }
    const complete = this.#hasRates(firstRow, endRow);
    const kept = complete ? undefined : this.#lastFiguresOfPod(entry);
    const standing = standingOf({
      complete,
      startedOver,
      keepable: kept !== undefined,
      bootstrappable: this.#canBootstrap(firstRow, endRow),
    });
    settle(entry, kept, standing);
  }

  #hasRates(firstRow: number, endRow: number): boolean {
    for (let row = firstRow; row < endRow; row++) if (!hasRate(this.#rows, row)) return false;
    return true;
  }

  #canBootstrap(firstRow: number, endRow: number): boolean {
    if (!this.#options.bootstrapFromKubeletRate) return false;
    const rows: PointRows = this.#rows;
    for (let row = firstRow; row < endRow; row++) {
      if (isSilent(rows, row)) return false;
      const rate = kubeletRateOf(rows, row);
      if (!isBelievableRate(rate, startOf(rows, row), timeOf(rows, row))) return false;
    }
    return true;
  }

  /** The complete figures that stood before this answer, unless stale. */
  #lastFiguresOfPod(entry: PodEntry): PodEntry['kept'] {
    const { standing, node, firstRow, endRow } = entry;
    if (standing === 'none') return undefined;
    if (standing === 'kept') return this.#unlessStale(entry.kept);
    const arrivedAtMs = oldestArrival(node.rows, firstRow, endRow);
    return this.#unlessStale({ usage: podUsageOf(entry, standing), arrivedAtMs });
  }

  #lastFiguresOfNode(node: NodeRecord): NodeRecord['kept'] {
    const { standing } = node;
    if (standing === 'none') return undefined;
    if (standing === 'kept') return this.#unlessStale(node.kept);
    const arrivedAtMs = oldestArrival(node.rows, NODE_ROW, NODE_ROW + 1);
    return this.#unlessStale({ usage: nodeUsageOf(node, standing), arrivedAtMs });
  }

  #unlessStale<Usage>(kept: Kept<Usage> | undefined): Kept<Usage> | undefined {
    if (kept === undefined) return undefined;
    const ageMs = this.#arrival.arrivedAtMs - kept.arrivedAtMs;
    return ageMs > this.#options.stalenessMs ? undefined : kept;
  }

  /** Puts the new rows in the place of the old, which are of the right size most of the time. */
  #takeOver(node: NodeRecord, endRow: number): void {
    if (rowCapacity(node.rows) !== endRow) node.rows = pointRows(endRow);
    copyRows(this.#rows, node.rows);
    const names = endRow - 1;
    if (node.containerNames.length === names) {
      for (let at = 0; at < names; at++) node.containerNames[at] = this.#containerNames[at] ?? '';
    } else {
      node.containerNames = this.#containerNames.slice(0, names);
    }
  }
}

/** Gives a node or pod its standing; `kept` stands only where the standing says so. */
function settle<Usage>(
  holder: {
    standing: NodeRecord['standing'];
    kept: Kept<Usage> | undefined;
  },
  kept: Kept<Usage> | undefined,
  standing: NodeRecord['standing'],
): void {
  holder.standing = standing;
  holder.kept = standing === 'kept' ? kept : undefined;
}
