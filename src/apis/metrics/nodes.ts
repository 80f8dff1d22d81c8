import type { FieldSelector } from '../../apimachinery/field-selector.ts';
import type { LabelSelector } from '../../apimachinery/label-selector.ts';
import { notFound } from '../../apimachinery/status-error.ts';
import type { ListRequest, Resource } from '../../apiserver/api-group.ts';
import type { Clock } from '../../clock.ts';
import type { NodeUsage } from '../../model/usage.ts';
import type { ResourceMetricsInstruments } from './instruments.ts';
import { UsageWriter } from './objects.ts';
import type { NodeMetrics, NodeRecord } from './objects.ts';
import { NODE_METRICS } from './schema.ts';
import { USAGE_COLUMNS, nodeCells } from './table.ts';

export interface NodeLister {
  /** By name; those after `after`. */
  list(after?: string): Iterable<NodeRecord>;
  get(name: string): NodeRecord | undefined;
}

export interface NodeUsageReader {
  /** Undefined: nothing that could be served (yet, or any longer). */
  nodeUsage(name: string): NodeUsage | undefined;
  /** Whether nodeUsage would give anything; makes nothing. */
  hasNodeUsage(name: string): boolean;
}

interface NodesParts {
  readonly nodes: NodeLister;
  readonly usage: NodeUsageReader;
  /** `--node-selector`: which nodes are listed. A get does not ask it, as upstream. */
  readonly nodeSelector: LabelSelector;
  readonly instruments: ResourceMetricsInstruments;
  readonly clock: Clock;
}

/** Serves `nodes` of metrics.k8s.io. A node without usage is left out of lists and not found by name. */
export function nodeMetricsResource(parts: NodesParts): Resource<NodeMetrics> {
  const { nodes, usage, instruments, clock } = parts;
  const writer = new UsageWriter();

  return {
    name: 'nodes',
    singularName: '',
    kind: 'NodeMetrics',
    listKind: 'NodeMetricsList',
    namespaced: false,
    verbs: ['get', 'list'],
    schema: NODE_METRICS,
    list: (request) => listed(request, parts),
    paging: {
      keyOf: ({ node: { name } }) => ({ namespace: '', name }),
      walk: (request) => walked(request, parts),
    },
    get({ name }) {
      const node = nodes.get(name);
      if (!node) throw notFound('', 'node', name);
      const figures = usage.nodeUsage(name);
      if (!figures) throw notFound('metrics.k8s.io', 'nodemetrics', name);
      instruments.observeFreshness((clock.nowMs() - figures.timestampMs) / 1000);
      return { node, usage: figures };
    },
    encoding: {
      metadata: ({ node: { name, labels } }) => ({ name, namespace: undefined, labels }),
      json: ({ usage: figures }) => writer.nodeJson(figures),
      protobuf: ({ usage: figures }) => writer.nodeProtobuf(figures),
      columns: () => USAGE_COLUMNS,
      cells: ({ usage: figures }) => nodeCells(figures),
    },
  };
}

function* listed(request: ListRequest, parts: NodesParts): Generator<NodeMetrics | undefined> {
  const { usage, instruments, clock } = parts;
  const nowMs = clock.nowMs();
  for (const node of candidates(request, parts)) {
    const figures = node && usage.nodeUsage(node.name);
    if (figures) instruments.observeFreshness((nowMs - figures.timestampMs) / 1000);
    yield figures && { node, usage: figures };
  }
}

function* walked(request: ListRequest, parts: NodesParts): Generator<boolean> {
  for (const node of candidates(request, parts)) {
    yield node !== undefined && parts.usage.hasNodeUsage(node.name);
  }
}

/** Every node after the one where the list goes on; undefined for one that is not asked for. */
function* candidates(
  { labelSelector, fieldSelector, after }: ListRequest,
  { nodes, nodeSelector }: NodesParts,
): Generator<NodeRecord | undefined> {
  for (const node of nodes.list(after?.name)) {
    const isSelected = nodeSelector.matches(node.labels) && labelSelector.matches(node.labels);
    yield isSelected && hasFields(node, fieldSelector) ? node : undefined;
  }
}

/** A node's namespace is the empty string. */
function hasFields({ name }: NodeRecord, selector: FieldSelector): boolean {
  return selector.matches((field) => (field === 'metadata.name' ? name : ''));
}
