import { formatGoFloat } from './go-text.ts';
import type { ContainerView, NodeView, PodView, Sample } from './samples.ts';
import { memoryLimit } from './summary.ts';

/**
 * The body of a kubelet's /metrics/resource: the Prometheus text format 0.0.4, families in alphabetical
 * order, samples in the order of their label values, timestamps in ms
 * (as kubelet 1.36: pkg/kubelet/metrics/collectors/resource_metrics.go).
 */
export function resourcePage(view: NodeView): string {
  const pods = sortedBy(view.pods, ({ pod }) => [pod.namespace, pod.name]);
  const containers = sortedBy(
    pods.flatMap((pod) => pod.containers.map((container) => ({ pod, container }))),
    ({ pod, container }) => [container.container.name, pod.pod.namespace, pod.pod.name],
  );
  const linesOf = (family: Family): string[] => {
    switch (family.of) {
      case 'container':
        return containers.flatMap(({ pod, container }) => {
          const text = family.value(container);
          return text === undefined ? [] : [`${containerLabels(pod, container)} ${text}`];
        });
      case 'pod':
        return pods.map((pod) => `${podLabels(pod)} ${family.value(pod.sample)}`);
      case 'node':
        return [` ${family.value(view.sample)}`];
    }
  };
  let page = '';
  for (const family of FAMILIES) {
    const { name, stability, help } = family;
    const lines = linesOf(family);
    // A family without samples is not mentioned.
    if (lines.length === 0) continue;
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    page += `# HELP ${name} [${stability}] ${help}\n# TYPE ${name} ${type}\n`;
    for (const line of lines) page += `${name}${line}\n`;
  }
  return page;
}

type Family = { readonly name: string; readonly stability: string; readonly help: string } & (
  | { readonly of: 'container'; readonly value: (view: ContainerView) => string | undefined }
  | { readonly of: 'pod' | 'node'; readonly value: (sample: Sample) => string }
);

const FAMILIES: readonly Family[] = [
  {
    name: 'container_cpu_usage_seconds_total',
    stability: 'STABLE',
    help: 'Cumulative cpu time consumed by the container in core-seconds',
    of: 'container',
    value: ({ sample }) => cpu(sample),
  },
  {
    name: 'container_memory_working_set_bytes',
    stability: 'STABLE',
    help: 'Current working set of the container in bytes',
    of: 'container',
    value: ({ sample }) => memory(sample),
  },
  {
    name: 'container_start_time_seconds',
    stability: 'STABLE',
    help: 'Start time of the container since unix epoch in seconds',
    of: 'container',
    value: ({ startMs }) => formatGoFloat(startMs / 1000),
  },
  {
    name: 'container_swap_limit_bytes',
    stability: 'ALPHA',
    help: 'Current amount of the container swap limit in bytes. Reported only on non-windows systems',
    of: 'container',
    value: swapLimit,
  },
  {
    name: 'container_swap_usage_bytes',
    stability: 'ALPHA',
    help: 'Current amount of the container swap usage in bytes. Reported only on non-windows systems',
    of: 'container',
    value: ({ sample }) => noSwap(sample),
  },
  {
    name: 'node_cpu_usage_seconds_total',
    stability: 'STABLE',
    help: 'Cumulative cpu time consumed by the node in core-seconds',
    of: 'node',
    value: cpu,
  },
  {
    name: 'node_memory_working_set_bytes',
    stability: 'STABLE',
    help: 'Current working set of the node in bytes',
    of: 'node',
    value: memory,
  },
  {
    name: 'node_swap_usage_bytes',
    stability: 'ALPHA',
    help: 'Current swap usage of the node in bytes. Reported only on non-windows systems',
    of: 'node',
    value: noSwap,
  },
  {
    name: 'pod_cpu_usage_seconds_total',
    stability: 'STABLE',
    help: 'Cumulative cpu time consumed by the pod in core-seconds',
    of: 'pod',
    value: cpu,
  },
  {
    name: 'pod_memory_working_set_bytes',
    stability: 'STABLE',
    help: 'Current working set of the pod in bytes',
    of: 'pod',
    value: memory,
  },
  {
    name: 'pod_swap_usage_bytes',
    stability: 'ALPHA',
    help: 'Current amount of the pod swap usage in bytes. Reported only on non-windows systems',
    of: 'pod',
    value: noSwap,
  },
  {
    name: 'resource_scrape_error',
    stability: 'STABLE',
    help: '1 if there was an error while getting container metrics, 0 otherwise',
    of: 'node',
    value: () => '0',
  },
];

function noSwap({ atMs }: Sample): string {
  return `0 ${atMs}`;
}

function cpu({ cpuNanos, atMs }: Sample): string {
  return `${formatGoFloat(Number(cpuNanos) / 1e9)} ${atMs}`;
}

function memory({ workingSetBytes, atMs }: Sample): string {
  return `${formatGoFloat(Number(workingSetBytes))} ${atMs}`;
}

/** Only containers with a limit have one; the runtime says 0 of all that it is asked for. */
function swapLimit({ container, sample }: ContainerView): string | undefined {
  if (sample.fromRuntime) return `0 ${sample.atMs}`;
  const limit = memoryLimit(container.limits);
  return limit === undefined ? undefined : `${formatGoFloat(Number(limit))} ${sample.atMs}`;
}

function containerLabels({ pod }: PodView, { container }: ContainerView): string {
  return `{container="${container.name}",namespace="${pod.namespace}",pod="${pod.name}"}`;
}

function podLabels({ pod }: PodView): string {
  return `{namespace="${pod.namespace}",pod="${pod.name}"}`;
}

function sortedBy<Item>(items: readonly Item[], keys: (item: Item) => readonly string[]): Item[] {
  // U+0000 sorts before everything that a name may contain, so that parts are compared one by one.
  return items
    .map((item) => ({ item, key: keys(item).join('\0') }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ item }) => item);
}
