import { NodeBlock } from '../model/node-block.ts';

/** As many as there are quick scrapes at once, unless thousands of kubelets take their time; those beyond make their own. */
const POOL_SIZE = 32;

/** Blocks to be filled again and again, so that a scrape makes no new columns. */
export class BlockPool {
  readonly #free: NodeBlock[] = [];

  take(): NodeBlock {
    return this.#free.pop() ?? new NodeBlock();
  }

  /** Only when nobody writes into it any more. */
  give(block: NodeBlock): void {
    if (this.#free.length < POOL_SIZE) this.#free.push(block);
  }
}
