import { getHeapStatistics } from 'node:v8';
import { ExpositionDecoder } from '../../src/kubelet/exposition.ts';
import { Names } from '../../src/kubelet/names.ts';
import { SummaryDecoder } from '../../src/kubelet/summary.ts';
import { NodeBlock } from '../../src/model/node-block.ts';
import { type SummaryObject, aSummary, kubeletBytes } from '../support/summaries.ts';

/** Answers of so many kubelets, none like the other, so that no answer stays in the processor's caches. */
const ANSWERS = 50;
const PODS = 30;
const WARM_UP_ROUNDS = 40;
const ROUNDS = 10;
const REPETITIONS = 15;

export interface DecodeFigures {
  readonly name: string;
  readonly figures: {
    readonly bytes: number;
    readonly microseconds: number;
    readonly megabytesPerSecond: number;
    /** NaN where V8 does not count it. */
    readonly allocatedKilobytes: number;
  };
}

/** Decodes the answers of many kubelets with 30 pods each: per answer, the best of several repetitions. */
export function benchDecode(): DecodeFigures[] {
  const summaries = Array.from({ length: ANSWERS }, (_, round) => aSummary({ pods: PODS, round }));
  const pretty = summaries.map((summary) => kubeletBytes(summary));
  const plain = summaries.map((_, round) =>
    kubeletBytes(aSummary({ pods: PODS, round, psi: false })),
  );
  const minified = summaries.map((summary) => Buffer.from(JSON.stringify(summary)));
  const pages = summaries.map((summary) => toPage(summary));
  const names = new Names();
  const block = new NodeBlock();
  const guessing = new SummaryDecoder(names);
  const generic = new SummaryDecoder(names, { guess: false });
  const exposition = new ExpositionDecoder(names);
  const layout = (bytes: Buffer): void => {
    guessing.decode(bytes, block);
  };
  return [
    measure('summary, kubelet layout, PSI', pretty, layout),
    measure('summary, kubelet layout', plain, layout),
    measure('summary, minified, PSI', minified, layout),
    measure('summary, generic, PSI', pretty, (bytes) => {
      generic.decode(bytes, block);
    }),
    measure('summary, JSON.parse alone, PSI', pretty, (bytes) => {
      JSON.parse(bytes.toString());
    }),
    measure('/metrics/resource', pages, (bytes) => {
      exposition.decode(bytes, block, 0);
    }),
  ];
}

function measure(name: string, answers: Buffer[], decode: (bytes: Buffer) => void): DecodeFigures {
  const run = (rounds: number): void => {
    for (let round = 0; round < rounds; round++) for (const bytes of answers) decode(bytes);
  };
  run(WARM_UP_ROUNDS);
  let bestMs = Number.POSITIVE_INFINITY;
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const startedMs = performance.now();
    run(ROUNDS);
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  const decoded = ROUNDS * answers.length;
  const bytes = answers.reduce((sum, answer) => sum + answer.length, 0) / answers.length;
  return {
    name,
    figures: {
      bytes: Math.round(bytes),
      microseconds: (bestMs * 1000) / decoded,
      megabytesPerSecond: (bytes * decoded) / (bestMs * 1000),
      allocatedKilobytes:
        allocatedBytes(() => {
          run(ROUNDS);
        }) /
        decoded /
        1000,
    },
  };
}

/** Bytes allocated on the heap, collected since or not. */
function allocatedBytes(work: () => void): number {
  const before = totalAllocatedBytes();
  work();
  return totalAllocatedBytes() - before;
}

function totalAllocatedBytes(): number {
  const statistics: object = getHeapStatistics();
  const total: unknown = Reflect.get(statistics, 'total_allocated_bytes');
  return typeof total === 'number' ? total : Number.NaN;
}

/** The same figures as the kubelet's text page. */
function toPage({ node, pods }: SummaryObject): Buffer {
  const containers = pods.flatMap(({ podRef, containers: all }) =>
    all.map(({ name, startTime, cpu, memory }) => ({
      labels: `{container="${name}",namespace="${podRef.namespace}",pod="${podRef.name}"}`,
      cpuSeconds: cpu.usageCoreNanoSeconds / 1e9,
      bytes: memory.workingSetBytes.toExponential(),
      timeMs: Date.parse(cpu.time),
      startSeconds: (Date.parse(startTime) / 1000).toExponential(),
    })),
  );
  const lines = [
    '# TYPE container_cpu_usage_seconds_total counter',
    ...containers.map(
      (c) => `container_cpu_usage_seconds_total${c.labels} ${c.cpuSeconds} ${c.timeMs}`,
    ),
    '# TYPE container_memory_working_set_bytes gauge',
    ...containers.map(
      (c) => `container_memory_working_set_bytes${c.labels} ${c.bytes} ${c.timeMs}`,
    ),
    '# TYPE container_start_time_seconds gauge',
    ...containers.map((c) => `container_start_time_seconds${c.labels} ${c.startSeconds}`),
    `node_cpu_usage_seconds_total ${node.cpu.usageCoreNanoSeconds / 1e9} ${Date.parse(node.cpu.time)}`,
    `node_memory_working_set_bytes ${node.memory.workingSetBytes} ${Date.parse(node.memory.time)}`,
    'scrape_error 0',
  ];
  return Buffer.from(`${lines.join('\n')}\n`);
}
