import { describe, expect, test } from '@jest/globals';
import { aStorage, blockOf, type Figures, shown } from './answers.ts';

/** A container of 100 millicores that started at `start`, read at `time`. */
function busy(time: number, { start = -1000, ...more }: Figures = {}): Figures {
  return { start, time, cpu: (time - start) / 10, memory: 1024, ...more };
}

/** A container that has used a quarter second of CPU when it started, and nothing since. */
function idle(time: number, more: Figures = {}): Figures {
  return { start: -1000, time, cpu: 0.25, rate: 0, memory: 512, ...more };
}

function pod(containers: Readonly<Record<string, Figures>>) {
  return { containers: Object.entries(containers) };
}

/** A storage that has two points of `a`, 15 s apart, up to time 15. */
function withFigures(setting = {}) {
  const harness = aStorage(setting);
  harness.answer({ pods: [pod({ a: busy(0) })] });
  harness.wait(15);
  harness.answer({ pods: [pod({ a: busy(15) })] });
  return harness;
}

const FIGURES = '15s / 15s / a 100000000n 1024';

describe('what a pod is the sum of', () => {
  test.each([
    { name: 'an idle container', b: idle(0), b2: idle(15), served: 'b 0n 512' },
    {
      name: 'a container whose counter is 0, with memory',
      b: idle(0, { cpu: 0 }),
      b2: idle(15, { cpu: 0 }),
      served: 'b 0n 512',
    },
  ])('counts $name', ({ b, b2, served }) => {
    const { answer, wait, pod: usage } = aStorage();

    answer({ pods: [pod({ a: busy(0), b })] });
    wait(15);
    answer({ pods: [pod({ a: busy(15), b: b2 })] });

    expect(shown(usage())).toBe(`${FIGURES}, ${served}`);
  });

  test('leaves out a finished container', () => {
    const { answer, wait, pod: usage } = aStorage();
    const finished = { start: -1000, time: -990, cpu: 0, memory: 0 };

    answer({ pods: [pod({ a: busy(0), init: finished })] });
    wait(15);
    answer({ pods: [pod({ a: busy(15), init: finished })] });

    expect(shown(usage())).toBe(FIGURES);
  });

  test('does not list a pod of finished containers, nor one without any', () => {
    const { answer, pod: usage } = aStorage();

    answer({
      pods: [
        { ...pod({ a: { start: 0, time: 20, cpu: 0, memory: 0 } }), name: 'finished' },
        { containers: [], name: 'empty' },
      ],
    });

    expect([usage({ name: 'finished' }), usage({ name: 'empty' })]).toEqual([undefined, undefined]);
  });

  const SILENT: readonly { name: string; figures: Figures }[] = [
    { name: 'memory 0 and CPU', figures: busy(15, { memory: 0 }) },
    { name: 'no memory', figures: { start: 0, time: 15, cpu: 1 } },
    { name: 'no CPU', figures: { start: 0, time: 15, memory: 1024 } },
    { name: 'neither', figures: { start: 0, time: 15 } },
    { name: 'no time', figures: { start: 0, cpu: 1, memory: 1024 } },
  ];

  test.each(SILENT)('hides a pod with a running container that has $name', ({ figures }) => {
    const { answer, wait, pod: usage } = aStorage();

    answer({ pods: [pod({ a: busy(0), b: figures })] });
    wait(15);
    answer({ pods: [pod({ a: busy(15), b: figures })] });

    expect(usage()).toBeUndefined();
  });

  test.each(SILENT)('keeps the last complete figures when one has $name', ({ figures }) => {
    const { answer, wait, pod: usage } = withFigures();

    wait(15);
    answer({ pods: [pod({ a: busy(30), b: figures })] });

    expect(shown(usage())).toBe(FIGURES);
  });

  test('pairs across an answer in which the container had no figures', () => {
    const { answer, wait, pod: usage } = withFigures();

    wait(15);
    answer({ pods: [pod({ a: { start: -1000, time: 30 } })] });
    wait(15);
    answer({ pods: [pod({ a: busy(45) })] });

    expect(shown(usage())).toBe('45s / 30s / a 100000000n 1024');
  });

  test('has its containers in order of name, however they come', () => {
    const { answer, wait, pod: usage } = aStorage();

    answer({ pods: [pod({ b: busy(0), c: busy(1), a: busy(0) })] });
    wait(15);
    answer({ pods: [pod({ c: busy(16), a: busy(15), b: busy(15) })] });

    expect(usage()?.containers.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });
});

describe('no flicker', () => {
  test('keeps the last complete figures while a container that came back is young', () => {
    const { answer, wait, pod: usage } = withFigures();
    const seen = [shown(usage())];

    for (const time of [30, 45]) {
      wait(15);
      const young = { start: 29, time, cpu: (time - 29) / 5, memory: 2048 };
      answer({ pods: [pod({ a: busy(time), crash: young })] });
      seen.push(shown(usage()));
    }

    expect(seen).toEqual([
      FIGURES,
      FIGURES,
      '45s / 15s / a 100000000n 1024, crash 200000000n 2048',
    ]);
  });

  test('keeps them no longer than until they are stale', () => {
    const { answer, wait, pod: usage } = withFigures();
    const seen = [];

    for (const time of [30, 45, 60, 75, 90]) {
      wait(15);
      answer({ pods: [pod({ a: busy(time), b: { start: 0, time } })] });
      seen.push(shown(usage()));
    }

    // they arrived at 15, and 60 s later is 75
    expect(seen).toEqual([FIGURES, FIGURES, FIGURES, FIGURES, 'none']);
  });

  test('takes them away when they are stale, though the points that came since are not', () => {
    const { answer, wait, pod: usage } = withFigures();
    wait(50);
    answer({ pods: [pod({ a: busy(65), b: { start: 0, time: 65 } })] });
    const kept = shown(usage());

    wait(10.1);

    expect(kept).toBe(FIGURES);
    expect(usage()).toBeUndefined();
  });

  test('serves a sample again that was there before its container fell silent', () => {
    const { answer, wait, pod: usage } = withFigures();
    const silent = { start: -1000, time: 15 };
    for (let repeat = 0; repeat < 5; repeat++) {
      wait(15);
      answer({ pods: [pod({ a: silent })] });
    }
    const hidden = usage();

    wait(15);
    answer({ pods: [pod({ a: busy(15) })] });

    expect(hidden).toBeUndefined();
    expect(shown(usage())).toBe(FIGURES);
  });

  test('turns to the kubelet’s rates when what it kept is stale', () => {
    const { answer, wait, pod: usage } = withFigures();
    const unpaired = busy(30, { rate: 90_000_000 });
    const seen = [];

    for (let repeat = 0; repeat < 6; repeat++) {
      wait(15);
      answer({ pods: [pod({ a: busy(30, { rate: 90_000_000 }), b: unpaired })] });
      seen.push(shown(usage()));
    }

    const bootstrapped = '30s / 10s / a 90000000n 1024, b 90000000n 1024';
    expect(seen).toEqual([FIGURES, FIGURES, FIGURES, FIGURES, bootstrapped, bootstrapped]);
  });

  test('does not keep figures that were stale already', () => {
    const { answer, wait, pod: usage } = withFigures();

    wait(100);
    answer({ pods: [pod({ a: busy(115), b: { start: 0, time: 115 } })] });

    expect(usage()).toBeUndefined();
  });

  test('lets a container go at once that the answer lacks', () => {
    const { answer, wait, pod: usage } = aStorage();
    answer({ pods: [pod({ a: busy(0), b: busy(0) })] });
    wait(15);
    answer({ pods: [pod({ a: busy(15), b: busy(15) })] });

    wait(15);
    answer({ pods: [pod({ a: busy(15) })] });

    expect(shown(usage())).toBe(FIGURES);
  });

  test('does not keep the figures of a pod whose containers are all gone', () => {
    const { answer, wait, pod: usage } = withFigures();

    wait(15);
    answer({ pods: [{ containers: [] }] });

    expect(usage()).toBeUndefined();
  });
});

describe('lives of a container', () => {
  test('counts the start of a fresh one as its previous point, up to two resolutions', () => {
    const { answer, pod: usage } = aStorage();
    const aged = (age: number) => ({ start: 100 - age, time: 100, cpu: age / 10, memory: 1024 });

    answer({
      pods: [9, 10, 29, 30].map((age) => ({ ...pod({ a: aged(age) }), name: `aged-${age}` })),
    });

    expect([9, 10, 29, 30].map((age) => shown(usage({ name: `aged-${age}` })))).toEqual([
      'none',
      '100s / 10s / a 100000000n 1024',
      '100s / 29s / a 100000000n 1024',
      'none',
    ]);
  });

  test('counts the start of one that was too young, where its next point is too near to be paired', () => {
    const { answer, wait, pod: usage } = aStorage({ bootstrap: false });
    const aged = (age: number) => pod({ a: { start: 0, time: age, cpu: age / 10, memory: 1024 } });
    answer({ pods: [aged(9)] });
    expect(usage()).toBeUndefined();

    // As a real kubelet's: its own sample is older than the answer, which came from the runtime before.
    wait(15);
    answer({ pods: [aged(11)] });

    expect(shown(usage())).toBe('11s / 11s / a 100000000n 1024');
  });

  test('pairs points that are too near with nothing while the container is too young', () => {
    const { answer, wait, pod: usage } = aStorage({ bootstrap: false });
    const aged = (age: number) => pod({ a: { start: 0, time: age, cpu: age / 10, memory: 1024 } });
    answer({ pods: [aged(5)] });
    wait(15);

    answer({ pods: [aged(9)] });

    expect(usage()).toBeUndefined();
  });

  test('does not count the start of a container whose counter fell', () => {
    const { answer, wait, pod: usage } = aStorage({ bootstrap: false });
    answer({ pods: [pod({ a: { start: 0, time: 5, cpu: 4, memory: 1024 } })] });

    wait(15);
    answer({ pods: [pod({ a: { start: 0, time: 20, cpu: 1, memory: 1024 } })] });

    expect(usage()).toBeUndefined();
  });

  test('does not count it for the point after that either, when that is too near to be paired', () => {
    const { answer, wait, pod: usage } = aStorage({ bootstrap: false });
    const a = { start: 0, memory: 1024 };
    answer({ pods: [pod({ a: { ...a, time: 4, cpu: 2 } })] });
    wait(15);
    answer({ pods: [pod({ a: { ...a, time: 7, cpu: 0.1 } })] });
    answer({ pods: [pod({ a: { ...a, time: 7, cpu: 0.1 } })] });

    wait(15);
    answer({ pods: [pod({ a: { ...a, time: 11, cpu: 0.3 } })] });

    expect(usage()).toBeUndefined();
  });

  test('does not pair points less than 5 s apart, and keeps the previous one', () => {
    const { answer, wait, pod: usage } = withFigures();

    wait(15);
    answer({ pods: [pod({ a: busy(19, { memory: 4096 }) })] });

    expect(shown(usage())).toBe('19s / 19s / a 100000000n 4096');
  });

  test('waits for a third point when the first two are less than 5 s apart', () => {
    const { answer, wait, pod: usage } = aStorage();
    const seen = [];

    for (const time of [0, 4, 8]) {
      answer({ pods: [pod({ a: busy(time) })] });
      seen.push(shown(usage()));
      wait(15);
    }

    expect(seen).toEqual(['none', 'none', '8s / 8s / a 100000000n 1024']);
  });

  test('ignores an older point, as when the figures come from cAdvisor after the runtime', () => {
    const { answer, wait, pod: usage } = withFigures();

    wait(15);
    answer({ pods: [pod({ a: busy(3, { memory: 1 }) })] });
    const older = shown(usage());
    wait(15);
    answer({ pods: [pod({ a: busy(45) })] });

    expect(older).toBe(FIGURES);
    expect(shown(usage())).toBe('45s / 30s / a 100000000n 1024');
  });

  test('starts over when the clock was set back, and does not believe the start then', () => {
    const { answer, wait, pod: usage } = aStorage();
    const seen = [];
    const read = (time: number, cpu: number) => ({ start: 0, time, cpu, memory: 1024 });

    for (const point of [read(3600, 360), read(3615, 361.5), read(20, 363), read(35, 364.5)]) {
      wait(15);
      answer({ pods: [pod({ a: point })] });
      seen.push(shown(usage()));
    }
    wait(15);
    answer({ pods: [pod({ a: read(50, 366) })] });
    seen.push(shown(usage()));

    expect(seen).toEqual([
      'none',
      '3615s / 15s / a 100000000n 1024',
      '3615s / 15s / a 100000000n 1024',
      'none',
      '50s / 15s / a 100000000n 1024',
    ]);
  });

  test('starts over when the clock was set forward, and serves what it has until there is a rate', () => {
    const { answer, wait, pod: usage, storage } = aStorage();
    const seen = [];
    const read = (time: number, cpu: number) => ({ start: 0, time, cpu, memory: 1024 });

    for (const point of [read(100, 10), read(115, 11.5), read(3730, 13), read(3745, 14.5)]) {
      answer({ node: point, pods: [pod({ a: point })] });
      const node = storage.nodeUsage('node-1');
      seen.push(shown(usage()), node && [node.timestampMs, node.windowMs, node.cpuNanoCores]);
      wait(15);
    }

    expect(seen).toEqual([
      'none',
      undefined,
      '115s / 15s / a 100000000n 1024',
      [115_000, 15_000, 100_000_000],
      '115s / 15s / a 100000000n 1024',
      [115_000, 15_000, 100_000_000],
      '3745s / 15s / a 100000000n 1024',
      [3_745_000, 15_000, 100_000_000],
    ]);
  });

  test('forgets one older point when the next is newer again', () => {
    const { answer, wait, pod: usage } = aStorage();

    for (const time of [100, 115, 20, 130, 25, 145]) {
      wait(15);
      answer({ pods: [pod({ a: busy(time) })] });
    }

    expect(shown(usage())).toBe('145s / 15s / a 100000000n 1024');
  });

  test('takes a start after the reading for none', () => {
    const { answer, wait, pod: usage } = aStorage();

    for (const time of [100, 115]) {
      answer({ pods: [pod({ a: { start: 7200, time, cpu: time / 10, memory: 1024 } })] });
      wait(15);
    }

    expect(shown(usage())).toBe('115s / 15s / a 100000000n 1024');
  });
});

describe('the kubelet’s own rate', () => {
  test.each([
    { name: 'is served inside of the interval', rate: 98e6, source: 'summary', cpu: 98_000_000 },
    { name: 'is raised', rate: 1, source: 'summary', cpu: 93_750_000 },
    { name: 'is lowered', rate: 1e9, source: 'summary', cpu: 107_142_857 },
    { name: 'is not needed', rate: 0, source: 'summary', cpu: 100_000_000 },
    { name: 'is not asked for of the page', rate: 98e6, source: 'resource', cpu: 100_000_000 },
  ] as const)('$name', ({ rate, source, cpu }) => {
    const { answer, wait, pod: usage, storage } = aStorage();
    const node = (time: number) => ({ ...busy(time, { rate }), memory: 4096 });

    answer({ source, node: node(0), pods: [pod({ a: busy(0, { rate }) })] });
    wait(15);
    answer({ source, node: node(15), pods: [pod({ a: busy(15, { rate }) })] });

    expect(usage()?.containers.map(({ cpuNanoCores }) => cpuNanoCores)).toEqual([cpu]);
    expect(storage.nodeUsage('node-1')?.cpuNanoCores).toBe(cpu);
  });
});

describe('figures after one scrape', () => {
  const steady = (time: number) => busy(time, { rate: 98_000_000.7 });
  const BOOTSTRAPPED = '0s / 10s / a 98000000n 1024';

  test('are the kubelet’s, over its sampling period, until there is a second point', () => {
    const { answer, wait, pod: usage } = aStorage();
    answer({ pods: [pod({ a: steady(0) })] });
    const first = shown(usage());
    wait(10);
    answer({ pods: [pod({ a: steady(0) })] });
    const unchanged = shown(usage());

    wait(15);
    answer({ pods: [pod({ a: steady(15) })] });

    expect([first, unchanged]).toEqual([BOOTSTRAPPED, BOOTSTRAPPED]);
    expect(shown(usage())).toBe('15s / 15s / a 98000000n 1024');
  });

  test.each([
    { name: 'a zero', a: idle(0) },
    { name: 'a container younger than 10 s', a: { ...steady(0), start: -9 } },
    { name: 'a container of unknown age', a: { time: 0, cpu: 1, rate: 1e8, memory: 1024 } },
  ])('are not those of $name', ({ a }) => {
    const { answer, pod: usage } = aStorage();

    answer({ pods: [pod({ a })] });

    expect(usage()).toBeUndefined();
  });

  test('are none when they are not wanted', () => {
    const { answer, pod: usage, storage } = aStorage({ bootstrap: false });

    answer({ node: steady(0), pods: [pod({ a: steady(0) })] });

    expect([usage(), storage.nodeUsage('node-1')]).toEqual([undefined, undefined]);
  });

  test('are of the whole pod or of none', () => {
    const { answer, pod: usage } = aStorage();

    answer({
      pods: [
        { ...pod({ a: steady(0), b: idle(0) }), name: 'one-idle' },
        { ...pod({ a: steady(0), b: { start: -9, time: 0 } }), name: 'one-silent' },
        { ...pod({ a: steady(0), b: steady(0) }), name: 'both-busy' },
      ],
    });

    expect(['one-idle', 'one-silent', 'both-busy'].map((name) => shown(usage({ name })))).toEqual([
      'none',
      'none',
      '0s / 10s / a 98000000n 1024, b 98000000n 1024',
    ]);
  });

  test('are never mixed with a rate of ours', () => {
    const { answer, wait, pod: usage } = aStorage();
    const fresh = { start: -20, time: 0, cpu: 4, rate: 150_000_000, memory: 1024 };
    answer({ pods: [pod({ a: steady(0), fresh })] });
    const first = shown(usage());

    wait(15);
    answer({ pods: [pod({ a: steady(15), fresh })] });
    const onePaired = shown(usage());

    // By its start the fresh one would have 200 millicores at once: with the other it has the kubelet's.
    expect(first).toBe('0s / 10s / a 98000000n 1024, fresh 150000000n 1024');
    expect(onePaired).toBe('0s / 20s / a 98000000n 1024, fresh 190476190n 1024');
  });

  test('stay until every container has its second point', () => {
    const { answer, wait, pod: usage } = aStorage();
    answer({ pods: [pod({ a: steady(0), b: steady(0) })] });
    const first = shown(usage());

    wait(15);
    answer({ pods: [pod({ a: steady(15), b: steady(0) })] });

    expect(shown(usage())).toBe(first);
  });

  test('are of nodes, too', () => {
    const { answer, storage } = aStorage();

    answer({ node: { ...steady(0), memory: 4096 } });

    expect(storage.nodeUsage('node-1')).toEqual({
      timestampMs: 0,
      windowMs: 10_000,
      cpuNanoCores: 98_000_000,
      memoryBytes: 4096,
    });
  });
});

describe('duplicates', () => {
  test.each([
    {
      name: 'the newest start wins',
      entries: [busy(15), { start: 1, time: 14, cpu: 2.6, memory: 9 }],
      served: '14s / 13s / a 200000000n 9',
    },
    {
      name: 'then the newest sample',
      entries: [busy(7, { memory: 7 }), busy(15), busy(11, { memory: 11 })],
      served: FIGURES,
    },
    {
      name: 'a known start wins over none',
      entries: [{ time: 15, cpu: 1, memory: 9 }, busy(15)],
      served: FIGURES,
    },
    {
      name: 'a finished one never wins',
      entries: [busy(15), { start: 14, time: 15, cpu: 0, memory: 0 }],
      served: FIGURES,
    },
  ])('of a container: $name, in any order', ({ entries, served }) => {
    for (const containers of [entries, entries.toReversed()]) {
      const { answer, wait, pod: usage } = aStorage();
      answer({ pods: [pod({ a: busy(0) })] });

      wait(15);
      answer({ pods: [{ containers: containers.map((figures) => ['a', figures]) }] });

      expect(shown(usage())).toBe(served);
    }
  });

  test('of a pod: the newest start wins, then the newest sample, in any order', () => {
    const old = pod({ a: busy(0, { memory: 1 }) });
    const newSample = pod({ a: busy(15) });
    const newStart = pod({ a: { start: 0, time: 12, cpu: 1.2, memory: 2 } });

    for (const [pods, served] of [
      [[old, newSample], FIGURES],
      [[newSample, old], FIGURES],
      [[old, newStart, newSample], '12s / 12s / a 100000000n 2'],
      [[newStart, newSample, old], '12s / 12s / a 100000000n 2'],
    ] as const) {
      const { answer, wait, pod: usage } = aStorage();
      answer({ pods: [pod({ a: busy(0) })] });
      wait(15);
      answer({ pods });

      expect(shown(usage())).toBe(served);
    }
  });
});

describe('what there were figures of', () => {
  const zero = { start: 0, time: 15, cpu: 0, memory: 0 };
  const noMemory = { start: 0, time: 15, cpu: 1, memory: 0 };

  test.each([
    { name: 'node and container', node: busy(15), a: busy(15), usable: 'all' },
    { name: 'an idle container', node: busy(15), a: idle(15, { cpu: 0 }), usable: 'all' },
    { name: 'a node without containers', node: busy(15), a: undefined, usable: 'all' },
    { name: 'a node and a finished container', node: busy(15), a: zero, usable: 'all' },
    { name: 'a container without a working set', node: busy(15), a: noMemory, usable: 'node' },
    { name: 'a node without a working set', node: noMemory, a: busy(15), usable: 'containers' },
    { name: 'a node that is not mentioned', node: undefined, a: busy(15), usable: 'containers' },
    { name: 'working sets of 0 everywhere', node: noMemory, a: noMemory, usable: 'none' },
    { name: 'zeros everywhere', node: zero, a: zero, usable: 'none' },
  ])('is $usable: $name', ({ node, a, usable }) => {
    const { storage } = aStorage();
    const pods = a === undefined ? [] : [pod({ a })];

    expect(storage.store('node-1', blockOf({ ...(node && { node }), pods }))).toBe(usable);
  });

  test('one container is enough', () => {
    const { storage } = aStorage();
    const pods = [pod({ a: noMemory, b: busy(15) })];

    expect(storage.store('node-1', blockOf({ node: busy(15), pods }))).toBe('all');
  });
});
