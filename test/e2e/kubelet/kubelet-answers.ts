import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import type { Sample } from './by-hand.ts';

/** Samples by what they are of: `NAMESPACE/POD/CONTAINER`, and NODE. */
export type Samples = ReadonlyMap<string, Sample>;

/** The name under which samples of the node itself are. */
export const NODE = 'node';

/** Of an answer of /stats/summary. */
export function samplesOfSummary(summary: unknown): Samples {
  const samples = new Map([[NODE, sampleAt(valueAt(summary, 'node'))]]);
  for (const pod of listAt(summary, 'pods')) {
    const [space, name] = ['namespace', 'name'].map((part) => textAt(pod, 'podRef', part));
    for (const container of listAt(pod, 'containers')) {
      samples.set(`${space}/${name}/${textAt(container, 'name')}`, sampleAt(container));
    }
  }
  return samples;
}

function sampleAt(from: unknown): Sample {
  const number = (...path: readonly string[]): number =>
    Number(valueAt(from, ...path) ?? Number.NaN);
  return {
    startMs: Date.parse(textAt(from, 'startTime')),
    timeMs: Date.parse(textAt(from, 'cpu', 'time')),
    cpuNanos: number('cpu', 'usageCoreNanoSeconds'),
    nanoCores: number('cpu', 'usageNanoCores'),
    workingSetBytes: number('memory', 'workingSetBytes'),
  };
}

type Draft = { -readonly [Key in keyof Sample]: Sample[Key] };

/** Of an answer of /metrics/resource. */
export function samplesOfResource(page: string): Samples {
  const samples = new Map<string, Draft>();
  for (const line of page.split('\n')) {
    const [, family = '', labels = '', value = '', time = ''] =
      /^(\w+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/.exec(line) ?? [];
    const key = keyOf(family, labels);
    if (key === undefined) continue;
    const sample = samples.get(key) ?? blank();
    samples.set(key, sample);
    const number = Number(value);
    if (family.endsWith('_cpu_usage_seconds_total')) {
      sample.cpuNanos = Math.round(number * 1e9);
      sample.timeMs = Number(time);
    } else if (family.endsWith('_memory_working_set_bytes')) sample.workingSetBytes = number;
    else if (family.endsWith('_start_time_seconds')) sample.startMs = number * 1000;
  }
  return samples;
}

function blank(): Draft {
  const { NaN: none } = Number;
  return { startMs: none, timeMs: none, cpuNanos: none, nanoCores: none, workingSetBytes: none };
}

/** Undefined for families of other things. */
function keyOf(family: string, labels: string): string | undefined {
  if (family.startsWith('node_')) return NODE;
  if (!family.startsWith('container_')) return undefined;
  const values = new Map(
    [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  return ['namespace', 'pod', 'container'].map((name) => values.get(name) ?? '').join('/');
}
