import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExpositionDecoder } from '../../../src/kubelet/exposition.ts';
import { NodeBlock } from '../../../src/model/node-block.ts';
import {
  type Decoded,
  type DecodedPod,
  type Figures,
  NO_FIGURES,
  decodedOf,
} from '../../support/decoded.ts';

const ASKED_AT_MS = Date.UTC(2026, 10, 21);
const WEB = '{container="app",namespace="ns",pod="web"}';
const decoder = new ExpositionDecoder();

function decode(...lines: string[]): Decoded {
  const block = new NodeBlock();
  decoder.decode(Buffer.from(lines.join('\n')), block, ASKED_AT_MS);
  expect(block.source).toBe('resource');
  return decodedOf(block);
}

/** The one container of the one pod that the lines are of. */
function container(...lines: string[]): DecodedPod['containers'][number] | undefined {
  const { pods } = decode(...lines);
  expect(pods).toHaveLength(1);
  return pods[0]?.containers[0];
}

describe('ExpositionDecoder reads nodes', () => {
  const cpu = 'node_cpu_usage_seconds_total 1 1000';
  const memory = 'node_memory_working_set_bytes 5 2000';

  test.each([
    { name: 'and takes the time of the later line', lines: [cpu, memory], timeMs: 2000 },
    {
      name: 'and takes the time of the later line, in either order',
      lines: [memory, cpu],
      timeMs: 1000,
    },
    {
      name: 'with braces, labels, comments and blank lines around them',
      lines: [
        '# HELP x',
        '',
        '  \t',
        '# EOF',
        `node_cpu_usage_seconds_total{} 1 1000`,
        'node_memory_working_set_bytes{a="b",} 5 2000',
        '',
      ],
      timeMs: 2000,
    },
    {
      name: 'without timestamps at the time of the request',
      lines: ['node_cpu_usage_seconds_total 1', 'node_memory_working_set_bytes 5'],
      timeMs: ASKED_AT_MS,
    },
  ])('$name', ({ lines, timeMs }) => {
    expect(decode(...lines).node).toEqual({
      ...NO_FIGURES,
      timeMs,
      cpuSeconds: 1,
      memoryBytes: 5,
    });
  });

  test('keeps zeros and times of nought apart: it judges nothing', () => {
    const { node } = decode(
      'node_cpu_usage_seconds_total 0 0',
      'node_memory_working_set_bytes 0 0',
    );

    expect(node).toEqual({ ...NO_FIGURES, cpuSeconds: 0, memoryBytes: 0 });
  });

  test('keeps pods when the node has no lines, and the node when there are no pods', () => {
    expect(decode(`container_cpu_usage_seconds_total${WEB} 1 1000`).node).toEqual(NO_FIGURES);
    expect(decode(cpu, memory).pods).toEqual([]);
  });

  test('finds nothing on an empty page', () => {
    expect(decode('')).toEqual({ node: NO_FIGURES, pods: [] });
  });
});

