import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ExpositionDecoder } from '../../src/kubelet/exposition.ts';
import { SummaryDecoder } from '../../src/kubelet/summary.ts';
import { NodeBlock } from '../../src/model/node-block.ts';
import { Storage } from '../../src/storage/storage.ts';
import { decodedOf } from '../support/decoded.ts';
import { FakeClock } from '../support/fake-clock.ts';

const OWN_FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const given = process.env['FIXTURES_DIR'] ?? '';
const folder = given === '' ? OWN_FIXTURES : given;
const ROUND_MS = 12_000;
const NODE = 'node-a';

const SUMMARY = /(^|[-./])summary[^/]*\.json$/;
const PAGE = /(?<!headers)(^|[-./])resource[^/]*\.txt$/;
/** Parts of answers: one pod, or a list of what people quoted, each with its level. */
const PARTS = /(^|\/)(pod-|fragments)[^/]*\.json$/;
/** Answers of one node one after the other: `…-1.json`, `…-2.json`; the last ones of a name are their number. */
const SERIES = /(?:\d{1,2}|\d{1,2}-\d+s-later)\.(json|txt)$/;

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(json|txt)$/.test(file))
  .sort();

interface Served {
  readonly pods: number;
  readonly containers: number;
  readonly served: number;
  readonly podsMilliCores: number;
  readonly nodeMilliCores: number | undefined;
  readonly nodeMebibytes: number | undefined;
  readonly impossible: readonly Figures[];
  readonly undecodable: readonly number[];
}

/** One node: its storage, and the clock that stands between its answers. */
class Node {
  private readonly clock = new FakeClock();
  private readonly block = new NodeBlock();
  private readonly storage = new Storage({
    config: { resolutionMs: 15_000, stalenessMs: 60_000, bootstrapFromKubeletRate: true },
    clock: this.clock,
    instruments: { readPointsFrom: () => undefined },
  });
  private readonly summaries = new SummaryDecoder();
  private readonly pages = new ExpositionDecoder();

  /** @throws SyntaxError when the file is no answer of a kubelet. */
  take(file: string, bytes: Buffer): void {
    this.clock.advance(ROUND_MS);
    if (file.endsWith('.txt')) this.pages.decode(bytes, this.block, this.clock.nowMs());
    else this.summaries.decode(bytes, this.block);
    this.storage.store(NODE, this.block);
  }

  /** What is served of the answer taken last. */
  served(): Served {
    const { pods } = decodedOf(this.block);
    const usages = pods.flatMap((pod) => this.storage.podUsage({ ...pod, mirrorUid: '' }) ?? []);
    const containers = usages.flatMap((usage) =>
      usage.containers.map((container) => ({ ...usage, ...container })),
    );
    const node = this.storage.nodeUsage(NODE);
    return {
      pods: pods.length,
      containers: pods.reduce((sum, pod) => sum + pod.containers.length, 0),
      served: usages.length,
      podsMilliCores: containers.reduce((sum, { cpuNanoCores }) => sum + cpuNanoCores, 0) / 1e6,
      nodeMilliCores: node && node.cpuNanoCores / 1e6,
      nodeMebibytes: node && node.memoryBytes / 1_048_576,
      impossible: [...containers, ...(node ? [{ ...node, name: NODE }] : [])].filter(
        (figures) => !isPossible(figures),
      ),
      undecodable: this.undecodable(),
    };
  }

  /** Numbers in the block that are neither a value nor missing. */
  private undecodable(): number[] {
    const { node, pods } = decodedOf(this.block);
    return [node, ...pods.flatMap(({ containers }) => containers)]
      .flatMap((one) => [
        one.startMs,
        one.timeMs,
        one.cpuSeconds,
        one.cpuNanos,
        one.rateNanoCores,
        one.memoryBytes,
      ])
      .filter((value) => value < 0 || value === Number.POSITIVE_INFINITY);
  }

  /** What is served for one container; undefined when nothing is. */
  cpuOfContainer(namespace: string, name: string, container: string): number | undefined {
    const pod = decodedOf(this.block).pods.find(
      (one) => one.namespace === namespace && one.name === name,
    );
    const usage = pod && this.storage.podUsage({ ...pod, mirrorUid: '' });
    return usage?.containers.find((one) => one.name === container)?.cpuNanoCores;
  }
}

interface Figures {
  readonly name: string;
  readonly timestampMs: number;
  readonly windowMs: number;
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
}

function isPossible({ name, timestampMs, windowMs, cpuNanoCores, memoryBytes }: Figures): boolean {
  return (
    name !== '' &&
    timestampMs > 0 &&
    windowMs > 0 &&
    Number.isSafeInteger(cpuNanoCores) &&
    cpuNanoCores >= 0 &&
    Number.isSafeInteger(memoryBytes) &&
    memoryBytes > 0
  );
}

const rows: string[][] = [];

function row(
  file: string,
  { pods, containers, served, podsMilliCores, nodeMilliCores, nodeMebibytes }: Served,
): string[] {
  const cells = [podsMilliCores, nodeMilliCores, nodeMebibytes].map(
    (value) => value?.toFixed(0) ?? '-',
  );
  return [file, ...[pods, containers, served].map(String), ...cells];
}

