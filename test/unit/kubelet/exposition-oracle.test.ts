import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExpositionDecoder } from '../../../src/kubelet/exposition.ts';
import { NodeBlock } from '../../../src/model/node-block.ts';
import { type Decoded, type Figures, NO_FIGURES, decodedOf } from '../../support/decoded.ts';
import { forAll, mutated } from '../../support/properties.ts';

const ASKED_AT_MS = Date.UTC(2026, 10, 21);

/** Lives through all pages, so that what it remembers of one meets the next. */
const decoder = new ExpositionDecoder();

function decoded(page: string): Decoded | 'refused' {
  const block = new NodeBlock();
  try {
    decoder.decode(Buffer.from(page), block, ASKED_AT_MS);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    expect(decodedOf(block)).toEqual({ node: NO_FIGURES, pods: [] });
    return 'refused';
  }
  return decodedOf(block);
}

type Writable = { -readonly [Name in keyof Figures]: Figures[Name] };

/** The page once more, line by line and with regular expressions. */
function readPlainly(page: string): Decoded | 'refused' {
  const node: Writable = { ...NO_FIGURES };
  const containers = new Map<string, Writable>();
  for (const line of page.split('\n')) {
    if (/^[ \t]*$/.test(line) || /^[ \t]*#.*(?<!\r)$/s.test(line)) continue;
    const sample = readSample(line);
    if (!sample) return 'refused';
    const { family, key, value, timeMs } = sample;
    if (family.startsWith('node_')) put(node, family.slice(5), value, timeMs);
    if (!family.startsWith('container_') || key === undefined) continue;
    const figures = containers.get(key) ?? { ...NO_FIGURES };
    containers.set(key, figures);
    put(figures, family.slice(10), value, timeMs);
  }
  return { node, pods: podsOf(containers) };
}

const LABEL = String.raw`[ \t]*([a-zA-Z_:][\w:]*)[ \t]*=[ \t]*"((?:[^"\\\n\0]|\\["\\n])*)"[ \t]*`;
const SAMPLE = new RegExp(
  String.raw`^[ \t]*([a-zA-Z_:][\w:]*)(?![\w:])([ \t]*)(\{(?:${LABEL}(?:,|(?=\})))*[ \t]*\})?[ \t]*([^ \t]+)(?:[ \t]+(-?)(\d{1,16}))?[ \t]*$`,
);
const NUMBER = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)$/i;

const READ = new Set([
  'node_cpu_usage_seconds_total',
  'node_memory_working_set_bytes',
  'container_cpu_usage_seconds_total',
  'container_memory_working_set_bytes',
  'container_start_time_seconds',
]);

interface Sample {
  /** '' for a series that is not read. */
  readonly family: string;
  /** Undefined when a label of the three is missing. */
  readonly key: string | undefined;
  readonly value: number;
  readonly timeMs: number;
}

function readSample(line: string): Sample | undefined {
  const match = SAMPLE.exec(line);
  if (!match) return undefined;
  const [, name = '', gap, labels, , , number = '', minus, digits] = match;
  if (!NUMBER.test(number)) return undefined;
  const isRead = READ.has(name) && (labels === undefined || gap === '');
  const family = isRead ? name : '';
  if (minus === '-' && family !== 'container_start_time_seconds') return undefined;
  const timeMs = digits === undefined ? ASKED_AT_MS : Number(digits);
  return { family, key: keyOf(labels ?? ''), value: Number(number), timeMs };
}

function keyOf(labels: string): string | undefined {
  const values = new Map<string, string>();
  for (const [, name = '', value = ''] of labels.matchAll(new RegExp(LABEL, 'g'))) {
    values.set(
      name,
      value.replace(/\\(.)/g, (_escape, letter: string) => (letter === 'n' ? '\n' : letter)),
    );
  }
  const key = ['namespace', 'pod', 'container'].map((name) => values.get(name) ?? '');
  return key.includes('') ? undefined : JSON.stringify(key);
}