describe('ExpositionDecoder reads containers', () => {
  test('joins the families of one container, whatever the order of labels and lines', () => {
    const decoded = decode(
      'container_start_time_seconds{pod="web",namespace="ns",container="app"} 1.6509742024191372e+09',
      'container_memory_working_set_bytes{ namespace = "ns" , container="app",pod="web", } 6.7776512e+07 1795227865926',
      `container_cpu_usage_seconds_total${WEB} 22.222075225 1795227863749`,
      `container_cpu_usage_seconds_total{container="side",namespace="ns",pod="web"} 0 1795227863000`,
      `container_cpu_usage_seconds_total{container="app",namespace="other",pod="web"} 1 1795227863000`,
    );

    expect(decoded.pods).toEqual([
      {
        namespace: 'ns',
        name: 'web',
        uid: '',
        containers: [
          {
            name: 'app',
            startMs: 1650974202419137280 / 1e6,
            timeMs: 1_795_227_863_749,
            cpuSeconds: 22,
            cpuNanos: 222_075_225,
            rateNanoCores: Number.NaN,
            memoryBytes: 67_776_512,
          },
          { ...NO_FIGURES, name: 'side', timeMs: 1_795_227_863_000, cpuSeconds: 0 },
        ],
      },
      {
        namespace: 'other',
        name: 'web',
        uid: '',
        containers: [{ ...NO_FIGURES, name: 'app', timeMs: 1_795_227_863_000, cpuSeconds: 1 }],
      },
    ]);
  });

  test('multiplies in double and cuts off, as upstream', () => {
    // 0.29 * 1e9 is 290000000 less a little in double; 1.1 * 1e9 a little more.
    const seconds = [0.29, 1.1, 4.710169, 123456.789012345];

    for (const value of seconds) {
      const nanos = Math.trunc(value * 1e9);
      expect(container(`container_cpu_usage_seconds_total${WEB} ${value} 1`)).toMatchObject({
        cpuSeconds: Math.floor(nanos / 1e9),
        cpuNanos: nanos % 1e9,
      });
    }
  });

  test('keeps what a double holds of counters beyond 2^53 ns', () => {
    expect(container(`container_cpu_usage_seconds_total${WEB} 123456789.25 1`)).toMatchObject({
      cpuSeconds: 123_456_789,
      cpuNanos: 250_000_000,
    });
  });

  test('lets a repeated sample replace the earlier one', () => {
    const line = `container_memory_working_set_bytes${WEB}`;

    expect(container(`${line} 1 1000`, `${line} 2 500`)).toMatchObject({
      memoryBytes: 2,
      timeMs: 500,
    });
  });

  test('shows a container that only has a start time: without figures', () => {
    expect(container(`container_start_time_seconds${WEB} 1600000000 1000`)).toEqual({
      ...NO_FIGURES,
      name: 'app',
      startMs: 1_600_000_000_000,
    });
  });

  test('overlooks a start time before the epoch, timestamp and all, as kubelets up to 1.24 write it', () => {
    expect(
      container(
        `container_start_time_seconds${WEB} -6.7953645788713455e+09 -62135596800000`,
        `container_cpu_usage_seconds_total${WEB} 1 1000`,
      ),
    ).toEqual({ ...NO_FIGURES, name: 'app', timeMs: 1000, cpuSeconds: 1 });
  });

  test.each(['NaN', '+Inf', '-Inf', '-1', '1e300', 'infinity'])(
    'takes a value of %s for missing',
    (value) => {
      expect(
        container(
          `container_cpu_usage_seconds_total${WEB} ${value} 1000`,
          `container_memory_working_set_bytes${WEB} ${value} 1000`,
          `container_start_time_seconds${WEB} ${value}`,
        ),
      ).toEqual({ ...NO_FIGURES, name: 'app', timeMs: 1000 });
    },
  );

  test('undoes escapes in label values, and takes names that objects have for names', () => {
    const { pods } = decode(
      'container_cpu_usage_seconds_total{container="a\\"b\\\\c\\nd",namespace="constructor",pod="__proto__"} 1 1000',
      'container_memory_working_set_bytes{container="a\\"b\\\\c\\nd",pod="__proto__",namespace="constructor"} 5 1000',
    );

    expect(pods).toHaveLength(1);
    expect(pods[0]).toMatchObject({
      namespace: 'constructor',
      name: '__proto__',
      containers: [{ name: 'a"b\\c\nd', cpuSeconds: 1, memoryBytes: 5 }],
    });
  });

  test('does not mistake labels or families that end or begin alike', () => {
    const decoded = decode(
      'container_cpu_usage_seconds_total{xcontainer="app",xnamespace="ns",xpod="web"} 1 1000',
      'pod_cpu_usage_seconds_total{namespace="ns",pod="web"} 1 1000',
      'container_cpu_usage_seconds_total_more{container="app",namespace="ns",pod="web"} 1 1000',
      'container_swap_usage_bytes{container="app",namespace="ns",pod="web"} 1 1000',
      'container_cpu_usage_seconds_total {container="app",namespace="ns",pod="web"} 1 1000',
      'node_cpu_usage_seconds_total {} 1 1000',
      'container_cpu_usage_seconds_total{namespace="ns",pod="web"} 1 1000',
      'container_cpu_usage_seconds_total 1 1000',
      'scrape_error 0',
      'resource_scrape_error 0',
    );

    expect(decoded).toEqual({ node: NO_FIGURES, pods: [] });
  });
});