afterAll(() => {
  const head = [
    'file',
    'pods',
    'containers',
    'pods served',
    'their CPU (m)',
    'node CPU (m)',
    'node memory (Mi)',
  ];
  const widths = head.map((cell, at) =>
    Math.max(cell.length, ...rows.map((cells) => cells[at]?.length ?? 0)),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ');
  process.stdout.write(
    `\nServed from ${rows.length} answers of kubelets, each after those before it:\n`,
  );
  process.stdout.write(`${[head, ...rows].map(line).join('\n')}\n\n`);
});

const where =
  given === ''
    ? "the project's own fixtures only, FIXTURES_DIR is not set"
    : 'every file of FIXTURES_DIR';

describe(`Decoders and storage over ${where}`, () => {
  const nodes = new Map<string, Node>();

  test.each(files.filter(isAnswer))('%s', (file) => {
    const series = file.replace(SERIES, '');
    const node = nodes.get(series) ?? new Node();
    if (series !== file) nodes.set(series, node);

    for (const answer of answersIn(file)) node.take(file, answer);
    const served = node.served();

    expect([served.impossible, served.undecodable]).toEqual([[], []]);
    rows.push(row(file, served));
  });

  test.each(files.filter((file) => !isAnswer(file)))('%s is refused', (file) => {
    const bytes = readFileSync(join(folder, file));

    expect(() => {
      new Node().take(file, bytes);
    }).toThrow(SyntaxError);
  });

  test('has seen both kinds of answers', () => {
    expect(files.filter((file) => SUMMARY.test(file)).length).toBeGreaterThan(5);
    expect(files.filter((file) => PAGE.test(file)).length).toBeGreaterThan(5);
  });
});

function isAnswer(file: string): boolean {
  return [SUMMARY, PAGE, PARTS].some((kind) => kind.test(file));
}

function answersIn(file: string): Buffer[] {
  const bytes = readFileSync(join(folder, file));
  if (!PARTS.test(file)) return [bytes];
  const content: unknown = JSON.parse(bytes.toString());
  const parts = Array.isArray(content) ? (content as Part[]) : [{ level: 'pod', value: content }];
  return parts.map(({ level, value }) => Buffer.from(JSON.stringify(wrapped(level, value))));
}

interface Part {
  readonly level: string;
  readonly value: unknown;
}

function wrapped(level: string, value: unknown): object {
  const podRef = { name: 'pod', namespace: 'ns', uid: 'uid' };
  if (level === 'container') return { pods: [{ podRef, containers: [value] }] };
  if (level === 'pod') return { pods: [value] };
  return level === 'node' ? { node: value } : { pods: [], [level]: value };
}

/** What burns on the node of the captures, in cores (test/fixtures/real-kubelet-1.36/README.md). */
const LOADS = [
  { namespace: 'lab', name: 'burn-100m', container: 'burn', cores: 0.1 },
  { namespace: 'lab', name: 'burn-200m', container: 'burn', cores: 0.2 },
  { namespace: 'lab-b', name: 'burn-100m', container: 'burn', cores: 0.05 },
  { namespace: 'lab', name: 'two', container: 'burn', cores: 0.05 },
  { namespace: 'lab', name: 'with-sidecar', container: 'sidecar', cores: 0.05 },
  { namespace: 'lab', name: 'half-crash', container: 'burn', cores: 0.05 },
  { namespace: 'lab', name: 'static-node-a', container: 'burn', cores: 0.05 },
];

describe('Two consecutive answers of a real kubelet', () => {
  const capture = (file: string): Buffer =>
    readFileSync(join(OWN_FIXTURES, 'real-kubelet-1.36', file));
  const rounds = [1, 2, 3, 4, 5];

  /** Served by true load, of all loads, after each pair of answers. */
  function errorsOf(fileOf: (round: number) => string): number[] {
    return rounds.flatMap((round) => {
      const node = new Node();
      for (const file of [fileOf(round), fileOf(round + 1)]) node.take(file, capture(file));
      return LOADS.flatMap(({ namespace, name, container, cores }) => {
        const served = node.cpuOfContainer(namespace, name, container);
        return served === undefined ? [] : Math.abs(served / 1e9 / cores - 1);
      });
    });
  }

  test.each([
    { name: 'summary', fileOf: (round: number) => `summary-cpumem-${round}.json` },
    { name: 'full summary', fileOf: (round: number) => `summary-${round}.json` },
  ])('from the $name every load is served within 2 percent', ({ fileOf }) => {
    const errors = errorsOf(fileOf);

    // A pod with an idle container waits for its second sample, which may take more than one round.
    expect(errors.length).toBeGreaterThan(0.9 * rounds.length * LOADS.length);
    expect(Math.max(...errors)).toBeLessThanOrEqual(0.02);
    expect(median(errors)).toBeLessThanOrEqual(0.01);
  });

  test('from the resource page every load whose sample has advanced is served within 2 percent', () => {
    const errors = errorsOf((round) => `resource-${round}.txt`);

    expect(errors.length).toBeGreaterThan((rounds.length * LOADS.length) / 2);
    expect(Math.max(...errors)).toBeLessThanOrEqual(0.02);
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
