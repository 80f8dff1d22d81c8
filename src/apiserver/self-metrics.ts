import process from 'node:process';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Counter, Gauge, collectDefaultMetrics } from 'prom-client';
import type { Metric, Registry } from 'prom-client';
import { SeriesHistogram } from '../model/instruments.ts';
import type { Answer, Header } from './answer.ts';
import { EventLoopDelay } from './event-loop-delay.ts';
import {
  cpuSeconds,
  maxOpenFiles,
  maxVirtualBytes,
  openFiles,
  receivedBytes,
  sentBytes,
  startSeconds,
  virtualBytes,
} from './process-figures.ts';

/** Where all rooms register their instruments. */
export type MetricsRegistry = Registry;

const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/** Of the library's monitor of the event loop, which cannot be left out; ours takes its place. As rare as a timer can be, ms. */
const HARDLY_EVER_MS = 2 ** 31 - 1;

/** process_* under the names of Prometheus' own clients, and nodejs_* of the runtime. Once for a registry. */
export function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: HARDLY_EVER_MS });
  for (const { name } of registry.getMetricsAsArray()) {
    // The library's figures of the process are replaced: its CPU counters follow each other by one scrape.
    // Its three gauges named `_total` say what others of it say.
    if (/^process_|^nodejs_.*_total$|^nodejs_eventloop_lag_./.test(name)) {
      registry.removeSingleMetric(name);
    }
  }
  registerEventLoopDelay(registry);
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of this process in seconds, in user and in kernel mode.',
    registers,
    collect() {
      this.reset();
      this.inc(cpuSeconds());
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of this process that is resident, in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When this process began, in seconds since 1970.',
    registers,
  }).set(startSeconds());
  for (const { name, help, read } of KERNEL_FAMILIES) {
    // A family without a sample says nothing; one that says 0 would be a lie where there is no /proc.
    const Kind = name.endsWith('_total') ? Counter : Gauge;
    new Kind({
      ...{ name, help, registers },
      async collect(this: Counter | Gauge) {
        const value = await read();
        if (value === undefined) this.remove();
        else {
          this.reset();
          this.inc(value);
        }
      },
    });
  }
}

/** nodejs_eventloop_lag_*; what was told last stands while nothing is new, NaN before the first. */
function registerEventLoopDelay(registry: Registry): void {
  const delay = new EventLoopDelay();
  const gauges = new Map<string, Gauge>();
  /** All of them together, when the first is asked. */
  const tell = (): void => {
    for (const { name, seconds } of delay.take()) {
      if (!Number.isNaN(seconds)) gauges.get(name)?.set(seconds);
    }
  };
  for (const { name, help } of delay.take()) {
    const isFirst = gauges.size === 0;
    const registers = [registry];
    const gauge = new Gauge({ name, help, registers, ...(isFirst && { collect: tell }) });
    gauge.set(Number.NaN);
    gauges.set(name, gauge);
  }
}

interface KernelFamily {
  readonly name: string;
  readonly help: string;
  readonly read: () => Promise<number | undefined>;
}

const KERNEL_FAMILIES: readonly KernelFamily[] = [
  {
    name: 'process_max_fds',
    help: 'How many files, sockets included, this process may have open.',
    read: maxOpenFiles,
  },
  {
    name: 'process_network_receive_bytes_total',
    help: 'Bytes received over the network interfaces that this process sees, loopback included.',
    read: receivedBytes,
  },
  {
    name: 'process_network_transmit_bytes_total',
    help: 'Bytes sent over the network interfaces that this process sees, loopback included.',
    read: sentBytes,
  },
  {
    name: 'process_open_fds',
    help: 'How many files, sockets included, this process has open.',
    read: openFiles,
  },
  {
    name: 'process_virtual_memory_bytes',
    help: 'Address space of this process, in bytes.',
    read: virtualBytes,
  },
  {
    name: 'process_virtual_memory_max_bytes',
    help: 'How much address space this process may have, in bytes.',
    read: maxVirtualBytes,
  },
];

