import type { LabelSelector } from '../../apimachinery/label-selector.ts';
import type { ApiGroup } from '../../apiserver/api-group.ts';
import type { Clock } from '../../clock.ts';
import type { ResourceMetricsInstruments } from './instruments.ts';
import { nodeMetricsResource } from './nodes.ts';
import type { NodeLister, NodeUsageReader } from './nodes.ts';
import { podMetricsResource } from './pods.ts';
import type { PodLister, PodUsageReader } from './pods.ts';

export interface ResourceMetricsParts {
  readonly nodes: NodeLister;
  readonly pods: PodLister;
  readonly usage: NodeUsageReader & PodUsageReader;
  /** `--node-selector`: which nodes are listed. */
  readonly nodeSelector: LabelSelector;
  readonly instruments: ResourceMetricsInstruments;
  readonly clock: Clock;
}

/** metrics.k8s.io, the resource metrics API. Its verbs are these two: who sees `watch` would try to watch. */
export function resourceMetricsGroup(parts: ResourceMetricsParts): ApiGroup {
  const resources = [nodeMetricsResource(parts), podMetricsResource(parts)];
  return {
    name: 'metrics.k8s.io',
    versions: [{ name: 'v1beta1', resources: () => resources }],
  };
}
