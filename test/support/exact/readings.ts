// What a kubelet's answer says, in whole nanoseconds and bytes. Written from the kubelet's API types and
// contract.md 10.4 to 10.7 alone: nothing of the server's own decoders is used.

/** The two answers of a kubelet that hold resource metrics. */
export type Source = 'summary' | 'resource';

/** One container's or node's part of an answer. Undefined: the answer lacks it, or it cannot be one. */
export interface Reading {
  /** Since the epoch, by the kubelet's clock. */
  readonly startNs: bigint | undefined;
  readonly timeNs: bigint | undefined;
  /** Since the start. */
  readonly cpuNanos: bigint | undefined;
  /** The kubelet's own rate. */
  readonly nanoCores: bigint | undefined;
  readonly workingSetBytes: bigint | undefined;
}

export interface PodReadings {
  readonly namespace: string;
  readonly name: string;
  /** '' where the source says none. */
  readonly uid: string;
  /** By the container's name. */
  readonly containers: ReadonlyMap<string, Reading>;
}

export interface AnswerReadings {
  readonly source: Source;
  /** Undefined when the answer says nothing of the node. */
  readonly node: Reading | undefined;
  readonly pods: readonly PodReadings[];
}

const UINT64_MAX = 2n ** 64n - 1n;
/** The server keeps bytes and the kubelet's rates as doubles, and drops what these do not hold exactly. */
const DOUBLE_MAX = 2n ** 53n - 1n;
const NANOS_PER_MS = 1_000_000n;

/**
 * Reads the body of a 200 of /stats/summary or /metrics/resource.
 * Throws a SyntaxError when it is none.
 */
export function readAnswer(source: Source, body: string): AnswerReadings {
  return source === 'summary' ? readSummary(body) : readResourcePage(body);
}

function readSummary(body: string): AnswerReadings {
  const summary = parseExactly(body);
  const node = memberOf(summary, 'node');
  return {
    source: 'summary',
    node: isMeasurable(node) ? readingOf(node) : undefined,
    pods: itemsOf(summary, 'pods').map((pod) => {
      const ref = memberOf(pod, 'podRef');
      return {
        namespace: textOf(ref, 'namespace'),
        name: textOf(ref, 'name'),
        uid: textOf(ref, 'uid'),
        containers: newestByName(
          itemsOf(pod, 'containers').map((each) => [textOf(each, 'name'), readingOf(each)]),
        ),
      };
    }),
  };
}

