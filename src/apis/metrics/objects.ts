import { formatDuration } from '../../apimachinery/duration.ts';
import { quoteJson } from '../../apimachinery/json-text.ts';
import type { LabelSet } from '../../apimachinery/label-set.ts';
import { formatCpu, formatMemory } from '../../apimachinery/quantity.ts';
import { formatTimestamp } from '../../apimachinery/timestamp.ts';
import type { NodeUsage, PodUsage } from '../../model/usage.ts';

/** What of a node is served with its usage. */
export interface NodeRecord {
  readonly name: string;
  readonly labels: LabelSet;
}

/** What of a pod is served with its usage, and what its usage is found by. */
export interface PodRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The config hash by which a kubelet knows a static pod; '' for all others. */
  readonly mirrorUid: string;
  readonly labels: LabelSet;
}

export interface NodeMetrics {
  readonly node: NodeRecord;
  readonly usage: NodeUsage;
}

export interface PodMetrics {
  readonly pod: PodRecord;
  readonly usage: PodUsage;
}

/** NodeMetrics after its metadata: `"timestamp":…,"window":…,"usage":{…}`. Resources by name. */
export function nodeUsageJson(usage: NodeUsage): string {
  return `${measuredJson(usage)},"usage":${quantitiesJson(usage)}`;
}

/** PodMetrics after its metadata: `"timestamp":…,"window":…,"containers":[…]`. */
export function podUsageJson(usage: PodUsage): string {
  const containers = usage.containers.map(
    (container) => `{"name":${quoteJson(container.name)},"usage":${quantitiesJson(container)}}`,
  );
  return `${measuredJson(usage)},"containers":[${containers.join(',')}]`;
}

interface Measured {
  readonly timestampMs: number;
  readonly windowMs: number;
}

interface Figures {
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
}

function measuredJson({ timestampMs, windowMs }: Measured): string {
  return `"timestamp":"${formatTimestamp(timestampMs)}","window":"${formatDuration(windowMs)}"`;
}

function quantitiesJson({ cpuNanoCores, memoryBytes }: Figures): string {
  return `{"cpu":"${formatCpu(cpuNanoCores)}","memory":"${formatMemory(memoryBytes)}"}`;
}
