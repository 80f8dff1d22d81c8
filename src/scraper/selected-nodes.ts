import type { LabelSelector } from '../apimachinery/label-selector.ts';
import type { Labels } from '../apimachinery/label-set.ts';
import type { NodeSource, ScrapeNode } from './ports.ts';

interface LabelledNode extends ScrapeNode {
  readonly labels: Labels;
}

interface LabelledNodeSource {
  list(): Iterable<LabelledNode>;
  subscribe(listener: {
    readonly upserted: (node: LabelledNode) => void;
    readonly deleted: (name: string) => void;
  }): () => void;
}

/** The nodes that `--node-selector` selects. One whose labels change so that it is not any more, is deleted. */
export function selectedNodes(nodes: LabelledNodeSource, selector: LabelSelector): NodeSource {
  if (selector.isEverything) return nodes;
  return {
    *list() {
      for (const node of nodes.list()) if (selector.matches(node.labels)) yield node;
    },
    subscribe({ upserted, deleted }) {
      return nodes.subscribe({
        upserted(node) {
          if (selector.matches(node.labels)) upserted(node);
          else deleted(node.name);
        },
        deleted,
      });
    },
  };
}
