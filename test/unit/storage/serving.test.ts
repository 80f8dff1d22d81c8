import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { storageInstruments } from '../../../src/storage/instruments.ts';
import { Storage } from '../../../src/storage/storage.ts';
import { aStorage, blockOf, type Figures, type PodAnswer, shown } from './answers.ts';

function busy(time: number, more: Figures = {}): Figures {
  return { start: -1000, time, cpu: (time + 1000) / 10, memory: 1024, ...more };
}

function pod(time: number, more: Omit<PodAnswer, 'containers'> = {}): PodAnswer {
  return { containers: [['a', busy(time)]], ...more };
}

const FIGURES = '15s / 15s / a 100000000n 1024';

/** Two answers of a node, at 0 s and 15 s. */
function withFigures({ setting = {}, uid = 'uid-1' } = {}) {
  const harness = aStorage(setting);
  harness.answer({ node: busy(0), pods: [pod(0, { uid })] });
  harness.wait(15);
  harness.answer({ node: busy(15), pods: [pod(15, { uid })] });
  return harness;
}

describe('staleness', () => {
  test.each([
    { name: 'the default', staleness: 60 },
    { name: 'a shorter one', staleness: 20 },
    { name: 'a longer one', staleness: 300 },
  ])('takes a silent node’s figures away after $name', ({ staleness }) => {
    const { wait, pod: usage, storage } = withFigures({ setting: { staleness } });
    const seen = [];

    for (const seconds of [staleness, 0.001]) {
      wait(seconds);
      seen.push([shown(usage()), storage.nodeUsage('node-1') !== undefined]);
    }

    expect(seen).toEqual([
      [FIGURES, true],
      ['none', false],
    ]);
  });

  test('lets an unchanged sample stand for two minutes while the kubelet answers', () => {
    const { answer, wait, pod: usage, storage } = withFigures();
    const seen = [];

    for (let repeat = 1; repeat <= 9; repeat++) {
      wait(15);
      answer({ node: busy(15), pods: [pod(15)] });
      seen.push(shown(usage()) === FIGURES && storage.nodeUsage('node-1') !== undefined);
    }

    expect(seen).toEqual([true, true, true, true, true, true, true, true, false]);
  });

  test('takes nothing away for one missed scrape, however long the sample stood', () => {
    const { answer, wait, pod: usage } = withFigures();
    for (let repeat = 1; repeat <= 4; repeat++) {
      wait(15);
      answer({ pods: [pod(15)] });
    }

    wait(29.9); // a scrape was missed, the next one is due

    expect(shown(usage())).toBe(FIGURES);
  });

  test('counts by the sample that arrived first, one of all containers', () => {
    const { answer, wait, pod: usage } = aStorage();
    const both = (time: number, stuck: number): PodAnswer => ({
      containers: [
        ['a', busy(time)],
        ['stuck', busy(stuck)],
      ],
    });
    const seen = [];
    answer({ pods: [both(0, -15)] });
    wait(15);

    for (let time = 15; time <= 150; time += 15) {
      answer({ pods: [both(time, 0)] });
      seen.push(usage() !== undefined);
      wait(15);
    }

    expect(seen).toEqual([true, true, true, true, true, true, true, true, true, false]);
  });

  test('serves again with the next point, over the time that was missed', () => {
    const { answer, wait, pod: usage, storage } = withFigures();
    wait(300);
    const gone = usage();

    answer({ node: busy(315), pods: [pod(315)] });

    expect(gone).toBeUndefined();
    expect(shown(usage())).toBe('315s / 300s / a 100000000n 1024');
    expect(storage.nodeUsage('node-1')?.windowMs).toBe(300_000);
  });

  test('does not depend on what the kubelet’s clock says', () => {
    const { answer, wait, pod: usage } = aStorage();
    const inTheFuture = 4e9;
    answer({ pods: [pod(inTheFuture)] });
    wait(15);
    answer({ pods: [pod(inTheFuture + 15)] });
    const before = usage()?.timestampMs;

    wait(60.1);

    expect(before).toBe((inTheFuture + 15) * 1000);
    expect(usage()).toBeUndefined();
  });
});

