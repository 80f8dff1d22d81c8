import { parseTimestamp } from '../../src/apimachinery/timestamp.ts';
import type { NodeBlock } from '../../src/model/node-block.ts';

/** What a block holds, as plain objects: to compare whole answers. */
export interface Decoded {
  readonly node: Figures;
  readonly pods: readonly DecodedPod[];
}

export interface DecodedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly containers: readonly (Figures & { readonly name: string })[];
}

/** NaN: there is none. */
export interface Figures {
  readonly startMs: number;
  readonly timeMs: number;
  readonly cpuSeconds: number;
  readonly cpuNanos: number;
  readonly rateNanoCores: number;
  readonly memoryBytes: number;
}

export const NO_FIGURES: Figures = {
  startMs: Number.NaN,
  timeMs: Number.NaN,
  cpuSeconds: Number.NaN,
  cpuNanos: 0,
  rateNanoCores: Number.NaN,
  memoryBytes: Number.NaN,
};

export function decodedOf(block: NodeBlock): Decoded {
  const containers = Array.from({ length: block.containers }, (_, row) => ({
    name: block.containerName[row] ?? '',
    startMs: block.startMs[row] ?? 0,
    timeMs: block.timeMs[row] ?? 0,
    cpuSeconds: block.cpuSeconds[row] ?? 0,
    cpuNanos: block.cpuNanos[row] ?? 0,
    rateNanoCores: block.rateNanoCores[row] ?? 0,
    memoryBytes: block.memoryBytes[row] ?? 0,
  }));
  return {
    node: {
      startMs: block.nodeStartMs,
      timeMs: block.nodeTimeMs,
      cpuSeconds: block.nodeCpuSeconds,
      cpuNanos: block.nodeCpuNanos,
      rateNanoCores: block.nodeRateNanoCores,
      memoryBytes: block.nodeMemoryBytes,
    },
    pods: Array.from({ length: block.pods }, (_, row) => ({
      namespace: block.podNamespace[row] ?? '',
      name: block.podName[row] ?? '',
      uid: block.podUid[row] ?? '',
      containers: containers.slice(
        row === 0 ? 0 : block.podContainersEnd[row - 1],
        block.podContainersEnd[row],
      ),
    })),
  };
}

/**
 * The oracle: the same summary by JSON.parse, plainly.
 * @throws SyntaxError for what is no summary
 */
export function decodePlainly(bytes: Uint8Array): Decoded {
  const text = Buffer.from(bytes)
    .toString()
    .replace(/^\uFEFF/, '');
  const summary: unknown = JSON.parse(
    text,
    (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? new NumberText(context?.source ?? '') : value,
  );
  if (!isRecord(summary) || !(Object.hasOwn(summary, 'node') || Object.hasOwn(summary, 'pods'))) {
    throw new SyntaxError('Not a summary');
  }
  return {
    node: figuresOf(member(summary, 'node')),
    pods: listOf(member(summary, 'pods')).flatMap(podOf),
  };
}

/** A number as it is written: a double would lose digits of it. */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function podOf(pod: unknown): DecodedPod[] {
  const ref = member(pod, 'podRef');
  const namespace = textOf(member(ref, 'namespace'));
  const name = textOf(member(ref, 'name'));
  const containers = listOf(member(pod, 'containers')).map((container) => ({
    name: textOf(member(container, 'name')),
    ...figuresOf(container),
  }));
  if (name === '' || namespace === '' || containers.some((container) => container.name === '')) {
    return [];
  }
  return [{ namespace, name, uid: textOf(member(ref, 'uid')), containers }];
}

function figuresOf(holder: unknown): Figures {
  const cpu = member(holder, 'cpu');
  const memory = member(holder, 'memory');
  return {
    startMs: timeOf(member(holder, 'startTime')),
    timeMs: timeOf(member(cpu, 'time')),
    ...counterOf(member(cpu, 'usageCoreNanoSeconds')),
    rateNanoCores: wholeOf(member(cpu, 'usageNanoCores')),
    memoryBytes: wholeOf(member(memory, 'workingSetBytes')),
  };
}

function counterOf(value: unknown): { cpuSeconds: number; cpuNanos: number } {
  if (value instanceof NumberText && /^\d+$/.test(value.text)) {
    const nanos = BigInt(value.text);
    if (nanos < 2n ** 64n) {
      return {
        cpuSeconds: Number(nanos / 1_000_000_000n),
        cpuNanos: Number(nanos % 1_000_000_000n),
      };
    }
  }
  const nanos = wholeOf(value);
  if (Number.isNaN(nanos)) return { cpuSeconds: Number.NaN, cpuNanos: 0 };
  return { cpuSeconds: Math.floor(nanos / 1e9), cpuNanos: nanos % 1e9 };
}

function wholeOf(value: unknown): number {
  if (!(value instanceof NumberText)) return Number.NaN;
  const whole = Math.floor(Number(value.text)) + 0;
  return whole >= 0 && whole <= Number.MAX_SAFE_INTEGER ? whole : Number.NaN;
}

function timeOf(value: unknown): number {
  const ms = parseTimestamp(textOf(value));
  return ms > 0 ? ms : Number.NaN;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function member(holder: unknown, key: string): unknown {
  return isRecord(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof NumberText)
  );
}
