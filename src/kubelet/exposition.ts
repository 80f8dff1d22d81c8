import type { NodeBlock } from '../model/node-block.ts';
import { type ContainerKey, ContainerRows } from './container-rows.ts';
import { ExpositionScanner } from './exposition-scanner.ts';
import { Names } from './names.ts';

const NANOS_PER_SECOND = 1e9;
const NANOS_PER_MS = 1e6;
/** Counters are uint64 where they come from. */
const COUNTER_LIMIT_NANOS = 2 ** 64;
/** The last moment of a Date. */
const LAST_TIME_MS = 8.64e15;

/** The families that are read. Those of containers have the same labels. */
const NODE_CPU = Buffer.from('node_cpu_usage_seconds_total');
const NODE_MEMORY = Buffer.from('node_memory_working_set_bytes');
const CONTAINER_CPU = Buffer.from('container_cpu_usage_seconds_total');
const CONTAINER_MEMORY = Buffer.from('container_memory_working_set_bytes');
const CONTAINER_START = Buffer.from('container_start_time_seconds');
const CONTAINER_FAMILIES: readonly Buffer[] = [CONTAINER_CPU, CONTAINER_MEMORY, CONTAINER_START];
const FAMILIES: readonly Buffer[] = [...CONTAINER_FAMILIES, NODE_CPU, NODE_MEMORY];

const NAMESPACE_LABEL = Buffer.from('namespace');
const POD_LABEL = Buffer.from('pod');
const CONTAINER_LABEL = Buffer.from('container');

/**
 * Decodes a kubelet's `/metrics/resource`, in one pass over the bytes and straight into columns.
 *
 * Units in: CPU in core-seconds, memory in bytes, start times in seconds since the epoch, timestamps in ms since the
 * epoch. CPU becomes nanoseconds by a multiplication in double, cut off (as upstream). NaN, infinite and negative
 * values are missing. CPU and memory both set the time of their node or container, the later line wins; a
 * sample without a timestamp has that of the request. A repeated sample replaces the earlier one. Containers whose
 * labels lack a name are not read.
 *
 * Two deliberate differences: labels are parsed, not searched for; and the start time of a container, whose
 * timestamp means nothing, may carry a negative one, as kubelets up to 1.24 write it (kubernetes/kubernetes#109679).
 *
 * Source: kubelet, pkg/kubelet/metrics/collectors/resource_metrics.go; as upstream: pkg/scraper/client/resource/decode.go.
 */
export class ExpositionDecoder {
  private readonly scanner = new ExpositionScanner();
  private readonly names: Names;
  private readonly containers = new ContainerRows();
  private readonly key = new LabelKey();
  /** The row of the last sample of a container: the next sample is most often that of the next row. */
  private lastRow = -1;

  /** @param names shared with other decoders, so that equal names are one string */
  constructor(names: Names = new Names()) {
    this.names = names;
  }

  /**
   * Replaces what is in the block by what the page says. An empty page is an empty block.
   * @throws SyntaxError when a line is not of the text format; it names the offset and what was expected there.
   * The block is empty then: numbers of a page that is broken are not to be trusted.
   */
  decode(bytes: Uint8Array, into: NodeBlock, requestedAtMs: number): void {
    into.clear('resource');
    this.containers.clear();
    this.lastRow = -1;
    this.scanner.open(bytes);
    try {
      while (this.scanner.nextSample()) this.readSample(into, requestedAtMs);
      this.containers.moveInto(into);
    } catch (error) {
      into.clear('resource');
      throw error;
    } finally {
      this.scanner.close();
    }
  }

  private readSample(into: NodeBlock, requestedAtMs: number): void {
    const { scanner } = this;
    const family = this.family();
    const row = scanner.hasLabels ? this.readLabels(family) : -1;
    scanner.readRest();
    const { timestampMs, value } = scanner;
    if (timestampMs < 0 && family !== CONTAINER_START) {
      scanner.fail('a timestamp that is not negative', scanner.labelsEnd);
    }
    const ms = timeOf(timestampMs, requestedAtMs);
    if (family === NODE_CPU || family === NODE_MEMORY) writeNode(into, family, value, ms);
    else if (family !== undefined && row >= 0) this.writeContainer(row, family, ms);
  }

  /** Which of the families that are read the sample is of. */
  private family(): Buffer | undefined {
    const { bytes, nameStart, nameEnd, labelsStart, hasLabels } = this.scanner;
    // A blank before the labels makes it another series (as upstream).
    if (hasLabels && labelsStart !== nameEnd) return undefined;
    for (const family of FAMILIES) {
      if (isSpan(bytes, nameStart, nameEnd, family)) return family;
    }
    return undefined;
  }

  /** Reads the labels. The row of the container that they name, or -1: the sample is of none. */
  private readLabels(family: Buffer | undefined): number {
    const { scanner, containers, key } = this;
    const isOfContainer = family !== undefined && CONTAINER_FAMILIES.includes(family);
    if (isOfContainer && this.repeatsLabelsOf(this.lastRow + 1)) {
      scanner.skipLabels(containers.labelsBytes[this.lastRow + 1] ?? 0);
      return ++this.lastRow;
    }
    key.clear();
    const at = scanner.labelsStart;
    scanner.enterLabels();
    while (scanner.nextLabel()) if (isOfContainer) this.readLabel();
    if (!key.isComplete) return -1;
    this.lastRow = containers.rowOf(key, at, scanner.labelsEnd - at);
    return this.lastRow;
  }

