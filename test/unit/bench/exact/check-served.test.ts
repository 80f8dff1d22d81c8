import { describe, expect, test } from '@jest/globals';
import { type ServedLists, type Verdict, checkServed } from '../../../bench/exact/check-served.ts';
import { NodeReference } from '../../../support/exact/node-reference.ts';
import { readAnswer } from '../../../support/exact/readings.ts';

const T0 = Date.UTC(2026, 10, 21, 12);
const POD = { namespace: 'shop', name: 'cart', uid: 'uid-1', nodeName: 'n' };

interface Said {
  /** Seconds after T0. */
  readonly at: number;
  readonly cpu: string;
  readonly rate: string;
  readonly memory: string;
}

/** A summary as a kubelet writes it; numbers are given as text, so that no double stands between. */
function summary(node: Said, containers: Readonly<Record<string, Said>>): string {
  const stats = ({ at, cpu, rate, memory }: Said, start: number): string => {
    const time = new Date(T0 + at * 1000).toISOString().replace('.000', '');
    const startTime = new Date(T0 + start * 1000).toISOString().replace('.000', '');
    return `"startTime": "${startTime}", "cpu": {"time": "${time}", "usageNanoCores": ${rate}, "usageCoreNanoSeconds": ${cpu}}, "memory": {"time": "${time}", "workingSetBytes": ${memory}}`;
  };
  const list = Object.entries(containers).map(
    ([name, said]) => `{"name": "${name}", ${stats(said, -3600)}}`,
  );
  return `{"node": {"nodeName": "n", ${stats(node, -7200)}}, "pods": [{"podRef": {"name": "cart", "namespace": "shop", "uid": "uid-1"}, "containers": [${list.join(', ')}]}]}`;
}

/** Two answers, 15 s apart: counters beyond 2^53, a rate beyond the interval, one inside, and one of 0. */
const ANSWERS: readonly string[] = [
  summary(
    { at: 0, cpu: '9007199254740993', rate: '1000000000', memory: '4096' },
    {
      main: { at: -2, cpu: '18000000000000000001', rate: '100000000', memory: '1048576' },
      side: { at: 1, cpu: '5000000000', rate: '0', memory: '1025' },
    },
  ),
  summary(
    { at: 15, cpu: '9007215254740996', rate: '5000000000', memory: '5000' },
    {
      main: { at: 14, cpu: '18000000001600000008', rate: '101000001', memory: '1048577' },
      side: { at: 16, cpu: '5000000007', rate: '0', memory: '1000' },
    },
  ),
];

/** What follows from them, by hand. */
const SERVED = {
  // 16000000003 ns in 15 s; the kubelet says more than 16000000003 / 14 s.
  node: { time: '2026-11-21T12:00:15Z', window: '15s', cpu: '1142857143n', memory: '5000' },
  // The earlier of its containers' times, with that one's window of 16 s.
  pod: { time: '2026-11-21T12:00:14Z', window: '16s' },
  // 1600000007 ns in 16 s: between 94117647 and 106666667, where the kubelet's own rate lies.
  main: { cpu: '101000001n', memory: '1048577' },
  // 7 ns in 15 s.
  side: { cpu: '0', memory: '1k' },
};

function listsOf(served: typeof SERVED): ServedLists {
  const { node, pod, main, side } = served;
  return {
    askedAtMs: T0 + 17_000,
    nodes: {
      items: [
        {
          metadata: { name: 'n' },
          timestamp: node.time,
          window: node.window,
          usage: { cpu: node.cpu, memory: node.memory },
        },
      ],
    },
    pods: {
      items: [
        {
          metadata: { name: 'cart', namespace: 'shop' },
          timestamp: pod.time,
          window: pod.window,
          containers: [
            { name: 'main', usage: main },
            { name: 'side', usage: side },
          ],
        },
      ],
    },
  };
}

interface Given {
  readonly bodies?: readonly string[];
  readonly lost?: readonly number[];
  readonly askedAtMs?: number;
  readonly isYoung?: boolean;
}

