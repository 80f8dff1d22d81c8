import type { NodeBlock } from '../model/node-block.ts';
import type { Usable } from '../model/usage.ts';

/** A node as the scraper needs it; the kubelet's reader may see more in the same object. */
export interface ScrapeNode {
  readonly name: string;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  /** The port that the node reports for its kubelet; 0 when it reports none. */
  readonly kubeletPort: number;
  /** Path of the page to read in place of the summary; '' when the node names none. */
  readonly resourceMetricsPath: string;
  /** The Ready condition is True. Others are scraped too; their failures are told more quietly. */
  readonly ready: boolean;
}

/** The selected nodes, and what becomes of them. */
export interface NodeSource {
  list(): Iterable<ScrapeNode>;
  /** Returns the function that ends the subscription. A node that is no longer selected counts as deleted. */
  subscribe(listener: {
    readonly upserted: (node: ScrapeNode) => void;
    readonly deleted: (name: string) => void;
  }): () => void;
}

/** Asks one kubelet and fills the block with its answer. */
export interface KubeletReader {
  /** Rejects when there is no usable answer, soon after `signal` aborts at the latest. */
  scrape(node: ScrapeNode, into: NodeBlock, signal: AbortSignal): Promise<void>;
}

/** Where the answers go. The block is used again after `store` returns, which says of what there were figures. */
export interface BlockStore {
  store(nodeName: string, block: NodeBlock): Usable;
  /** A scrape brought nothing. An excused node's figures do not age until its next scrape has ended. */
  missed(nodeName: string, isExcused: boolean): void;
  removeNode(nodeName: string): void;
}

/** kube-apiserver, which kubelets ask whose our token is and what its owner may, before they answer. */
export interface Reviewer {
  /** Whether it cannot be reached, or could not at any time in the last `ms`. */
  wasAwayWithin(ms: number): boolean;
  /** `back` is told when it can be reached again. Returns the function that ends the subscription. */
  subscribe(listener: { readonly back: () => void }): () => void;
}
