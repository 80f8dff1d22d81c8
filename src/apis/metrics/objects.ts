import { formatDuration } from '../../apimachinery/duration.ts';
import { quoteJson } from '../../apimachinery/json-text.ts';
import type { LabelSet } from '../../apimachinery/label-set.ts';
import { ProtobufWriter } from '../../apimachinery/protobuf-writer.ts';
import type { BinaryString } from '../../apimachinery/protobuf-writer.ts';
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
  /** A place for whoever has its usage. */
  place?: unknown;
}

export interface NodeMetrics {
  readonly node: NodeRecord;
  readonly usage: NodeUsage;
}

export interface PodMetrics {
  readonly pod: PodRecord;
  readonly usage: PodUsage;
}

/** How many texts of timestamps, and of windows, are kept for the next one that is equal. */
const REMEMBERED_TEXTS = 512;

/**
 * Writes usage as JSON and as protobuf. Kubelets measure in whole seconds, and thousands of pods within the same few: a text
 * that was just written is written again without working it out.
 */
export class UsageWriter {
  private readonly timestampOf = remembered((second) => formatTimestamp(second * 1000));
  private readonly windowOf = remembered(formatDuration);
  private readonly timestampFieldOf = remembered(timestampField);
  private readonly windowFieldOf = remembered(windowField);

  /** NodeMetrics after its metadata: `"timestamp":…,"window":…,"usage":{…}`. Resources by name. */
  nodeJson(usage: NodeUsage): string {
    return `${this.measuredJson(usage)},"usage":${quantitiesJson(usage)}`;
  }

  /** PodMetrics after its metadata: `"timestamp":…,"window":…,"containers":[…]`. */
  podJson(usage: PodUsage): string {
    const parts = [this.measuredJson(usage), ',"containers":['];
    let separator = '{"name":';
    for (const { name, cpuNanoCores, memoryBytes } of usage.containers) {
      parts.push(separator, quoteJson(name), ',"usage":{"cpu":"', formatCpu(cpuNanoCores));
      parts.push('","memory":"', formatMemory(memoryBytes), '"}}');
      separator = ',{"name":';
    }
    parts.push(']');
    return parts.join('');
  }

  /** NodeMetrics after its metadata: timestamp, window, usage (k8s.io/metrics, v1beta1). */
  nodeProtobuf(usage: NodeUsage): BinaryString {
    return withQuantities(this.measuredProtobuf(usage), 4, usage).toBinary();
  }

  /** PodMetrics after its metadata: timestamp, window, containers. */
  podProtobuf(usage: PodUsage): BinaryString {
    const writer = this.measuredProtobuf(usage);
    for (const container of usage.containers) {
      const named = new ProtobufWriter().string(1, container.name);
      writer.message(4, withQuantities(named, 2, container));
    }
    return writer.toBinary();
  }

  private measuredProtobuf({ timestampMs, windowMs }: Measured): ProtobufWriter {
    const timestamp = this.timestampFieldOf(Math.floor(timestampMs / 1000));
    return new ProtobufWriter().append(timestamp + this.windowFieldOf(windowMs));
  }

  private measuredJson({ timestampMs, windowMs }: Measured): string {
    const timestamp = this.timestampOf(Math.floor(timestampMs / 1000));
    return `"timestamp":"${timestamp}","window":"${this.windowOf(windowMs)}"`;
  }
}

interface Measured {
  readonly timestampMs: number;
  readonly windowMs: number;
}

interface Figures {
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
}

function quantitiesJson({ cpuNanoCores, memoryBytes }: Figures): string {
  return `{"cpu":"${formatCpu(cpuNanoCores)}","memory":"${formatMemory(memoryBytes)}"}`;
}

/** Seconds since the epoch; the nanoseconds are 0, as in JSON. */
function timestampField(second: number): BinaryString {
  return new ProtobufWriter()
    .message(2, new ProtobufWriter().integer(1, second).integer(2, 0))
    .toBinary();
}

/** In nanoseconds. */
function windowField(windowMs: number): BinaryString {
  const nanoseconds = Math.round(windowMs * 1e6);
  return new ProtobufWriter().message(3, new ProtobufWriter().integer(1, nanoseconds)).toBinary();
}

/** One map entry a resource, by name: `field` is the number of the map. */
function withQuantities(
  writer: ProtobufWriter,
  field: number,
  { cpuNanoCores, memoryBytes }: Figures,
): ProtobufWriter {
  return writer
    .message(field, quantityEntry('cpu', formatCpu(cpuNanoCores)))
    .message(field, quantityEntry('memory', formatMemory(memoryBytes)));
}

function quantityEntry(resource: string, quantity: string): ProtobufWriter {
  return new ProtobufWriter()
    .string(1, resource)
    .message(2, new ProtobufWriter().string(1, quantity));
}

function remembered(textOf: (value: number) => string): (value: number) => string {
  const texts = new Map<number, string>();
  return (value) => {
    let text = texts.get(value);
    if (text !== undefined) return text;
    if (texts.size >= REMEMBERED_TEXTS) texts.clear();
    text = textOf(value);
    texts.set(value, text);
    return text;
  };
}