  /** Whether the labels to come are, byte by byte, those of this row, which were read before. */
  private repeatsLabelsOf(row: number): boolean {
    const { containers, scanner } = this;
    if (row >= containers.size) return false;
    const { bytes, labelsStart } = scanner;
    const before = containers.labelsAt[row] ?? 0;
    const length = containers.labelsBytes[row] ?? 0;
    for (let index = 0; index < length; index++) {
      if (bytes[labelsStart + index] !== bytes[before + index]) return false;
    }
    return true;
  }

  private readLabel(): void {
    const { scanner, key, names } = this;
    const { bytes, labelStart, labelEnd } = scanner;
    if (isSpan(bytes, labelStart, labelEnd, CONTAINER_LABEL)) {
      key.container = this.labelValue();
      key.ownHash = names.hash;
    } else if (isSpan(bytes, labelStart, labelEnd, NAMESPACE_LABEL)) {
      key.namespace = this.labelValue();
      key.namespaceHash = names.hash;
    } else if (isSpan(bytes, labelStart, labelEnd, POD_LABEL)) {
      key.pod = this.labelValue();
      key.ownPodHash = names.hash;
    }
  }

  private labelValue(): string {
    const { scanner, names } = this;
    if (!scanner.valueEscaped)
      return names.intern(scanner.bytes, scanner.valueStart, scanner.valueEnd);
    const bytes = Buffer.from(scanner.labelValue());
    return names.intern(bytes, 0, bytes.length);
  }

  private writeContainer(row: number, family: Buffer, timeMs: number): void {
    const { containers, scanner } = this;
    const { value } = scanner;
    if (family === CONTAINER_START) {
      containers.startMs[row] = startMsOf(value);
      return;
    }
    containers.timeMs[row] = timeMs;
    if (family === CONTAINER_CPU) {
      containers.cpuSeconds[row] = secondsOf(value);
      containers.cpuNanos[row] = nanosOf(value);
    } else {
      containers.memoryBytes[row] = bytesOf(value);
    }
  }
}

/** The labels of one sample. */
class LabelKey implements ContainerKey {
  namespace = '';
  pod = '';
  container = '';
  namespaceHash = 0;
  ownPodHash = 0;
  ownHash = 0;

  clear(): void {
    this.namespace = '';
    this.pod = '';
    this.container = '';
  }

  get isComplete(): boolean {
    return this.namespace !== '' && this.pod !== '' && this.container !== '';
  }

  get podHash(): number {
    return Math.imul(this.namespaceHash, 31) ^ this.ownPodHash;
  }

  get containerHash(): number {
    return Math.imul(this.podHash, 31) ^ this.ownHash;
  }
}

function writeNode(into: NodeBlock, family: Buffer, value: number, timeMs: number): void {
  into.nodeTimeMs = timeMs;
  if (family === NODE_CPU) {
    into.nodeCpuSeconds = secondsOf(value);
    into.nodeCpuNanos = nanosOf(value);
  } else {
    into.nodeMemoryBytes = bytesOf(value);
  }
}

/** The time of a sample, if it is one. */
function timeOf(timestampMs: number, requestedAtMs: number): number {
  const ms = Number.isNaN(timestampMs) ? requestedAtMs : timestampMs;
  return isTime(ms) ? ms : Number.NaN;
}

/** Whole core-seconds of a CPU counter. */
function secondsOf(value: number): number {
  const nanos = Math.trunc(value * NANOS_PER_SECOND);
  if (!isCounter(nanos)) return Number.NaN;
  if (nanos > Number.MAX_SAFE_INTEGER) return Math.floor(value);
  return (nanos - (nanos % NANOS_PER_SECOND)) / NANOS_PER_SECOND;
}

/** The nanoseconds beyond secondsOf. The product loses some beyond 2^53 ns; there the fraction is multiplied alone. */
function nanosOf(value: number): number {
  const nanos = Math.trunc(value * NANOS_PER_SECOND);
  if (!isCounter(nanos)) return 0;
  if (nanos > Number.MAX_SAFE_INTEGER) return Math.trunc((value % 1) * NANOS_PER_SECOND);
  return nanos % NANOS_PER_SECOND;
}

function isCounter(nanos: number): boolean {
  return nanos >= 0 && nanos < COUNTER_LIMIT_NANOS;
}

/** False for the epoch itself and before: a clock that was not set. */
function isTime(ms: number): boolean {
  return ms > 0 && ms <= LAST_TIME_MS;
}

function bytesOf(value: number): number {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER ? Math.trunc(value) : Number.NaN;
}

/** Start time in ms since the epoch, with a fraction; NaN before it (Go's zero time). */
function startMsOf(value: number): number {
  const ms = Math.trunc(value * NANOS_PER_SECOND) / NANOS_PER_MS;
  return isTime(ms) ? ms : Number.NaN;
}

function isSpan(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  // From behind: what names differ in stands at their end.
  for (let index = text.length - 1; index >= 0; index--) {
    if (bytes[start + index] !== text[index]) return false;
  }
  return true;
}