/** Numbers become bigint, digit by digit as they stand in the text; what is no whole number is dropped. */
function parseExactly(body: string): unknown {
  const reviver = (_key: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' ? wholeNumber(context.source ?? '') : value;
  return JSON.parse(body, reviver as (key: string, value: unknown) => unknown) as unknown;
}

function wholeNumber(source: string): bigint | undefined {
  return /^\d+$/.test(source) ? BigInt(source) : undefined;
}

function readingOf(from: unknown): Reading {
  const cpu = memberOf(from, 'cpu');
  return {
    startNs: timeOf(from, 'startTime'),
    timeNs: timeOf(cpu, 'time'),
    cpuNanos: upTo(UINT64_MAX, memberOf(cpu, 'usageCoreNanoSeconds')),
    nanoCores: upTo(DOUBLE_MAX, memberOf(cpu, 'usageNanoCores')),
    workingSetBytes: upTo(DOUBLE_MAX, memberOf(memberOf(from, 'memory'), 'workingSetBytes')),
  };
}

function isMeasurable(node: unknown): boolean {
  return (
    memberOf(memberOf(node, 'cpu'), 'usageCoreNanoSeconds') !== undefined ||
    memberOf(memberOf(node, 'memory'), 'workingSetBytes') !== undefined
  );
}

/** Of duplicates the newest start counts, then the newest time. */
function newestByName(
  containers: readonly (readonly [name: string, reading: Reading])[],
): Map<string, Reading> {
  const newest = new Map<string, Reading>();
  for (const [name, reading] of containers) {
    const other = newest.get(name);
    if (other === undefined || isNewer(reading, other)) newest.set(name, reading);
  }
  return newest;
}

function isNewer(one: Reading, other: Reading): boolean {
  const [start = -1n, otherStart = -1n] = [one.startNs, other.startNs];
  return start === otherStart ? (one.timeNs ?? -1n) > (other.timeNs ?? -1n) : start > otherStart;
}

type Draft = { -readonly [Key in keyof Reading]: Reading[Key] };

/** contract.md 10.5: a number is a double, and a time of CPU is it times 1e9, also a double, cut off. */
function readResourcePage(body: string): AnswerReadings {
  const node = blank();
  const pods = new Map<string, { uid: ''; containers: Map<string, Draft> }>();
  for (const line of body.split('\n')) {
    const [, family = '', labels = '', value = '', time] =
      /^(\w+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/.exec(line) ?? [];
    const [of, figure] = figureOfFamily(family);
    if (figure === undefined) continue;
    write(of === 'node' ? node : containerIn(pods, labels), figure, { value: Number(value), time });
  }
  return {
    source: 'resource',
    node:
      node.cpuNanos === undefined && node.workingSetBytes === undefined ? undefined : { ...node },
    pods: [...pods].map(([key, pod]) => {
      const [namespace = '', name = ''] = key.split('/');
      return { namespace, name, ...pod };
    }),
  };
}

type Figure = 'cpu' | 'memory' | 'start';

function figureOfFamily(family: string): [of: string, figure: Figure | undefined] {
  switch (family) {
    case 'node_cpu_usage_seconds_total':
      return ['node', 'cpu'];
    case 'node_memory_working_set_bytes':
      return ['node', 'memory'];
    case 'container_cpu_usage_seconds_total':
      return ['container', 'cpu'];
    case 'container_memory_working_set_bytes':
      return ['container', 'memory'];
    case 'container_start_time_seconds':
      return ['container', 'start'];
    default:
      return ['', undefined];
  }
}

function containerIn(
  pods: Map<string, { uid: ''; containers: Map<string, Draft> }>,
  labels: string,
): Draft {
  const values = new Map(
    [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  const key = `${values.get('namespace') ?? ''}/${values.get('pod') ?? ''}`;
  const pod = pods.get(key) ?? { uid: '', containers: new Map<string, Draft>() };
  pods.set(key, pod);
  const name = values.get('container') ?? '';
  const container = pod.containers.get(name) ?? blank();
  pod.containers.set(name, container);
  return container;
}

function write(
  into: Draft,
  figure: Figure,
  { value, time }: { readonly value: number; readonly time: string | undefined },
): void {
  if (figure === 'start') {
    into.startNs = toNanos(value);
    return;
  }
  into.timeNs = time === undefined ? undefined : BigInt(time) * NANOS_PER_MS;
  if (figure === 'cpu') into.cpuNanos = upTo(UINT64_MAX, toNanos(value));
  else if (value >= 0) into.workingSetBytes = upTo(DOUBLE_MAX, BigInt(Math.trunc(value)));
}

function toNanos(seconds: number): bigint | undefined {
  return seconds >= 0 && seconds < 2 ** 64 ? BigInt(Math.trunc(seconds * 1e9)) : undefined;
}

function blank(): Draft {
  return {
    startNs: undefined,
    timeNs: undefined,
    cpuNanos: undefined,
    nanoCores: undefined,
    workingSetBytes: undefined,
  };
}

function upTo(most: bigint, value: unknown): bigint | undefined {
  return typeof value === 'bigint' && value <= most ? value : undefined;
}

function timeOf(from: unknown, name: string): bigint | undefined {
  const ms = Date.parse(textOf(from, name));
  return ms > 0 ? BigInt(ms) * NANOS_PER_MS : undefined;
}

function memberOf(from: unknown, name: string): unknown {
  if (typeof from !== 'object' || from === null) return undefined;
  return new Map<string, unknown>(Object.entries(from)).get(name);
}

function itemsOf(from: unknown, name: string): readonly unknown[] {
  const items = memberOf(from, name);
  return Array.isArray(items) ? (items as readonly unknown[]) : [];
}

function textOf(from: unknown, name: string): string {
  const text = memberOf(from, name);
  return typeof text === 'string' ? text : '';
}
