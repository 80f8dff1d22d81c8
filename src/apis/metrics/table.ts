import { formatDuration } from '../../apimachinery/duration.ts';
import { formatCpu, formatMemory } from '../../apimachinery/quantity.ts';
import type { TableColumn } from '../../apiserver/api-group.ts';
import type { NodeUsage, PodUsage } from '../../model/usage.ts';

/** As upstream: metrics-server/pkg/api/table.go. kubectl prints the names in capitals. */
export const USAGE_COLUMNS: readonly TableColumn[] = [
  { name: 'cpu', type: 'string', format: 'quantity', description: '' },
  { name: 'memory', type: 'string', format: 'quantity', description: '' },
  { name: 'Window', type: 'string', format: 'duration', description: '' },
];

export function nodeCells({ cpuNanoCores, memoryBytes, windowMs }: NodeUsage): readonly string[] {
  return [formatCpu(cpuNanoCores), formatMemory(memoryBytes), formatDuration(windowMs)];
}

/** A pod's row is the sum of its containers. */
export function podCells({ containers, windowMs }: PodUsage): readonly string[] {
  let cpuNanoCores = 0;
  let memoryBytes = 0;
  for (const container of containers) {
    cpuNanoCores += container.cpuNanoCores;
    memoryBytes += container.memoryBytes;
  }
  return [formatCpu(cpuNanoCores), formatMemory(memoryBytes), formatDuration(windowMs)];
}