describe('an excuse', () => {
  const isServed = ({ pod: usage, storage }: ReturnType<typeof withFigures>): string =>
    [storage.nodeUsage('node-1') !== undefined, usage() !== undefined].join(' ');

  test.each([
    { name: 'the default', staleness: 60 },
    { name: 'a shorter staleness', staleness: 20 },
    { name: 'a longer one', staleness: 300 },
  ])('lets figures stand still for five minutes, and then age on: $name', ({ staleness }) => {
    const harness = withFigures({ setting: { staleness } });
    const { wait, miss, pod: usage } = harness;
    const seen = [];

    wait(15);
    miss(true);
    for (const seconds of [300, staleness - 15, 0.001]) {
      wait(seconds);
      miss(true);
      seen.push([shown(usage()), isServed(harness)]);
    }

    expect(seen).toEqual([
      [FIGURES, 'true true'],
      [FIGURES, 'true true'],
      ['none', 'false false'],
    ]);
  });

  test('keeps the time of the sample as it is', () => {
    const { wait, miss, storage } = withFigures();
    const before = storage.nodeUsage('node-1');

    miss(true);
    wait(200);

    expect(storage.nodeUsage('node-1')).toEqual(before);
    expect(before?.timestampMs).toBe(15_000);
  });

  test('ends with a scrape that is missed without one', () => {
    const harness = withFigures();

    harness.miss(true);
    harness.wait(200);
    const excused = isServed(harness);
    harness.miss(false);

    expect([excused, isServed(harness)]).toEqual(['true true', 'false false']);
  });

  test('does not take anything away when it ends in time', () => {
    const harness = withFigures();

    harness.miss(true);
    harness.wait(60);
    harness.miss(false);

    expect(isServed(harness)).toBe('true true');
  });

  test('brings nothing back that was stale', () => {
    const harness = withFigures();

    harness.wait(60.001);
    harness.miss(true);

    expect(isServed(harness)).toBe('false false');
  });

  test('ends with an answer, after which figures age as ever', () => {
    const harness = withFigures();
    harness.wait(15);
    harness.miss(true);
    harness.wait(120);

    harness.answer({ node: busy(150), pods: [pod(150)] });
    const answered = shown(harness.pod());
    harness.wait(60.001);

    expect(answered).toBe('150s / 135s / a 100000000n 1024');
    expect(isServed(harness)).toBe('false false');
  });

  test('is of one node alone', () => {
    const harness = withFigures();
    harness.answer({ node: busy(15), pods: [pod(15, { name: 'other' })] }, 'node-2');

    harness.miss(true, 'node-2');
    harness.miss(true, 'never-seen');
    harness.wait(61);

    expect(isServed(harness)).toBe('false false');
    expect(harness.storage.hasNodeUsage('never-seen')).toBe(false);
  });

  test('holds for figures that outlived their points, too', () => {
    const harness = withFigures();
    harness.wait(15);
    // The container has begun anew, and has no rate yet.
    const young = busy(30, { start: 28, cpu: 0.1 });
    harness.answer({ node: busy(30), pods: [{ containers: [['a', young]] }] });
    const kept = shown(harness.pod());

    harness.miss(true);
    harness.wait(300 + 45);
    const still = shown(harness.pod());
    harness.wait(0.001);

    expect([kept, still, shown(harness.pod())]).toEqual([FIGURES, FIGURES, 'none']);
  });

  test('counts for what is ready, and for the points that can be served', () => {
    const { wait, miss, storage } = withFigures();

    miss(true);
    wait(300);

    expect([storage.hasNodeFigures(), storage.hasPodFigures()]).toEqual([true, true]);
    expect(storage.pointCounts()).toEqual({ node: 1, container: 1 });
  });
});

describe('what an answer lacks', () => {
  test('is gone at once: a pod', () => {
    const { answer, wait, pod: usage } = withFigures();

    wait(15);
    answer({ node: busy(30), pods: [] });
    const gone = usage();
    wait(15);
    answer({ node: busy(45), pods: [pod(45)] });

    expect([gone, usage()]).toEqual([undefined, undefined]);
  });

  test('is gone at once: the figures of the node', () => {
    const { answer, wait, pod: usage, storage } = withFigures();

    wait(15);
    answer({ pods: [pod(30)] });

    expect(storage.nodeUsage('node-1')).toBeUndefined();
    expect(usage()).toBeDefined();
  });

  test('leaves other nodes alone', () => {
    const { answer, wait, pod: usage } = withFigures();

    wait(15);
    answer({ node: busy(30), pods: [] }, 'node-2');

    expect(shown(usage())).toBe(FIGURES);
  });
});

