import type { NodeBlock } from '../model/node-block.ts';
import type { PodEntry } from './node-record.ts';

const FEWEST_SLOTS = 64;
/** How much of them is taken at most: one in so many. */
const ROOM = 2;
/** Slots that are tried: pods whose hashes were made up to be alike are looked for elsewhere. */
const MOST_PROBES = 16;
const FREE = -1;

/**
 * The pods of the node whose answer is being stored, as its last answer had them. Nearly all of them come again, in another
 * order: here they are found without the index of all pods, which lies in cold memory. Used again for every node.
 */
export class KnownPods {
  /** Open-addressed: places among the pods, by their hash. */
  #slots = new Int32Array(FEWEST_SLOTS);
  #pods: readonly PodEntry[] = [];

  /** The pods are looked at until the next call, and must stay where they are. */
  open(pods: readonly PodEntry[]): void {
    this.#pods = pods;
    if (pods.length * ROOM > this.#slots.length) {
      this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(pods.length * ROOM)));
    }
    const slots = this.#slots.fill(FREE);
    const mask = slots.length - 1;
    for (let place = 0; place < pods.length; place++) {
      const hash = pods[place]?.hash ?? 0;
      for (let probe = 0; probe < MOST_PROBES; probe++) {
        const slot = (hash + probe) & mask;
        if (slots[slot] !== FREE) continue;
        slots[slot] = place;
        break;
      }
    }
  }

  /** The pod in that row of a block. Undefined says nothing: it may be in the index all the same. */
  find(block: NodeBlock, row: number): PodEntry | undefined {
    const hash = block.podHash[row] ?? 0;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const place = slots[(hash + probe) & mask] ?? FREE;
      if (place === FREE) return undefined;
      const entry = this.#pods[place];
      if (entry?.hash === hash && isRow(entry, block, row)) return entry;
    }
    return undefined;
  }
}

function isRow({ namespace, name, uid }: PodEntry, block: NodeBlock, row: number): boolean {
  return (
    name === block.podName[row] &&
    namespace === block.podNamespace[row] &&
    uid === block.podUid[row]
  );
}