function put(figures: Writable, family: string, value: number, timeMs: number): void {
  const nanos = Math.trunc(value * 1e9);
  switch (family) {
    case 'start_time_seconds':
      figures.startMs = timeOf(nanos / 1e6);
      return;
    case 'cpu_usage_seconds_total': {
      const isCounter = nanos >= 0 && nanos < 2 ** 64;
      figures.cpuSeconds = isCounter ? Number(BigInt(nanos) / 10n ** 9n) : Number.NaN;
      figures.cpuNanos = isCounter ? Number(BigInt(nanos) % 10n ** 9n) : 0;
      break;
    }
    case 'memory_working_set_bytes':
      figures.memoryBytes =
        value >= 0 && value <= Number.MAX_SAFE_INTEGER ? Math.trunc(value) : Number.NaN;
      break;
    default:
      return;
  }
  figures.timeMs = timeOf(timeMs);
}

function timeOf(ms: number): number {
  return ms > 0 && ms <= 8.64e15 ? ms : Number.NaN;
}

/** Containers of families that are read, by their pods. */
function podsOf(containers: ReadonlyMap<string, Figures>): Decoded['pods'] {
  const pods = Map.groupBy(containers, ([key]) => {
    const [namespace, pod] = JSON.parse(key) as string[];
    return JSON.stringify([namespace, pod]);
  });
  return [...pods].map(([key, own]) => {
    const [namespace = '', name = ''] = JSON.parse(key) as string[];
    const rows = own.map(([full, figures]) => ({
      name: (JSON.parse(full) as string[])[2] ?? '',
      ...figures,
    }));
    return { namespace, name, uid: '', containers: rows };
  });
}

const numbers = fc.oneof(
  fc.constantFrom('0', '1', '22.222075225', '6.7776512e+07', '1.7952278e9', '-1', 'NaN', '+Inf'),
  fc.constantFrom('1e400', '.5', '5.', '1E3', '9007199254740993', '18446744073.709551616', '1e-7'),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1e12 }).map(String),
);
const times = fc.oneof(
  { weight: 8, arbitrary: fc.nat().map((ms) => ` ${1_795_227_000_000 + ms}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('', ' 0', ' -62135596800000', ' 9999999999999999', ' 1.5'),
  },
);
const names = fc.constantFrom('web', 'db', 'a\\"b', 'é', 'constructor', '', 'x\\\\', 'n\\n');
const keys = fc
  .tuple(names, names, names, fc.constantFrom(',', ', ', ' ,'), fc.nat(5))
  .map(([namespace, pod, container, comma, turn]) => {
    const all = [
      `namespace="${namespace}"`,
      `pod="${pod}"`,
      `container="${container}"`,
      'id = "x"',
    ];
    return `{${[...all.slice(turn % 4), ...all.slice(0, turn % 4)].slice(0, turn === 5 ? 2 : 4).join(comma)}}`;
  });
const samples = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constantFrom(
        'container_cpu_usage_seconds_total',
        'container_memory_working_set_bytes',
        'container_start_time_seconds',
        'pod_cpu_usage_seconds_total',
        'container_swap_usage_bytes',
      ),
      keys,
      fc.constantFrom(' ', '  ', '\t'),
      numbers,
      times,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom(
        'node_cpu_usage_seconds_total',
        'node_memory_working_set_bytes',
        'scrape_error',
      ),
      fc.constantFrom('', '{}'),
      fc.constant(' '),
      numbers,
      times,
    ),
  },
);
const lines = fc.oneof(
  { weight: 9, arbitrary: samples.map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.constantFrom('', '# TYPE x gauge', '# HELP x "', ' ', '#') },
);
const pages = mutated(
  fc.array(lines, { maxLength: 8 }).map((all) => all.join('\n')),
  [
    ...['{', '}', '"', '\\', ',', '=', ' ', '\t', '\n', '\r', '\r\n', '#', '0', '-', '.', 'e', '1'],
    ...['\0', 'é', '😀', 'node_cpu_usage_seconds_total', 'NaN', '{}', '  ', '\\n', '9'.repeat(17)],
  ],
  5,
);

function comparable(page: Decoded | 'refused'): unknown {
  if (page === 'refused') return page;
  const text = (value: object): string => JSON.stringify(value);
  const pods = page.pods.map(({ containers, ...pod }) => ({
    ...pod,
    containers: containers.toSorted((left, right) => (text(left) < text(right) ? -1 : 1)),
  }));
  return { ...page, pods: pods.toSorted((left, right) => (text(left) < text(right) ? -1 : 1)) };
}

describe('ExpositionDecoder agrees with a plain reading', () => {
  test('of pages well and badly made', () => {
    forAll(pages, (page) => {
      expect(comparable(decoded(page))).toEqual(comparable(readPlainly(page)));
    });
  });
});