describe('nodes', () => {
  test.each([
    { name: 'memory 0', node: busy(30, { memory: 0 }) },
    { name: 'a counter of 0', node: busy(30, { cpu: 0 }) },
    { name: 'no memory', node: { time: 30, cpu: 103 } },
    { name: 'no time', node: { cpu: 103, memory: 1024 } },
  ])('keep their last figures when an answer has $name', ({ node }) => {
    const { answer, wait, storage } = withFigures();
    const before = storage.nodeUsage('node-1');

    wait(15);
    answer({ node });
    const kept = storage.nodeUsage('node-1');
    wait(46);

    expect(kept).toEqual(before);
    expect(storage.nodeUsage('node-1')).toBeUndefined();
  });

  test('have none when the first answers have none', () => {
    const { answer, wait, storage } = aStorage();

    for (const time of [0, 15]) {
      answer({ node: busy(time, { cpu: 0 }) });
      wait(15);
    }

    expect(storage.nodeUsage('node-1')).toBeUndefined();
  });

  test('keep their last figures over a boot, and have new ones with its second sample', () => {
    const { answer, wait, storage } = withFigures();
    const booted = (time: number) => ({ start: 60, time, cpu: time - 60, memory: 2048 });
    const before = storage.nodeUsage('node-1');

    wait(50);
    answer({ node: booted(65) });
    const after = storage.nodeUsage('node-1');
    wait(15);
    answer({ node: booted(80) });

    expect(after).toEqual(before);
    expect(storage.nodeUsage('node-1')).toEqual({
      timestampMs: 80_000,
      windowMs: 15_000,
      cpuNanoCores: 1_000_000_000,
      memoryBytes: 2048,
    });
  });

  test('lose what was kept over a boot when it is stale, or have the kubelet’s rate instead', () => {
    const { answer, wait, storage } = withFigures();
    const booted = { start: 40, time: 65, cpu: 5, rate: 300_000_000, memory: 2048 };
    const seen = [];

    for (const pause of [50, 10.1, 15]) {
      wait(pause);
      if (pause !== 10.1) answer({ node: booted });
      seen.push(storage.nodeUsage('node-1')?.cpuNanoCores);
    }

    expect(seen).toEqual([100_000_000, undefined, 300_000_000]);
  });

  test('are forgotten with their pods when they are removed', () => {
    const { storage, wait, answer, pod: usage } = withFigures();

    storage.removeNode('node-1');
    const gone = [usage(), storage.nodeUsage('node-1')];
    wait(15);
    answer({ node: busy(30), pods: [pod(30)] });

    expect(gone).toEqual([undefined, undefined]);
    expect([usage(), storage.nodeUsage('node-1')]).toEqual([undefined, undefined]);
  });

  test('may be removed before they have answered', () => {
    const { storage } = aStorage();

    expect(() => {
      storage.removeNode('node-1');
    }).not.toThrow();
  });
});

