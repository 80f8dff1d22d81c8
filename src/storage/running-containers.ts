import type { NodeBlock } from '../model/node-block.ts';
import { believableStartMs, presenceOf } from './retention.ts';

/**
 * The running containers of one pod of a block, sorted by name, each name once. Used again for every pod:
 * its rows are overwritten and never given back, so that choosing makes nothing.
 */
export class RunningContainers {
  #rows = new Int32Array(64);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Row in the block of the container at this place. */
  rowAt(place: number): number {
    return this.#rows[place] ?? 0;
  }

  choose(block: NodeBlock, podRow: number): void {
    this.#count = 0;
    const endRow = block.podContainersEnd[podRow] ?? 0;
    for (let row = firstRowOf(block, podRow); row < endRow; row++) {
      if (!isFinished(block, row)) this.#insert(block, row);
    }
  }

  #insert(block: NodeBlock, row: number): void {
    const name = block.containerName[row] ?? '';
    let place = this.#count;
    while (place > 0 && (block.containerName[this.rowAt(place - 1)] ?? '') > name) place--;
    if (place > 0 && block.containerName[this.rowAt(place - 1)] === name) {
      if (isNewerContainer(block, row, this.rowAt(place - 1))) this.#rows[place - 1] = row;
      return;
    }
    if (this.#count === this.#rows.length) {
      const grown = new Int32Array(this.#count * 2);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows.copyWithin(place + 1, place, this.#count);
    this.#rows[place] = row;
    this.#count += 1;
  }
}

/** As of duplicate containers: the newest start among a pod's containers wins, then the newest sample. */
export function isNewerPod(block: NodeBlock, podRow: number, than: number): boolean {
  const start = newest(block, podRow, startIn);
  const otherStart = newest(block, than, startIn);
  if (start !== otherStart) return start > otherStart;
  return newest(block, podRow, timeIn) > newest(block, than, timeIn);
}

/** Of duplicates the newest start wins, then the newest sample; an unknown time is the oldest. */
function isNewerContainer(block: NodeBlock, row: number, than: number): boolean {
  const start = startIn(block, row);
  const otherStart = startIn(block, than);
  return start === otherStart ? timeIn(block, row) > timeIn(block, than) : start > otherStart;
}

function isFinished(block: NodeBlock, row: number): boolean {
  const seconds = block.cpuSeconds[row] ?? Number.NaN;
  const memory = block.memoryBytes[row] ?? Number.NaN;
  return presenceOf(Number.NaN, seconds, block.cpuNanos[row] ?? 0, memory) === 'finished';
}

function newest(
  block: NodeBlock,
  podRow: number,
  timeOfRow: (block: NodeBlock, row: number) => number,
): number {
  const endRow = block.podContainersEnd[podRow] ?? 0;
  let newestMs = Number.NEGATIVE_INFINITY;
  for (let row = firstRowOf(block, podRow); row < endRow; row++) {
    newestMs = Math.max(newestMs, timeOfRow(block, row));
  }
  return newestMs;
}

function firstRowOf(block: NodeBlock, podRow: number): number {
  return podRow === 0 ? 0 : (block.podContainersEnd[podRow - 1] ?? 0);
}

function startIn(block: NodeBlock, row: number): number {
  const startMs = believableStartMs(block.startMs[row] ?? Number.NaN, timeIn(block, row));
  return Number.isNaN(startMs) ? Number.NEGATIVE_INFINITY : startMs;
}

function timeIn(block: NodeBlock, row: number): number {
  const timeMs = block.timeMs[row] ?? Number.NaN;
  return Number.isNaN(timeMs) ? Number.NEGATIVE_INFINITY : timeMs;
}