/**
 * `/metrics`: one text exposition, families sorted by name and labels too. Upstream writes two behind each
 * other, which no reader depends on. Families are asked one by one, and others get their turn between them.
 */
export async function metricsAnswer(
  registry: Registry,
  acceptEncoding: string | undefined,
): Promise<Answer> {
  const families: Family[] = [];
  // In the order in which they were made: some of the library's are set by the one that was made before them.
  for (const { name } of registry.getMetricsAsArray()) {
    const metric = registry.getSingleMetric(name);
    if (metric) families.push(await familyOf(metric));
    await new Promise(setImmediate);
  }
  families.sort((left, right) => (left.name < right.name ? -1 : 1));
  const pieces: string[] = [];
  for (const family of families) {
    for (const piece of expositionOf(family)) {
      pieces.push(piece);
      await new Promise(setImmediate);
    }
  }
  const headers: Header[] = [['Process-Start-Time-Unix', String(startSeconds())]];
  if (!prefersGzip(acceptEncoding)) {
    return { code: 200, contentType: EXPOSITION, headers, body: pieces };
  }
  const body = await promisify(gzip)(pieces.join(''));
  headers.push(['Content-Encoding', 'gzip']);
  return { code: 200, contentType: EXPOSITION, headers, body };
}

/** So many samples are written without others having their turn: about a millisecond. */
const SAMPLES_PER_PIECE = 500;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: Iterable<Sample>;
}

interface Sample {
  /** Lines of a histogram have names of their own. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly value: number;
}

async function familyOf(metric: Metric): Promise<Family> {
  if (metric instanceof SeriesHistogram) return metric.family();
  const { name, help, type, values } = await metric.get();
  return { name, help, type: String(type), values };
}

/** The text format 0.0.4, in pieces of whole lines. A family without samples shows its head. */
function* expositionOf({ name, help, type, values }: Family): Iterable<string> {
  let piece = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n`;
  let samples = 0;
  for (const { metricName = name, labels, value } of values) {
    piece += `${metricName}${labelsText(labels)} ${numberText(value)}\n`;
    samples += 1;
    if (samples % SAMPLES_PER_PIECE === 0) {
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') yield piece;
}

function labelsText(labels: Readonly<Record<string, string | number | undefined>>): string {
  const names = Object.keys(labels);
  if (names.length === 0) return '';
  const pairs = names
    .sort(byName)
    .map((name) => `${name}="${name === 'le' ? boundText(labels[name]) : quotable(labels[name])}"`);
  return `{${pairs.join(',')}}`;
}

/** `le` stands last, as everywhere. */
function byName(left: string, right: string): number {
  if (left === 'le' || right === 'le') return left === 'le' ? 1 : -1;
  return left < right ? -1 : 1;
}

/** A bucket's bound is part of the name of its series: it is spelled as Go does, `1e+06` and not 1000000. */
function boundText(bound: string | number | undefined): string {
  if (typeof bound !== 'number') return quotable(bound);
  const [digits = '', exponent = ''] = bound.toExponential().split('e');
  const power = Number(exponent);
  if (bound === 0 || (power >= -4 && power < 6)) return `${bound}`;
  return `${digits}e${power < 0 ? '-' : '+'}${`${Math.abs(power)}`.padStart(2, '0')}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function quotable(value: string | number | undefined): string {
  return escaped(String(value ?? '')).replaceAll('"', '\\"');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/**
 * Whether gzip comes before the plain text, which stands first where both are as good (as upstream:
 * client_golang's content negotiation). Names are compared literally.
 */
function prefersGzip(acceptEncoding: string | undefined): boolean {
  let best = { name: 'identity', quality: -1 };
  const wanted = (acceptEncoding ?? '').split(',').map((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { name, quality: quality === undefined ? 1 : Number(quality) || 0 };
  });
  for (const offer of ['identity', 'gzip']) {
    for (const { name, quality } of wanted) {
      const isOffered = name === offer || name === '*';
      if (isOffered && quality > best.quality) best = { name: offer, quality };
    }
  }
  return best.name === 'gzip' && best.quality > 0;
}
