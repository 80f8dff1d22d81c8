import { describe, expect, test } from '@jest/globals';
import { MAX_DEPTH } from '../../../src/kubelet/json-scanner.ts';
import { SummaryDecoder } from '../../../src/kubelet/summary.ts';
import { NodeBlock } from '../../../src/model/node-block.ts';
import { type Decoded, type DecodedPod, NO_FIGURES, decodedOf } from '../../support/decoded.ts';
import { kubeletBytes } from '../../support/summaries.ts';

const TIME = '2026-11-21T02:24:30Z';
const TIME_MS = Date.parse(TIME);
const START = '2026-11-21T02:20:00Z';
const START_MS = Date.parse(START);

/** A container as kubelets write it. What is undefined is left out. */
function aContainer(more: object = {}): object {
  return { name: 'app', startTime: START, cpu: aCpu(), memory: aMemory(), ...more };
}

function aCpu(more: object = {}): object {
  return { time: TIME, usageNanoCores: 5, usageCoreNanoSeconds: 7_000_000_009, ...more };
}

function aMemory(more: object = {}): object {
  return { time: TIME, usageBytes: 5000, workingSetBytes: 4096, ...more };
}

function aPod(more: object = {}): object {
  return {
    podRef: { name: 'web', namespace: 'ns', uid: 'u' },
    containers: [aContainer()],
    ...more,
  };
}

const FIGURES = {
  startMs: START_MS,
  timeMs: TIME_MS,
  cpuSeconds: 7,
  cpuNanos: 9,
  rateNanoCores: 5,
  memoryBytes: 4096,
};
const CONTAINER = { name: 'app', ...FIGURES };
const POD: DecodedPod = { namespace: 'ns', name: 'web', uid: 'u', containers: [CONTAINER] };

const decoder = new SummaryDecoder();

/** The text is read twice, so that the second time is by a layout, if one was learnt. */
function decodeText(text: string | Uint8Array): Decoded {
  const block = new NodeBlock();
  decoder.decode(Buffer.from(text), block);
  const first = decodedOf(block);
  decoder.decode(Buffer.from(text), block);
  expect(decodedOf(block)).toEqual(first);
  expect(block.source).toBe('summary');
  return first;
}

const decode = (summary: object): Decoded => decodeText(kubeletBytes(summary));

/** The containers of the only pod of a summary with these containers. */
function containersOf(...containers: unknown[]): DecodedPod['containers'] | undefined {
  return decode({ pods: [aPod({ containers })] }).pods[0]?.containers;
}

/** One container, its CPU and memory replaced. */
const figuresOf = (cpu: unknown, memory: unknown = aMemory()): unknown =>
  containersOf(aContainer({ cpu, memory }))?.[0];

describe('SummaryDecoder reads', () => {
  test('a node and its pods', () => {
    const node = { nodeName: 'a', startTime: START, cpu: aCpu(), memory: aMemory() };

    expect(decode({ node, pods: [aPod()] })).toEqual({ node: FIGURES, pods: [POD] });
  });

  test('into a block that was used before', () => {
    const block = new NodeBlock();
    decoder.decode(kubeletBytes({ node: { cpu: aCpu() }, pods: [aPod(), aPod()] }), block);

    decoder.decode(kubeletBytes({ pods: [aPod()] }), block);

    expect(decodedOf(block)).toEqual({ node: NO_FIGURES, pods: [POD] });
  });

  test('more pods and containers than a block begins with', () => {
    const containers = Array.from({ length: 5 }, (_, at) => aContainer({ name: `c${at}` }));
    const pods = Array.from({ length: 250 }, (_, at) =>
      aPod({ podRef: { name: `p${at}`, namespace: 'ns', uid: '' }, containers }),
    );

    const decoded = decode({ pods });

    expect(decoded.pods).toHaveLength(250);
    expect(decoded.pods[249]).toMatchObject({ name: 'p249', uid: '' });
    expect(decoded.pods[249]?.containers.map(({ name }) => name)).toEqual([
      'c0',
      'c1',
      'c2',
      'c3',
      'c4',
    ]);
  });
});