describe('ExpositionDecoder voids the page', () => {
  test.each([
    {
      name: 'a negative timestamp',
      line: 'node_cpu_usage_seconds_total 1 -5',
      expected: 'a timestamp that is not negative',
    },
    {
      name: 'a fractional timestamp',
      line: 'node_cpu_usage_seconds_total 1 5.5',
      expected: 'the end of the line',
    },
    {
      name: 'a timestamp beyond all times',
      line: 'a 1 12345678901234567',
      expected: 'a timestamp in ms',
    },
    {
      name: 'a carriage return',
      line: 'node_cpu_usage_seconds_total 1 5\r',
      expected: 'the end of the line',
    },
    {
      name: 'a carriage return behind a value',
      line: 'node_cpu_usage_seconds_total 1\r',
      expected: 'a number',
    },
    {
      name: 'a carriage return behind a comment',
      line: '# HELP a b\r',
      expected: 'a line feed alone',
    },
    { name: 'an unquoted label value', line: 'a{b=c} 1', expected: 'a label value in quotes' },
    { name: 'a label without a value', line: 'a{b} 1', expected: '"="' },
    { name: 'labels without a comma', line: 'a{b="c"d="e"} 1', expected: '"," or "}"' },
    { name: 'labels that do not end', line: 'a{b="c', expected: 'a label value to end' },
    { name: 'an escape that is none', line: 'a{b="\\t"} 1', expected: 'one of' },
    { name: 'a value that is no number', line: 'a one', expected: 'a number' },
    { name: 'a hexadecimal value', line: 'a 0x10', expected: 'a number' },
    { name: 'no value', line: 'a', expected: 'a number' },
    { name: 'no value behind labels', line: 'a{}', expected: 'a number' },
    {
      name: 'two lines in one',
      line: 'node_cpu_usage_seconds_total 1 5node_memory_working_set_bytes 5 5',
      expected: 'the end of the line',
    },
    { name: 'a name that is none', line: '1a 1', expected: 'a metric name' },
    { name: 'HTML', line: '<html>', expected: 'a metric name' },
    { name: 'JSON', line: '{"node":{}}', expected: 'a metric name' },
  ])('on $name', ({ line, expected }) => {
    const block = new NodeBlock();
    const page = `node_memory_working_set_bytes 5 1\ncontainer_cpu_usage_seconds_total${WEB} 1 1\n${line}\n`;

    const read = (): void => {
      decoder.decode(Buffer.from(page), block, ASKED_AT_MS);
    };

    expect(read).toThrow(SyntaxError);
    expect(read).toThrow(
      new RegExp(
        `^Cannot read the page: expected ${expected.replace(/[{}"]/g, '\\$&')}.* at offset \\d+, got `,
      ),
    );
    expect(decodedOf(block)).toEqual({ node: NO_FIGURES, pods: [] });
  });
});

