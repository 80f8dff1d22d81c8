import type { NodeBlock } from '../model/node-block.ts';
import { type ContainerKey, ContainerRows } from './container-rows.ts';
import { ExpositionScanner } from './exposition-scanner.ts';
import { Names } from './names.ts';

const NANOS_PER_SECOND = 1e9;
const NANOS_PER_MS = 1e6;
/** Counters are uint64 where they come from. */
const COUNTER_LIMIT_NANOS = 2 ** 64;
/** Up to here whole seconds times 1e9 are a double: 1e9 is 2^9 times a number of 21 bits, and there are 32 for the seconds. */
const LARGEST_SPLIT_NANOS = 2 ** 32 * NANOS_PER_SECOND;
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
  // Results of splitCpu: doubles that are returned would be allocated.
  private cpuSeconds = Number.NaN;
  private cpuNanos = 0;
  /** The family of the name read last. */
  private named: Buffer | undefined;

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
    if (!scanner.hasTimestamp) scanner.timestampMs = requestedAtMs;
    else if (scanner.timestampMs < 0 && family !== CONTAINER_START) {
      scanner.fail('a timestamp that is not negative', scanner.labelsEnd);
    }
    if (family === NODE_CPU || family === NODE_MEMORY) this.writeNode(into, family);
    else if (family !== undefined && row >= 0) this.writeContainer(row, family);
  }

  /** Which of the families that are read the sample is of. */
  private family(): Buffer | undefined {
    const { scanner } = this;
    if (!scanner.repeatsName) this.named = familyOf(scanner);
    // A blank before the labels makes it another series (as upstream).
    return scanner.hasLabels && scanner.labelsStart !== scanner.nameEnd ? undefined : this.named;
  }

  /** Reads the labels. The row of the container that they name, or -1: the sample is of none. */
  private readLabels(family: Buffer | undefined): number {
    const { scanner, containers, key } = this;
    const isOfContainer = family !== undefined && CONTAINER_FAMILIES.includes(family);
    if (isOfContainer && this.repeatsLabelsOf(this.lastRow + 1)) return ++this.lastRow;
    key.clear();
    const at = scanner.labelsStart;
    scanner.enterLabels();
    while (scanner.nextLabel()) if (isOfContainer) this.readLabel();
    if (!key.isComplete) return -1;
    this.lastRow = containers.rowOf(key, at, scanner.labelsEnd - at);
    return this.lastRow;
  }

  /** Steps over the labels if they are those of this row, which were read before. */
  private repeatsLabelsOf(row: number): boolean {
    const { containers, scanner } = this;
    return (
      row < containers.size &&
      scanner.skipRepeatedLabels(containers.labelsAt[row] ?? 0, containers.labelsBytes[row] ?? 0)
    );
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

  private writeContainer(row: number, family: Buffer): void {
    const { containers } = this;
    const { value, timestampMs } = this.scanner;
    if (family === CONTAINER_START) {
      const ms = Math.trunc(value * NANOS_PER_SECOND) / NANOS_PER_MS;
      containers.startMs[row] = isTime(ms) ? ms : Number.NaN;
      return;
    }
    containers.timeMs[row] = isTime(timestampMs) ? timestampMs : Number.NaN;
    if (family === CONTAINER_CPU) {
      this.splitCpu();
      containers.cpuSeconds[row] = this.cpuSeconds;
      containers.cpuNanos[row] = this.cpuNanos;
    } else {
      containers.memoryBytes[row] = isBytes(value) ? Math.trunc(value) : Number.NaN;
    }
  }

  private writeNode(into: NodeBlock, family: Buffer): void {
    const { value, timestampMs } = this.scanner;
    into.nodeTimeMs = isTime(timestampMs) ? timestampMs : Number.NaN;
    if (family === NODE_CPU) {
      this.splitCpu();
      into.nodeCpuSeconds = this.cpuSeconds;
      into.nodeCpuNanos = this.cpuNanos;
    } else {
      into.nodeMemoryBytes = isBytes(value) ? Math.trunc(value) : Number.NaN;
    }
  }

  /** Splits a CPU counter into whole core-seconds and the nanoseconds beyond. */
  private splitCpu(): void {
    const { value } = this.scanner;
    const nanos = Math.trunc(value * NANOS_PER_SECOND);
    if (!(nanos >= 0 && nanos < COUNTER_LIMIT_NANOS)) {
      this.cpuSeconds = Number.NaN;
      this.cpuNanos = 0;
      return;
    }
    if (nanos > LARGEST_SPLIT_NANOS) {
      const whole = BigInt(nanos);
      this.cpuSeconds = Number(whole / BigInt(NANOS_PER_SECOND));
      this.cpuNanos = Number(whole % BigInt(NANOS_PER_SECOND));
      return;
    }
    this.cpuSeconds = Math.floor(nanos / NANOS_PER_SECOND);
    this.cpuNanos = nanos - this.cpuSeconds * NANOS_PER_SECOND;
    if (this.cpuNanos < 0) {
      // The quotient was rounded up to the next whole second.
      this.cpuSeconds--;
      this.cpuNanos += NANOS_PER_SECOND;
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

/** False for the epoch itself and before: a clock that was not set. */
function isTime(ms: number): boolean {
  return ms > 0 && ms <= LAST_TIME_MS;
}

function isBytes(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function familyOf({ bytes, nameStart, nameEnd }: ExpositionScanner): Buffer | undefined {
  for (const family of FAMILIES) {
    if (isSpan(bytes, nameStart, nameEnd, family)) return family;
  }
  return undefined;
}

function isSpan(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  // From behind: what names differ in stands at their end.
  for (let index = text.length - 1; index >= 0; index--) {
    if (bytes[start + index] !== text[index]) return false;
  }
  return true;
}