// Numbered as in the survey of captured answers that the decoder was written from.
describe('SummaryDecoder survives what varies', () => {
  test.each([
    { name: 'node absent', node: {} },
    { name: 'node null', node: { node: null } },
    { name: 'node with nothing but its name', node: { node: { nodeName: 'a', startTime: null } } },
    { name: 'node of another kind', node: { node: 'a' } },
  ])('1: $name: the pods are read', ({ node }) => {
    expect(decode({ ...node, pods: [aPod()] })).toEqual({ node: NO_FIGURES, pods: [POD] });
  });

  test('1: a node without CPU keeps its memory, and the other way round', () => {
    expect(decode({ node: { memory: aMemory() } }).node).toEqual({
      ...NO_FIGURES,
      memoryBytes: 4096,
    });
    expect(decode({ node: { cpu: aCpu() } }).node).toEqual({
      ...FIGURES,
      startMs: Number.NaN,
      memoryBytes: Number.NaN,
    });
  });

  test.each([
    { name: 'empty', pods: { pods: [] } },
    { name: 'null', pods: { pods: null } },
    { name: 'absent', pods: {} },
    { name: 'of another kind', pods: { pods: { a: [aPod()] } } },
    { name: 'a list of what are no pods', pods: { pods: [null, 5, 'a', [aPod()], true] } },
  ])('2: pods $name', ({ pods }) => {
    expect(decode({ node: {}, ...pods }).pods).toEqual([]);
  });

  test.each([
    { name: 'null', containers: null },
    { name: 'empty', containers: [] },
    { name: 'absent', containers: undefined },
    { name: 'of another kind', containers: 'app' },
  ])(
    '3: containers $name: a pod without containers, and the next one keeps its own',
    ({ containers }) => {
      expect(decode({ pods: [aPod({ containers }), aPod()] }).pods).toEqual([
        { ...POD, containers: [] },
        POD,
      ]);
    },
  );

  test.each([
    { name: 'neither CPU nor memory', container: { cpu: undefined, memory: undefined } },
    { name: 'both null', container: { cpu: null, memory: null } },
    { name: 'both empty', container: { cpu: {}, memory: {} } },
    { name: 'both of another kind', container: { cpu: 5, memory: [4096] } },
    { name: 'times of null alone', container: { cpu: { time: null }, memory: { time: null } } },
  ])('4: a container with $name is there without figures', ({ container }) => {
    expect(containersOf(aContainer(container))).toEqual([
      { ...NO_FIGURES, name: 'app', startMs: START_MS },
    ]);
  });

  test('5: the cumulative counter and the kubelet rate do not stand in for each other', () => {
    expect(figuresOf({ time: TIME, usageNanoCores: 5 })).toEqual({
      ...CONTAINER,
      cpuSeconds: Number.NaN,
      cpuNanos: 0,
    });
    expect(figuresOf({ time: TIME, usageCoreNanoSeconds: 7_000_000_009 })).toEqual({
      ...CONTAINER,
      rateNanoCores: Number.NaN,
    });
  });

  test('6: no other memory figure stands in for the working set', () => {
    expect(figuresOf(aCpu(), { time: TIME, usageBytes: 5000, rssBytes: 3000 })).toEqual({
      ...CONTAINER,
      memoryBytes: Number.NaN,
    });
  });

  test('7: zeros are facts', () => {
    expect(
      figuresOf(
        aCpu({ usageNanoCores: 0, usageCoreNanoSeconds: 0 }),
        aMemory({ workingSetBytes: 0 }),
      ),
    ).toEqual({
      ...CONTAINER,
      cpuSeconds: 0,
      cpuNanos: 0,
      rateNanoCores: 0,
      memoryBytes: 0,
    });
  });

  test.each([
    { time: null, timeMs: Number.NaN },
    { time: undefined, timeMs: Number.NaN },
    { time: '0001-01-01T00:00:00Z', timeMs: Number.NaN },
    { time: '1970-01-01T00:00:00Z', timeMs: Number.NaN },
    { time: '1970-01-01T00:00:01Z', timeMs: 1000 },
    { time: 'yesterday', timeMs: Number.NaN },
    { time: '', timeMs: Number.NaN },
    { time: 1_795_227_870, timeMs: Number.NaN },
    { time: '2026-02-29T00:00:00Z', timeMs: Number.NaN },
    { time: '2024-02-29T00:00:00Z', timeMs: Date.UTC(2024, 1, 29) },
    { time: '2100-02-29T00:00:00Z', timeMs: Number.NaN },
    { time: '2000-02-29T23:59:59Z', timeMs: Date.UTC(2000, 1, 29, 23, 59, 59) },
    { time: '2026-13-01T00:00:00Z', timeMs: Number.NaN },
    { time: '2026-11-21T24:00:00Z', timeMs: Number.NaN },
    { time: '2026-11-21T23:59:60Z', timeMs: Number.NaN },
    { time: '2026-11-21 02:24:30Z', timeMs: Number.NaN },
    { time: '2099-12-31T23:59:59Z', timeMs: Date.UTC(2099, 11, 31, 23, 59, 59) },
    { time: '2026-11-21T02:24:30.123456789Z', timeMs: TIME_MS + 123 },
    { time: '2026-11-21T04:24:30+02:00', timeMs: TIME_MS },
    { time: '2026-11-20T23:24:30.5-03:00', timeMs: TIME_MS + 500 },
  ])('8: a time of $time', ({ time, timeMs }) => {
    expect(figuresOf(aCpu({ time }))).toEqual({ ...CONTAINER, timeMs });
  });

  test.each([
    { startTime: null, startMs: Number.NaN },
    { startTime: undefined, startMs: Number.NaN },
    { startTime: TIME, startMs: TIME_MS },
    { startTime: '2026-12-21T02:24:30Z', startMs: Date.UTC(2026, 11, 21, 2, 24, 30) },
  ])(
    '9: a start time of $startTime, whatever the time of the figures',
    ({ startTime, startMs }) => {
      expect(containersOf(aContainer({ startTime }))).toEqual([{ ...CONTAINER, startMs }]);
    },
  );

  test('10 and 11: containers and pods that are there twice are kept twice, for the storage to choose', () => {
    const twice = [
      aContainer(),
      aContainer({ cpu: aCpu({ usageCoreNanoSeconds: 8_000_000_000 }) }),
    ];

    const { pods } = decode({ pods: [aPod({ containers: twice }), aPod()] });

    expect(
      pods.map(({ name, containers }) => [name, containers.map((one) => one.cpuSeconds)]),
    ).toEqual([
      ['web', [7, 8]],
      ['web', [7]],
    ]);
  });

  test('12, 13 and 14: says the same about the same answer, and nothing about the one before', () => {
    const later = decode({ pods: [aPod()] });
    const back = decode({
      pods: [
        aPod({ containers: [aContainer({ cpu: aCpu({ time: START, usageCoreNanoSeconds: 5 }) })] }),
      ],
    });

    expect(decode({ pods: [aPod()] })).toEqual(later);
    expect(back.pods[0]?.containers[0]).toMatchObject({
      timeMs: START_MS,
      cpuSeconds: 0,
      cpuNanos: 5,
    });
  });

  test.each([
    {
      number: '9007199254740991',
      whole: 9_007_199_254_740_991,
      seconds: 9_007_199,
      nanos: 254_740_991,
    },
    {
      number: '9007198999999999',
      whole: 9_007_198_999_999_999,
      seconds: 9_007_198,
      nanos: 999_999_999,
    },
    { number: '9007199254740993', whole: Number.NaN, seconds: 9_007_199, nanos: 254_740_993 },
    {
      number: '1234567890123456789',
      whole: Number.NaN,
      seconds: 1_234_567_890,
      nanos: 123_456_789,
    },
    {
      number: '18446744073709551615',
      whole: Number.NaN,
      seconds: 18_446_744_073,
      nanos: 709_551_615,
    },
    { number: '18446744073709551616', whole: Number.NaN, seconds: Number.NaN, nanos: 0 },
    { number: '99999999999999999999', whole: Number.NaN, seconds: Number.NaN, nanos: 0 },
    { number: '100000000000000000000', whole: Number.NaN, seconds: Number.NaN, nanos: 0 },
    { number: '999999999', whole: 999_999_999, seconds: 0, nanos: 999_999_999 },
    { number: '999999999999999', whole: 999_999_999_999_999, seconds: 999_999, nanos: 999_999_999 },
    { number: '1000000000000000', whole: 1_000_000_000_000_000, seconds: 1_000_000, nanos: 0 },
    { number: '-1', whole: Number.NaN, seconds: Number.NaN, nanos: 0 },
    { number: '-0', whole: 0, seconds: 0, nanos: 0 },
    { number: '-18446744073709551615', whole: Number.NaN, seconds: Number.NaN, nanos: 0 },
    { number: '1.9', whole: 1, seconds: 0, nanos: 1 },
    { number: '1e9', whole: 1e9, seconds: 1, nanos: 0 },
    { number: '2.5E+3', whole: 2500, seconds: 0, nanos: 2500 },
    { number: '25e-1', whole: 2, seconds: 0, nanos: 2 },
    { number: '1e400', whole: Number.NaN, seconds: Number.NaN, nanos: 0 },
    { number: '"4096"', whole: Number.NaN, seconds: Number.NaN, nanos: 0 },
    { number: 'true', whole: Number.NaN, seconds: Number.NaN, nanos: 0 },
  ])('15: $number as counter, rate and memory', ({ number, whole, seconds, nanos }) => {
    const text = JSON.stringify({ pods: [aPod()] }).replace(
      /("usage(?:NanoCores|CoreNanoSeconds)"|"workingSetBytes"):\d+/g,
      `$1:${number}`,
    );

    expect(decodeText(text).pods[0]?.containers).toEqual([
      {
        ...CONTAINER,
        cpuSeconds: seconds,
        cpuNanos: nanos,
        rateNanoCores: whole,
        memoryBytes: whole,
      },
    ]);
  });

  test('16: what nobody reads is stepped over at every depth', () => {
    const odd = {
      a: [[], [{}], { b: null }],
      '': { 'c"d\\': [1.5e-7, 'x\u0000', true, false, null] },
    };
    const more = {
      psi: odd,
      io: odd,
      swap: odd,
      userDefinedMetrics: null,
      accelerators: [odd],
      future: [[odd]],
    };

    const decoded = decode({
      ...more,
      node: {
        ...more,
        systemContainers: [aContainer(more)],
        cpu: aCpu(more),
        memory: aMemory(more),
      },
      pods: [
        aPod({ ...more, volume: [odd, odd], containers: [{ ...more, ...aContainer(), ...more }] }),
      ],
    });

    expect(decoded.pods).toEqual([POD]);
  });

  test('17: white space is free, and a byte order mark may lead', () => {
    const text = JSON.stringify({ pods: [aPod()] }).replace(/"[^"]*"|[{}[\],:]/g, (token) =>
      token.startsWith('"') ? token : ` \t\r\n${token} \t\r\n`,
    );

    expect(decodeText(`\uFEFF ${text}\n\n`).pods).toEqual([POD]);
  });

  test('17: keys come in any order', () => {
    const reversed = (value: object): object =>
      Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]: [string, unknown]) => [
            key,
            member instanceof Object && !Array.isArray(member) ? reversed(member) : member,
          ]),
      );

    expect(
      decode(
        reversed({
          node: { cpu: aCpu() },
          pods: [reversed(aPod({ containers: [reversed(aContainer())] }))],
        }),
      ).pods,
    ).toEqual([POD]);
  });

  test.each([
    { key: 'name of a container', twice: ['"name":"app"', '"name":"old","name":"app"'] },
    {
      key: 'CPU',
      twice: ['"cpu":{', '"cpu":{"usageNanoCores":1,"usageCoreNanoSeconds":2,"time":"x"},"cpu":{'],
    },
    { key: 'memory after null', twice: ['"memory":{', '"memory":null,"memory":{'] },
    { key: 'time', twice: ['"cpu":{', `"cpu":{"time":"${START}",`] },
    {
      key: 'containers',
      twice: ['"containers":[', '"containers":[{"name":"old"},5],"containers":['],
    },
    {
      key: 'podRef',
      twice: ['"podRef":{', '"podRef":{"name":"x","namespace":"y","uid":"z"},"podRef":{'],
    },
    {
      key: 'pods',
      twice: [
        '"pods":[',
        '"pods":[{"podRef":{"name":"a","namespace":"b"},"containers":[{"name":"c"}]}],"pods":[',
      ],
    },
    { key: 'node', twice: ['"pods":[', '"node":{"cpu":{"usageNanoCores":1}},"node":{},"pods":['] },
  ])('18: of $key given twice the last one counts', ({ twice: [once = '', twice = ''] }) => {
    const text = JSON.stringify({ pods: [aPod()] });
    expect(text).toContain(once);

    expect(decodeText(text.replace(once, twice))).toEqual({ node: NO_FIGURES, pods: [POD] });
  });

  test.each([
    { key: 'containers', text: '"containers":null' },
    { key: 'containers', text: '"containers":{}' },
    { key: 'podRef', text: '"podRef":{"name":"web"}' },
    { key: 'podRef', text: '"podRef":7' },
  ])('18: of $key given again as $text nothing is left of the first', ({ key, text }) => {
    const { pods } = decodeText(
      JSON.stringify({ pods: [aPod()] }).replace(/\]\}\]\}$/, `],${text}}]}`),
    );

    expect(pods).toEqual(key === 'podRef' ? [] : [{ ...POD, containers: [] }]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '19: %s is a name like any other',
    (name) => {
      const text = JSON.stringify({ pods: [aPod()] })
        .replace('"app"', `"${name}"`)
        .replace('"web"', `"${name}"`);

      expect(decodeText(text).pods).toEqual([
        { ...POD, name, containers: [{ ...CONTAINER, name }] },
      ]);
    },
  );

  test('19: names may be written with escapes, and so may keys', () => {
    const text = JSON.stringify({ pods: [aPod()] })
      .replace('"app"', '"\\u0061\\u0070p\\n\\"\\ud83d\\ude00é"')
      .replace('"podRef"', '"\\u0070odRef"')
      .replace('"cpu"', '"c\\u0070u"');

    expect(decodeText(text).pods).toEqual([
      { ...POD, containers: [{ ...CONTAINER, name: 'app\n"😀é' }] },
    ]);
  });

  test('20: the name that the node gives itself does not matter', () => {
    expect(decode({ node: { nodeName: 'other', cpu: aCpu() } }).node).toMatchObject({
      cpuSeconds: 7,
    });
  });

  test('21: the uid is told as it is, also the hash of a static pod', () => {
    const podRef = { name: 'web', namespace: 'ns', uid: 'c2f1b3a4d5e6f708192a3b4c5d6e7f80' };

    expect(decode({ pods: [aPod({ podRef })] }).pods[0]?.uid).toBe(podRef.uid);
    expect(decode({ pods: [aPod({ podRef: { ...podRef, uid: null } })] }).pods[0]?.uid).toBe('');
  });

  test('22: pods and containers keep the order of the answer', () => {
    const order = (names: string[]): object =>
      aPod({ containers: names.map((name) => aContainer({ name })) });

    const { pods } = decode({ pods: [order(['b', 'a']), order(['a', 'b'])] });

    expect(pods.map(({ containers }) => containers.map(({ name }) => name))).toEqual([
      ['b', 'a'],
      ['a', 'b'],
    ]);
  });

  test('23: a container that is missing leaves no trace', () => {
    expect(containersOf(aContainer({ name: 'other' }))).toEqual([{ ...CONTAINER, name: 'other' }]);
  });

  test.each([
    { name: 'no podRef', pod: { podRef: undefined } },
    { name: 'no name', pod: { podRef: { namespace: 'ns', uid: 'u' } } },
    { name: 'no namespace', pod: { podRef: { name: 'web', uid: 'u' } } },
    { name: 'a name of another kind', pod: { podRef: { name: 5, namespace: 'ns' } } },
    {
      name: 'a container without a name',
      pod: { containers: [aContainer(), aContainer({ name: undefined })] },
    },
    { name: 'null among its containers', pod: { containers: [aContainer(), null] } },
  ])('a pod with $name is left out whole, and nothing of its neighbours', ({ pod }) => {
    expect(decode({ pods: [aPod(), aPod(pod), aPod()] }).pods).toEqual([POD, POD]);
  });
});

