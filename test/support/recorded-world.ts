import { LabelSet } from '../../src/apimachinery/label-set.ts';
import { parseLabelSelector } from '../../src/apimachinery/label-selector.ts';
import type { LabelSelector } from '../../src/apimachinery/label-selector.ts';
import { resourceMetricsGroup } from '../../src/apis/metrics/group.ts';
import type { ResourceMetricsParts } from '../../src/apis/metrics/group.ts';
import type { NodeRecord, PodRecord } from '../../src/apis/metrics/objects.ts';
import type { ApiGroup, ItemKey } from '../../src/apiserver/api-group.ts';
import type { Clock } from '../../src/clock.ts';
import type { ContainerUsage, NodeUsage, PodUsage } from '../../src/model/usage.ts';

const MI = 2 ** 20;
const SAMPLED_MS = Date.UTC(2026, 10, 20, 10, 0, 15, 400);

export interface NodeInWorld {
  readonly node: NodeRecord;
  readonly usage: NodeUsage | undefined;
}

export interface PodInWorld {
  readonly pod: PodRecord;
  readonly usage: PodUsage | undefined;
}

/** The cluster in which the real server's answers were recorded: what it knew, and the figures it served. */
export const RECORDED_NODES: readonly NodeInWorld[] = [
  aNode('alpha', 'linux', 'a', [2_833_333_333, 12_500_000_000], [['disk', 'ssd']]),
  aNode('beta', 'linux', 'b', [200_000_000, 6_442_450_945]),
  aNode('delta', 'linux', 'b', undefined),
  aNode('gamma', 'windows', 'a', [133_333_333_333, 2 ** 50 + 1]),
];

export const RECORDED_PODS: readonly PodInWorld[] = [
  aPod('default/db-0', { app: 'db' }, [
    ['exporter', 1_000_000, 20_971_521],
    ['postgres', 2_000_000_000, 8192 * MI],
  ]),
  aPod('default/no-labels', {}, [['main', 0, 4096]]),
  aPod(
    'default/web-0',
    { tier: 'front', app: 'web', 'statefulset.kubernetes.io/pod-name': 'web-0' },
    [['web', 250_000_000, 110 * MI]],
  ),
  aPod('default/web-1', { app: 'web', tier: 'front' }, [['web', 50_000_000, 50 * MI + 1]]),
  aPod('default/web-2', { app: 'web', tier: 'front', canary: '' }, [['web', 0, MI]]),
  aPod('kube-system/dns-5d4f8c7b9-x2x4x', { 'k8s-app': 'dns', 'pod-template-hash': '5d4f8c7b9' }, [
    ['dns', 20_000_000, 30 * MI],
    ['sidecar', 1_000_000, 15 * MI],
  ]),
  aPod('kube-system/proxy-alpha', { 'k8s-app': 'proxy' }, [['proxy', 10_000_000, 10 * MI]]),
  aPod('kube-system/proxy-beta', { 'k8s-app': 'proxy' }, [['proxy', 10_000_000, 11 * MI]]),
  aPod('team-a/finished-init', { app: 'init' }, undefined),
  aPod('team-a/fresh', { app: 'fresh' }, [['main', 100_000_000, 3 * MI]], 12_000),
  aPod('team-a/half-new', { app: 'half' }, undefined),
  aPod('team-a/huge', { app: 'huge' }, [['main', 128_000_000_000, 2 ** 50 + 1]]),
  aPod('team-a/idle', { app: 'idle' }, undefined),
  aPod('team-a/on-dead-node', { app: 'dead' }, undefined),
  aPod('team-a/reset', { app: 'reset' }, undefined),
  aPod('team-a/restarted', { app: 'restarted' }, [['main', 41_666_666, 2 * MI]], 12_000),
  aPod('team-a/too-fresh', { app: 'fresh' }, undefined),
  aPod('team-a/unknown-to-kubelet', { app: 'lost' }, undefined),
  aPod('team-b/dropped', { app: 'dropped' }, undefined),
];

/** metrics.k8s.io over nodes and pods that stay as they are. */
export function metricsGroupOf(
  nodes: readonly NodeInWorld[],
  pods: readonly PodInWorld[],
  clock: Clock,
  parts: Partial<ResourceMetricsParts> = {},
): ApiGroup {
  const find = (namespace: string, name: string) =>
    pods.find(({ pod }) => pod.namespace === namespace && pod.name === name);
  const nodeUsage = (name: string) => nodes.find(({ node }) => node.name === name)?.usage;
  const podUsage = ({ namespace, name }: PodRecord) => find(namespace, name)?.usage;
  return resourceMetricsGroup({
    nodes: {
      list: (after = '') => nodes.map(({ node }) => node).filter(({ name }) => name > after),
      get: (name) => nodes.find(({ node }) => node.name === name)?.node,
    },
    pods: {
      list: (namespace, selector, after) =>
        podsIn(pods, namespace, selector).filter((pod) => !after || isAfter(pod, after)),
      get: (namespace, name) => find(namespace, name)?.pod,
    },
    usage: {
      nodeUsage,
      hasNodeUsage: (name) => nodeUsage(name) !== undefined,
      podUsage,
      hasPodUsage: (pod) => podUsage(pod) !== undefined,
    },
    nodeSelector: parseLabelSelector(''),
    instruments: { observeFreshness: () => undefined },
    clock,
    ...parts,
  });
}

function podsIn(
  pods: readonly PodInWorld[],
  namespace: string | undefined,
  selector: LabelSelector,
): PodRecord[] {
  return pods
    .map(({ pod }) => pod)
    .filter((pod) => namespace === undefined || pod.namespace === namespace)
    .filter(({ labels }) => selector.matches(labels));
}

function isAfter(pod: PodRecord, { namespace, name }: ItemKey): boolean {
  return pod.namespace === namespace ? pod.name > name : pod.namespace > namespace;
}

function aNode(
  name: string,
  os: string,
  zone: string,
  figures: readonly [cpuNanoCores: number, memoryBytes: number] | undefined,
  more: readonly (readonly [string, string])[] = [],
): NodeInWorld {
  const labels = LabelSet.of([
    ['kubernetes.io/hostname', name],
    ['kubernetes.io/os', os],
    ['zone', zone],
    ...more,
  ]);
  const [cpuNanoCores, memoryBytes] = figures ?? [0, 0];
  const usage = { timestampMs: SAMPLED_MS, windowMs: 15_000, cpuNanoCores, memoryBytes };
  return { node: { name, labels }, usage: figures && usage };
}

function aPod(
  path: string,
  labels: Record<string, string>,
  figures:
    readonly (readonly [name: string, cpuNanoCores: number, memoryBytes: number])[] | undefined,
  windowMs = 15_000,
): PodInWorld {
  const [namespace = '', name = ''] = path.split('/');
  const pod = {
    namespace,
    name,
    uid: `${path}:uid`,
    mirrorUid: '',
    labels: LabelSet.of(Object.entries(labels)),
  };
  const containers = figures?.map(([container, cpuNanoCores, memoryBytes]): ContainerUsage => {
    return { name: container, cpuNanoCores, memoryBytes };
  });
  return { pod, usage: containers && { timestampMs: SAMPLED_MS, windowMs, containers } };
}