describe('which pod a figure belongs to', () => {
  test('is told by the uid', () => {
    const { pod: usage } = withFigures();

    expect(shown(usage({ uid: 'uid-1' }))).toBe(FIGURES);
    expect(usage({ uid: 'uid-2' })).toBeUndefined();
  });

  test('is told by the mirror uid of a static pod', () => {
    const { pod: usage } = withFigures({ uid: 'hash' });

    expect(shown(usage({ uid: 'uid-1', mirrorUid: 'hash' }))).toBe(FIGURES);
    expect(usage({ uid: 'uid-1', mirrorUid: 'another' })).toBeUndefined();
  });

  test('is told by the name where the source tells no uid', () => {
    const { pod: usage } = withFigures({ uid: '' });

    expect(shown(usage({ uid: 'whatever' }))).toBe(FIGURES);
  });

  test('is not the old one when a pod of that name was made anew, on the same node or another', () => {
    for (const node of ['node-1', 'node-2']) {
      const { answer, wait, pod: usage } = withFigures();
      wait(15);

      answer({ pods: [pod(30, { uid: 'uid-2' })] }, node);

      expect(usage({ uid: 'uid-2' })).toBeUndefined();
      expect(shown(usage({ uid: 'uid-1' }))).toBe(node === 'node-1' ? 'none' : FIGURES);
    }
  });

  test('keeps two of one name apart while a node reports both', () => {
    const { answer, wait, pod: usage } = withFigures();

    for (const time of [30, 45]) {
      wait(15);
      answer({ pods: [pod(time, { uid: 'uid-2' }), pod(time - 1)] });
    }

    expect(shown(usage({ uid: 'uid-1' }))).toBe('44s / 15s / a 100000000n 1024');
    expect(shown(usage({ uid: 'uid-2' }))).toBe('45s / 15s / a 100000000n 1024');
  });

  test('is the newest container’s when two nodes report a pod without a uid', () => {
    const { answer, wait, pod: usage } = withFigures({ uid: '' });
    const moved = (time: number): PodAnswer => ({
      uid: '',
      containers: [['a', { start: 20, time, cpu: (time - 20) / 5, memory: 2048 }]],
    });

    wait(10);
    answer({ pods: [moved(25)] }, 'node-2');
    const young = usage();
    wait(15);
    answer({ pods: [moved(40)] }, 'node-2');

    expect(young).toBeUndefined(); // and not the figures of the node it has left
    expect(shown(usage())).toBe('40s / 15s / a 200000000n 2048');
  });

  test('is its own before one that tells no uid', () => {
    const { answer, wait, pod: usage } = withFigures();
    const nameless = (time: number): PodAnswer => ({
      uid: '',
      containers: [['a', { start: 0, time, cpu: time / 5, memory: 2048 }]],
    });

    for (const time of [30, 45]) {
      wait(15);
      answer({ source: 'resource', pods: [nameless(time)] }, 'node-2');
    }

    expect(shown(usage({ uid: 'uid-1' }))).toBe(FIGURES);
    expect(shown(usage({ uid: 'uid-2' }))).toBe('45s / 15s / a 200000000n 2048');
  });

  test('is not another uid’s because the source has changed', () => {
    const { answer, wait, pod: usage } = withFigures();

    wait(15);
    answer({ source: 'resource', pods: [pod(30, { uid: 'uid-2' })] });

    expect([usage({ uid: 'uid-1' }), usage({ uid: 'uid-2' })]).toEqual([undefined, undefined]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'may be any name: %s',
    (name) => {
      const { answer, wait, pod: usage, storage } = aStorage();
      const named = (time: number): PodAnswer => ({
        namespace: name,
        name,
        containers: [[name, busy(time)]],
      });

      for (const time of [0, 15]) {
        answer({ node: busy(time), pods: [named(time)] }, name);
        wait(15);
      }

      expect(usage()).toBeUndefined();
      expect(shown(usage({ namespace: name, name }))).toBe(`15s / 15s / ${name} 100000000n 1024`);
      expect(storage.nodeUsage(name)).toBeDefined();
    },
  );
});

describe('two sources', () => {
  test.each([
    { from: 'summary', to: 'resource' },
    { from: 'resource', to: 'summary' },
  ] as const)('are never paired, and $from figures stand until $to has two points', (row) => {
    const { answer, wait, pod: usage, storage } = aStorage();
    const uidOf = (source: string) => (source === 'summary' ? 'uid-1' : '');
    const say = (source: 'summary' | 'resource', time: number) => {
      answer({ source, node: busy(time), pods: [pod(time, { uid: uidOf(source) })] });
      wait(15);
    };
    const seen = [];

    say(row.from, 0);
    say(row.from, 15);
    for (const time of [30, 45]) {
      say(row.to, time);
      seen.push([shown(usage()), storage.nodeUsage('node-1')?.timestampMs]);
    }

    expect(seen).toEqual([
      [FIGURES, 15_000],
      ['45s / 15s / a 100000000n 1024', 45_000],
    ]);
    expect(usage({ uid: 'uid-2' }) === undefined).toBe(row.to === 'summary');
  });
});

describe('what is served', () => {
  test('has the same revision until the figures change', () => {
    const { answer, wait, podOf, storage } = withFigures();
    const term = () => storage.podTerm(podOf());
    const before = term();

    wait(15);
    answer({ node: busy(15), pods: [pod(15)] });
    const unchanged = term();
    wait(15);
    answer({ node: busy(45), pods: [pod(45)] });
    const after = term();

    expect(unchanged).toEqual(before);
    expect(before?.timestampMs).toBe(15_000);
    expect(after?.revision).not.toBe(before?.revision);
    expect(after).toMatchObject({ source: before?.source, timestampMs: 45_000 });
  });

  test('stays the same while last complete figures are kept', () => {
    const { answer, wait, pod: usage } = withFigures();
    const before = usage();

    for (const time of [30, 45]) {
      wait(15);
      answer({ pods: [{ containers: [...pod(time).containers, ['b', { time }]] }] });
    }

    expect(usage()).toEqual(before);
  });

  test('does not change with the block, which is used again', () => {
    const { storage, pod: usage, wait } = aStorage();
    const block = blockOf({ node: busy(0), pods: [pod(0)] });
    storage.store('node-1', block);
    wait(15);
    storage.store('node-1', blockOf({ node: busy(15), pods: [pod(15)] }, block));
    const before = shown(usage());

    blockOf({ node: busy(99), pods: [pod(99, { name: 'other' })] }, block);

    expect(shown(usage())).toBe(before);
    expect(before).toBe(FIGURES);
  });
});

describe('the order of an answer', () => {
  test('does not matter, of pods and of containers, whatever else comes and goes', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const forwards = aStorage();
    const shuffled = aStorage();

    for (let round = 0; round < 40; round++) {
      const pods = names
        .filter((_, at) => (round + at) % 7 !== 0)
        .map((name, at): PodAnswer => ({
          name,
          containers: names
            .slice(0, 1 + (((round >> 2) + at) % 4))
            .map((container, nth) => [container, busy(round * 15 - ((at + nth) % 3))]),
        }));
      forwards.answer({ node: busy(round * 15), pods });
      shuffled.answer({
        node: busy(round * 15),
        pods: rotated(pods, round * 3).map(({ containers, ...rest }) => ({
          ...rest,
          containers: rotated(containers, round).toReversed(),
        })),
      });

      expect(names.map((name) => shown(shuffled.pod({ name })))).toEqual(
        names.map((name) => shown(forwards.pod({ name }))),
      );
      forwards.wait(15);
      shuffled.wait(15);
    }

    expect(names.some((name) => forwards.pod({ name }) !== undefined)).toBe(true);
  });

  function rotated<Item>(items: readonly Item[], by: number): Item[] {
    const at = by % items.length;
    return [...items.slice(at), ...items.slice(0, at)];
  }
});

describe('counts', () => {
  test('are of nodes and containers that can be served', () => {
    const { answer, wait, storage, collectedCounts } = withFigures();
    const several = (time: number): PodAnswer => ({
      name: 'several',
      containers: ['a', 'b', 'c'].map((name) => [name, busy(time)]),
    });
    const seen = [collectedCounts()];

    answer({ node: busy(0), pods: [several(0)] }, 'node-2');
    seen.push(collectedCounts());
    wait(15);
    answer({ node: busy(15), pods: [several(15)] }, 'node-2');
    seen.push(collectedCounts());
    wait(50); // and node-1 is stale
    seen.push(collectedCounts());

    expect(seen).toEqual([
      { node: 1, container: 1 },
      { node: 1, container: 1 },
      { node: 2, container: 4 },
      { node: 1, container: 3 },
    ]);
    expect(storage.pointCounts()).toEqual({ node: 1, container: 3 });
  });

  test('count the containers of the figures that are kept', () => {
    const { answer, wait, storage } = withFigures();

    wait(15);
    answer({ pods: [{ containers: [...pod(30).containers, ['b', { time: 30 }]] }] });

    expect(storage.pointCounts()).toEqual({ node: 0, container: 1 });
  });

  test('tell readiness whether there is anything to serve', () => {
    const { answer, wait, storage } = aStorage();
    const seen: boolean[][] = [];
    const look = () => seen.push([storage.hasNodeFigures(), storage.hasPodFigures()]);

    look();
    answer({ node: busy(0) });
    wait(15);
    answer({ node: busy(15), pods: [pod(15)] });
    look();
    wait(15);
    answer({ node: busy(30), pods: [pod(30)] });
    look();
    wait(61);
    look();

    expect(seen).toEqual([
      [false, false],
      [true, false],
      [true, true],
      [false, false],
    ]);
  });

  test('are the metric that upstream has', async () => {
    const registry = new Registry();
    const instruments = storageInstruments(registry);
    const before = await registry.metrics();
    const storage = new Storage({
      config: { resolutionMs: 15_000, stalenessMs: 60_000, bootstrapFromKubeletRate: true },
      clock: { nowMs: () => 0, monotonicMs: () => 0 },
      instruments,
    });
    storage.store('node-1', blockOf({ node: busy(0), pods: [pod(0)] }));
    storage.store('node-1', blockOf({ node: busy(15), pods: [pod(15)] }));

    const page = await registry.metrics();

    expect(before).toContain('metrics_server_storage_points{type="node"} 0\n');
    expect(page.split('\n').filter((line) => line !== '')).toEqual([
      '# HELP metrics_server_storage_points [ALPHA] Entities for which figures can be served, by type: node or container.',
      '# TYPE metrics_server_storage_points gauge',
      'metrics_server_storage_points{type="node"} 1',
      'metrics_server_storage_points{type="container"} 1',
    ]);
  });
});
