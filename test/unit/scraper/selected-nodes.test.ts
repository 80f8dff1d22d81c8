import { describe, expect, test } from '@jest/globals';
import { parseLabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { selectedNodes } from '../../../src/scraper/selected-nodes.ts';

function aNode(name: string, labels: Readonly<Record<string, string>>) {
  return {
    name,
    labels: new Map(Object.entries(labels)),
    addresses: [],
    kubeletPort: 0,
    resourceMetricsPath: '',
    ready: true,
  };
}

type Node = ReturnType<typeof aNode>;
interface Listener {
  readonly upserted: (node: Node) => void;
  readonly deleted: (name: string) => void;
}

/** Nodes that a test changes by hand. */
class Nodes {
  readonly #nodes: readonly Node[];
  readonly #listeners = new Set<Listener>();

  constructor(...nodes: Node[]) {
    this.#nodes = nodes;
  }

  list(): Iterable<Node> {
    return this.#nodes;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  change(node: Node): void {
    for (const { upserted } of this.#listeners) upserted(node);
  }

  delete(name: string): void {
    for (const { deleted } of this.#listeners) deleted(name);
  }
}

function heard(nodes: Nodes, selector: string) {
  const events: string[] = [];
  const end = selectedNodes(nodes, parseLabelSelector(selector)).subscribe({
    upserted: ({ name }) => events.push(`upserted ${name}`),
    deleted: (name) => events.push(`deleted ${name}`),
  });
  return { events, end };
}

describe('selectedNodes', () => {
  test.each([
    { selector: '', names: ['a', 'b'] },
    { selector: 'zone=east', names: ['a'] },
    { selector: '!zone', names: [] },
  ])('lists the nodes that "$selector" selects', ({ selector, names }) => {
    const nodes = new Nodes(aNode('a', { zone: 'east' }), aNode('b', { zone: 'west' }));

    const listed = [...selectedNodes(nodes, parseLabelSelector(selector)).list()];

    expect(listed.map(({ name }) => name)).toEqual(names);
  });

  test('a node that comes to be selected is new, one that is not any more is gone', () => {
    const nodes = new Nodes();
    const { events } = heard(nodes, 'zone=east');

    nodes.change(aNode('a', { zone: 'east' }));
    nodes.change(aNode('a', { zone: 'west' }));
    nodes.delete('a');

    expect(events).toEqual(['upserted a', 'deleted a', 'deleted a']);
  });

  test('tells nothing after the end of the subscription', () => {
    const nodes = new Nodes();
    const { events, end } = heard(nodes, 'zone=east');

    end();
    nodes.change(aNode('a', { zone: 'east' }));

    expect(events).toEqual([]);
  });
});