function judge(
  lists: ServedLists,
  { bodies = ANSWERS, lost = [], askedAtMs, isYoung = false }: Given = {},
): Verdict {
  const reference = new NodeReference({ resolutionMs: 15_000, memoryMs: 60_000 });
  for (const [at, body] of bodies.entries()) {
    reference.take({
      sentAtMs: T0 + 1_500 + at * 15_000,
      mayBeLost: lost.includes(at),
      readings: readAnswer('summary', body),
    });
  }
  const asked = { ...lists, askedAtMs: askedAtMs ?? lists.askedAtMs };
  return checkServed(asked, new Map([['n', reference]]), [POD], () => isYoung);
}

describe('checkServed', () => {
  test('finds nothing wrong with what follows from the answers', () => {
    expect(judge(listsOf(SERVED))).toEqual({ checked: 3, wrong: [], relativeErrors: [] });
  });

  test.each<{ name: string; served: Partial<typeof SERVED> }>([
    {
      name: 'a nanocore too many of a node',
      served: { node: { ...SERVED.node, cpu: '1142857144n' } },
    },
    {
      name: 'a nanocore too few of a node',
      served: { node: { ...SERVED.node, cpu: '1142857142n' } },
    },
    {
      name: 'the plain quotient instead of the bound',
      served: { node: { ...SERVED.node, cpu: '1066666666n' } },
    },
    { name: 'a byte too many of a node', served: { node: { ...SERVED.node, memory: '5001' } } },
    { name: 'the memory of the point before', served: { node: { ...SERVED.node, memory: '4Ki' } } },
    {
      name: 'a timestamp a second late',
      served: { node: { ...SERVED.node, time: '2026-11-21T12:00:16Z' } },
    },
    { name: 'a window a second longer', served: { node: { ...SERVED.node, window: '16s' } } },
    {
      name: 'a window a nanosecond longer',
      served: { node: { ...SERVED.node, window: '15.000000001s' } },
    },
    { name: 'a nanocore of a container', served: { main: { ...SERVED.main, cpu: '101000002n' } } },
    { name: 'a byte of a container', served: { main: { ...SERVED.main, memory: '1Mi' } } },
    { name: 'a nanocore of an idle container', served: { side: { ...SERVED.side, cpu: '1n' } } },
    {
      name: 'figures of one container under the name of another',
      served: { main: SERVED.side, side: SERVED.main },
    },
    {
      name: 'the time of the later container',
      served: { pod: { time: '2026-11-21T12:00:16Z', window: '15s' } },
    },
    {
      name: 'the time of one container with the window of the other',
      served: { pod: { ...SERVED.pod, window: '15s' } },
    },
    { name: 'a mixture of two answers', served: { side: { ...SERVED.side, memory: '1025' } } },
  ])('sees $name', ({ served }) => {
    const { wrong } = judge(listsOf({ ...SERVED, ...served }));

    expect(wrong).toHaveLength(1);
  });

  test('sees a pod without one of its containers, and one that no answer has', () => {
    const [item] = listsOf(SERVED).pods.items;
    if (!item) throw new Error('no pod');
    const partial = { ...item, containers: item.containers.slice(1) };
    const lists = { ...listsOf(SERVED), pods: { items: [partial] } };

    expect(judge(lists).wrong).toHaveLength(1);
    expect(judge(listsOf(SERVED), { bodies: [] }).wrong).toHaveLength(2);
  });

  test('passes over a young pod until its kubelet has told it, and no longer', () => {
    const wrongPod = { ...SERVED, main: { ...SERVED.main, memory: '1Mi' } };

    const untold = judge(listsOf(wrongPod), { bodies: [], isYoung: true });
    const told = judge(listsOf(wrongPod), { isYoung: true });

    expect(untold.wrong).toEqual([expect.stringMatching(/^node n: /)]);
    expect(told.wrong).toEqual([expect.stringMatching(/^pod /)]);
  });

  test('says what was served and what the last answer would have had', () => {
    const { wrong } = judge(listsOf({ ...SERVED, node: { ...SERVED.node, memory: '5001' } }));

    expect(wrong).toEqual([
      'node n: 1795262415s over 15000000000ns: node: 1142857143n 5001; its last answer of 2 says node: 1142857143n 5000 at 1795262415s over 15000000000ns',
    ]);
  });

  test('passes over nodes and pods that it knows nothing of', () => {
    const lists = listsOf(SERVED);

    expect(checkServed(lists, new Map(), [POD]).checked).toBe(0);
  });

  test('sees figures that a complete answer has long replaced', () => {
    const newer = summary(
      { at: 30, cpu: '9007231254740996', rate: '0', memory: '6000' },
      {
        main: { at: 29, cpu: '18000000003200000008', rate: '0', memory: '2048' },
        side: { at: 31, cpu: '5000000008', rate: '0', memory: '2048' },
      },
    );
    const bodies = [...ANSWERS, newer];
    const old = listsOf(SERVED);

    expect(judge(old, { bodies, askedAtMs: T0 + 33_000 }).wrong).toEqual([]);
    expect(judge(old, { bodies, askedAtMs: T0 + 45_000 }).wrong).toHaveLength(2);
    expect(judge(old, { bodies, askedAtMs: T0 + 45_000, lost: [2] }).wrong).toEqual([]);
  });

  test('follows both ways where an answer may have been lost, and only there', () => {
    const newer = summary(
      { at: 30, cpu: '9007231254740996', rate: '0', memory: '6000' },
      { side: { at: 31, cpu: '5000003007', rate: '0', memory: '2048' } },
    );
    const lists = listsOf(SERVED);
    const skipped = {
      ...lists,
      askedAtMs: T0 + 33_000,
      nodes: {
        items: lists.nodes.items.map((item) => ({
          ...item,
          timestamp: '2026-11-21T12:00:30Z',
          window: '30s',
          usage: { cpu: '1066666666n', memory: '6000' },
        })),
      },
      pods: { items: [] },
    };
    const bodies = [...ANSWERS, newer];

    expect(judge(skipped, { bodies, lost: [1] }).wrong).toEqual([]);
    const ofNode = judge(skipped, { bodies }).wrong.filter((text) => text.startsWith('node'));
    expect(ofNode).toHaveLength(1);
  });

  test.each([
    { name: 'answered twice with two points of all of it', askedAtMs: T0 + 60_000, wrong: 2 },
    { name: 'did so only a moment ago for the second time', askedAtMs: T0 + 40_000, wrong: 0 },
    { name: 'answered once without', askedAtMs: T0 + 46_000, wrong: 0 },
    { name: 'did not answer for two resolutions', askedAtMs: T0 + 62_000, wrong: 0 },
    { name: 'may have been heard but once', askedAtMs: T0 + 60_000, lost: [1], wrong: 0 },
  ])('misses what is not served when its kubelet $name', ({ askedAtMs, wrong, lost = [] }) => {
    const third = summary(
      { at: 30, cpu: '9007231254740996', rate: '0', memory: '6000' },
      {
        main: { at: 29, cpu: '18000000003200000008', rate: '0', memory: '2048' },
        side: { at: 31, cpu: '5000000008', rate: '0', memory: '2048' },
      },
    );
    const nothing = { askedAtMs, nodes: { items: [] }, pods: { items: [] } };
    const missing = judge(nothing, { bodies: [...ANSWERS, third], lost }).wrong;

    expect(missing).toHaveLength(wrong);
    expect(missing.every((text) => text.includes('is not served'))).toBe(true);
  });

  test.each([
    { name: 'told', lost: [] },
    { name: 'may have told', lost: [3] },
  ])('misses nothing that its kubelet $name to be gone', ({ lost }) => {
    const same = (at: number): string =>
      summary(
        { at, cpu: String(9007199254740993n + BigInt(at)), rate: '0', memory: '6000' },
        { side: { at, cpu: '5000000008', rate: '0', memory: '2048' } },
      );
    const gone = same(45).replace(/"pods": .*$/, '"pods": []}');
    const nodes = { items: [] };
    const nothing = { askedAtMs: T0 + 58_000, nodes, pods: { items: [] } };
    const bodies = [same(0), same(15), same(30), gone];

    expect(judge(nothing, { bodies, lost }).wrong.filter((text) => text.startsWith('pod'))).toEqual(
      [],
    );
    expect(
      judge(nothing, { bodies: bodies.slice(0, 3) }).wrong.filter((text) => text.startsWith('pod')),
    ).toHaveLength(1);
  });

  test.each([
    { name: 'a quantity', node: { cpu: '1.5x' } },
    { name: 'a window', node: { window: '15' } },
    { name: 'a timestamp', node: { time: '2026-11-21T12:00:15.5Z' } },
  ])('throws at $name that is none', ({ node }) => {
    const lists = listsOf({ ...SERVED, node: { ...SERVED.node, ...node } });

    expect(() => judge(lists)).toThrow('Cannot read');
  });
});