describe('ExpositionDecoder', () => {
  test('grows with the page, and shrinks with the next', () => {
    const lines = Array.from(
      { length: 1000 },
      (_, index) =>
        `container_memory_working_set_bytes{container="c${index % 3}",namespace="ns",pod="p${index}"} ${index} 1`,
    );
    lines.push(
      ...lines
        .map((line) => line.replace('memory_working_set_bytes', 'cpu_usage_seconds_total'))
        .reverse(),
    );

    const { pods } = decode(...lines);
    const next = decode(lines[5] ?? '');

    expect(pods).toHaveLength(1000);
    expect(pods.every(({ containers }, index) => containers[0]?.cpuSeconds === index)).toBe(true);
    expect(next.pods).toHaveLength(1);
  });

  test('reads every number as Number does', () => {
    const numbers = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 9e15 }),
      fc.nat(),
      fc.tuple(fc.nat(), fc.nat(99_999)).map(([whole, part]) => `${whole}.${part}`),
      fc
        .tuple(fc.nat(99_999_999), fc.integer({ min: -30, max: 6 }))
        .map(([digits, power]) => `${digits}e${power}`),
      fc.constantFrom(
        '.5',
        '5.',
        '0.1e+01',
        '00012',
        '+7',
        '123456789012345678',
        '0.000000000000000001',
      ),
    );

    fc.assert(
      fc.property(numbers, (number) => {
        const bytes = Math.trunc(Number(number));
        expect(container(`container_memory_working_set_bytes${WEB} ${number} 1`)?.memoryBytes).toBe(
          bytes <= Number.MAX_SAFE_INTEGER ? bytes : Number.NaN,
        );
      }),
    );
  });

  test('agrees with a plain reading of the captured pages', () => {
    const folder = fileURLToPath(new URL('../../fixtures/real-kubelet-1.36/', import.meta.url));
    const files = ['', 'churn/', 'cri/'].flatMap((sub) =>
      readdirSync(folder + sub)
        .filter((file) => /^resource-.*\.txt$/.test(file))
        .map((file) => sub + file),
    );

    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const page = readFileSync(folder + file, 'utf8');
      expect(decode(...page.split('\n'))).toEqual(decodePlainly(page));
    }
  });
});

/** The page by regular expressions, for pages without oddities. */
function decodePlainly(page: string): Decoded {
  const node = { ...NO_FIGURES };
  const pods = new Map<string, Map<string, Figures>>();
  for (const line of page.split('\n')) {
    const [, family = '', labels = '', value = '', time] =
      /^(\w+)(\{.*\})? (\S+)(?: (\d+))?$/.exec(line) ?? [];
    const figures = figuresOf(
      family,
      Number(value),
      time === undefined ? ASKED_AT_MS : Number(time),
    );
    if (family.startsWith('node_')) Object.assign(node, figures);
    const { name, key } = keyOf(labels);
    if (name === '' || figures === undefined) continue;
    const containers = pods.get(key) ?? new Map<string, Figures>();
    pods.set(key, containers.set(name, { ...(containers.get(name) ?? NO_FIGURES), ...figures }));
  }
  return {
    node,
    pods: [...pods].map(([key, containers]) => {
      const [namespace = '', name = ''] = key.split('/');
      const rows = [...containers].map(([own, figures]) => ({ name: own, ...figures }));
      return { namespace, name, uid: '', containers: rows };
    }),
  };
}

function keyOf(labels: string): { name: string; key: string } {
  const [, name = '', namespace = '', pod = ''] =
    /^\{container="(.*)",namespace="(.*)",pod="(.*)"\}$/.exec(labels) ?? [];
  return { name, key: `${namespace}/${pod}` };
}

function figuresOf(family: string, value: number, timeMs: number): Partial<Figures> | undefined {
  const nanos = Math.trunc(value * 1e9);
  if (family.endsWith('_start_time_seconds')) return { startMs: nanos / 1e6 };
  if (family.endsWith('_memory_working_set_bytes')) return { timeMs, memoryBytes: value };
  if (!family.endsWith('_cpu_usage_seconds_total')) return undefined;
  return { timeMs, cpuSeconds: Math.floor(nanos / 1e9), cpuNanos: nanos % 1e9 };
}