describe('SummaryDecoder refuses', () => {
  const whole = JSON.stringify({ pods: [aPod()] });
  const nested = (depth: number): string =>
    `{"pods":[],"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;

  test.each([
    { name: 'nothing', text: '', message: 'expected "{" at offset 0, got the end of the text' },
    {
      name: 'blanks alone',
      text: '  \n',
      message: 'expected "{" at offset 3, got the end of the text',
    },
    { name: 'null', text: 'null', message: 'expected "{" at offset 0, got "n"' },
    { name: 'a list', text: '[]', message: 'expected "{" at offset 0, got "["' },
    { name: 'a string', text: '"pods"', message: 'expected "{" at offset 0, got "\\""' },
    { name: 'HTML', text: '<html>', message: 'expected "{" at offset 0, got "<"' },
    { name: 'a page of metrics', text: '# HELP', message: 'expected "{" at offset 0, got "#"' },
    {
      name: 'half of it',
      text: whole.slice(0, 30),
      message: 'expected a string to go on at offset 30, got the end of the text',
    },
    {
      name: 'trailing text',
      text: `${whole}x`,
      message: `expected the end at offset ${whole.length}, got "x"`,
    },
    {
      name: 'two of them',
      text: `${whole}${whole}`,
      message: `expected the end at offset ${whole.length}, got "{"`,
    },
    {
      name: 'a trailing comma',
      text: '{"pods":[],}',
      message: 'expected a key in quotes at offset 11, got "}"',
    },
    {
      name: 'a trailing comma in a list',
      text: '{"pods":[5,]}',
      message: 'expected a value at offset 11, got "]"',
    },
    {
      name: 'a missing comma',
      text: '{"pods":[] "node":1}',
      message: 'expected "," or "}" at offset 11, got "\\""',
    },
    { name: 'a missing colon', text: '{"pods" []}', message: 'expected ":" at offset 8, got "["' },
    {
      name: 'the wrong bracket',
      text: '{"pods":[}',
      message: 'expected a value at offset 9, got "}"',
    },
    {
      name: 'the wrong brace',
      text: '{"x":[1}',
      message: 'expected "," or "]" at offset 7, got "}"',
    },
    {
      name: 'a key without quotes',
      text: '{pods:[]}',
      message: 'expected a key in quotes at offset 1, got "p"',
    },
    {
      name: 'a word that is none',
      text: '{"x":nil}',
      message: 'expected a value at offset 5, got "n"',
    },
    {
      name: 'a leading zero',
      text: '{"x":01}',
      message: 'expected "," or "}" at offset 6, got "1"',
    },
    {
      name: 'a dot without digits',
      text: '{"x":1.}',
      message: 'expected a digit at offset 7, got "}"',
    },
    {
      name: 'an exponent without digits',
      text: '{"x":1e+}',
      message: 'expected a digit at offset 8, got "}"',
    },
    { name: 'a minus alone', text: '{"x":-}', message: 'expected a digit at offset 6, got "}"' },
    { name: 'a plus', text: '{"x":+1}', message: 'expected a value at offset 5, got "+"' },
    {
      name: 'a control character',
      text: '{"x":"a\nb"}',
      message: 'expected a string to go on at offset 7, got the byte 0x0a',
    },
    {
      name: 'an escape that is none',
      text: '{"x":"\\x41"}',
      message: 'expected an escape that JSON knows at offset 7, got "x"',
    },
    {
      name: 'an escape that is too short',
      text: '{"x":"\\u12"}',
      message: 'expected a hexadecimal digit at offset 10, got "\\""',
    },
    { name: 'a comment', text: '{/**/}', message: 'expected a key in quotes at offset 1, got "/"' },
    {
      name: 'a mark in the middle',
      text: '{\uFEFF}',
      message: 'expected a key in quotes at offset 1, got the byte 0xef',
    },
    {
      name: 'too many levels',
      text: nested(MAX_DEPTH),
      message: `expected at most ${MAX_DEPTH} levels of nesting at offset ${14 + MAX_DEPTH}`,
    },
    {
      name: 'what is no summary',
      text: '{"kind":"Status","code":500}',
      message: 'expected a member "node" or "pods"',
    },
  ])('$name, saying where and what was expected', ({ text, message }) => {
    const block = new NodeBlock();
    decoder.decode(Buffer.from(whole), block);

    const read = (): void => {
      decoder.decode(Buffer.from(text), block);
    };

    expect(read).toThrow(SyntaxError);
    expect(read).toThrow(`Cannot read the summary: ${message}`);
    expect(decodedOf(block)).toEqual({ node: NO_FIGURES, pods: [] });
  });

  test.each(['01', '-', '1.', '.5', '1e', '1e+', '00', '-01', '1.e3', '0x10', '1 2'])(
    'a number of %s where one is read, by layout or without',
    (number) => {
      for (const key of [
        'usageNanoCores',
        'usageCoreNanoSeconds',
        'workingSetBytes',
        'usageBytes',
      ]) {
        const text = whole.replace(new RegExp(`"${key}":\\d+`), `"${key}":${number}`);
        decodeText(whole);

        expect(text).not.toBe(whole);
        expect(() => decodeText(text)).toThrow(SyntaxError);
      }
    },
  );

  test('not the deepest nesting that is allowed', () => {
    expect(decodeText(nested(MAX_DEPTH - 1)).pods).toEqual([]);
  });
});
