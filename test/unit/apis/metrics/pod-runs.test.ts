import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { LabelSet } from '../../../../src/apimachinery/label-set.ts';
import type { PodRecord } from '../../../../src/apis/metrics/objects.ts';
import { PodRun, RunCache, runsOf } from '../../../../src/apis/metrics/pod-runs.ts';
import type { PodUsage, Term } from '../../../../src/model/usage.ts';

function aPod(name: string): PodRecord {
  return { namespace: 'ns', name, uid: name, mirrorUid: '', labels: LabelSet.empty };
}

function pods(count: number, prefix = 'pod'): PodRecord[] {
  return Array.from({ length: count }, (_, at) => aPod(`${prefix}-${String(at).padStart(4, '0')}`));
}

function usage(timestampMs = 0): PodUsage {
  return { timestampMs, windowMs: 15_000, containers: [] };
}

/** One source of all figures, and a count of who asks. */
class World {
  monotonicMs = 0;
  readonly source = { version: 1 };
  readonly figures = new Map<string, PodUsage>();
  readonly ages: number[] = [];
  asked: string[] = [];
  untilMs = 60_000;
  hasTerms = true;

  readonly parts = {
    usage: {
      podUsage: ({ name }: PodRecord): PodUsage | undefined => {
        if (!this.hasTerms) this.asked.push(name);
        return this.figures.get(name);
      },
      podTerm: ({ name }: PodRecord): Term | undefined => {
        if (!this.hasTerms) return undefined;
        this.asked.push(name);
        const { source, untilMs } = this;
        const { timestampMs = 0 } = this.figures.get(name) ?? {};
        return { source, untilMs, revision: timestampMs, timestampMs };
      },
    },
    instruments: { observeFreshness: (seconds: number) => this.ages.push(seconds) },
    clock: { nowMs: () => 10_000, monotonicMs: () => this.monotonicMs },
  };

  runOf(some: readonly PodRecord[]): PodRun {
    for (const { name } of some) this.figures.set(name, usage(4_000));
    return new PodRun(some, this.parts);
  }
}

describe('PodRun', () => {
  test('looks at no source while none of all has changed, and none of its figures grows old', () => {
    const world = new World();
    let changes = 1;
    let looks = 0;
    const usage = {
      ...world.parts.usage,
      get changes() {
        return changes;
      },
      podTerm: (pod: PodRecord) => {
        const term = world.parts.usage.podTerm(pod);
        const { source } = world;
        return (
          term && {
            ...term,
            source: {
              get version() {
                looks++;
                return source.version;
              },
            },
          }
        );
      },
    };
    const some = pods(3);
    world.runOf(some);
    const run = new PodRun(some, { ...world.parts, usage });
    const revise = (): { readonly revisions: readonly number[]; readonly looks: number } => {
      looks = 0;
      const revisions = [...run.revise()];
      return { revisions, looks };
    };
    const first = revise();

    const second = revise();
    changes++;
    const third = revise();
    world.monotonicMs = 60_001;
    const fourth = revise();

    expect(second).toEqual({ revisions: first.revisions, looks: 0 });
    expect(third).toEqual({ revisions: first.revisions, looks: 3 });
    expect(fourth.looks).toBeGreaterThan(0);
    expect(world.ages).toHaveLength(12);
  });

  test('looks again each time where a pod has no source', () => {
    const world = new World();
    const some = pods(2);
    world.runOf(some);
    const run = new PodRun(some, { ...world.parts, usage: { ...world.parts.usage, changes: 1 } });
    world.hasTerms = false;

    for (let time = 0; time < 3; time++) run.revise();

    expect(world.asked).toHaveLength(6);
  });

  test('asks for figures once, as long as their source says nothing new', () => {
    const world = new World();
    const run = world.runOf(pods(3));

    const [first, second] = [[...run.revise()], [...run.revise()]];

    expect(second).toEqual(first);
    expect(first.every((revision) => revision > 0)).toBe(true);
    expect(world.asked).toHaveLength(3);
    expect(world.ages).toEqual([6, 6, 6, 6, 6, 6]);
  });

  test('tells which figures are others, and which are gone', () => {
    const world = new World();
    const run = world.runOf(pods(3));
    const [same = 0, changing = 0] = [...run.revise()];
    world.source.version++;
    world.figures.set('pod-0001', usage(5_000));
    world.figures.delete('pod-0002');

    const revisions = [...run.revise()];

    expect(revisions[0]).toBe(same);
    expect(revisions[1]).not.toBe(changing);
    expect(revisions[2]).toBe(0);
    expect(run.itemAt(1)?.usage.timestampMs).toBe(5_000);
    expect(run.itemAt(2)).toBeUndefined();
  });

  test.each([
    { what: 'their time is over', change: (world: World) => (world.monotonicMs = 60_001) },
    { what: 'nobody says how long they hold', change: (world: World) => (world.hasTerms = false) },
  ])('asks again each time when $what', ({ change }) => {
    const world = new World();
    const run = world.runOf(pods(1));
    change(world);
    run.revise();
    world.figures.delete('pod-0000');

    expect([...run.revise()]).toEqual([0]);
    expect(world.asked).toHaveLength(2);
  });
});

describe('RunCache', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function aCache() {
    const world = new World();
    let snapshot: readonly PodRecord[] = pods(1000);
    let made = 0;
    const cache = new RunCache();
    const sequence = { snapshot: () => snapshot };
    return {
      made: () => made,
      become: (now: readonly PodRecord[]) => (snapshot = now),
      runs: () =>
        cache.runs(sequence, (some) => {
          made++;
          return world.runOf(some);
        }),
    };
  }

  test('gives the same runs again, and all pods in their order', () => {
    const { runs } = aCache();
    const first = runs();

    expect(runs()).toBe(first);
    expect(first.flatMap((run) => run.pods)).toEqual(pods(1000));
  });

  test.each([
    { what: 'a pod comes', at: 500, deleted: 0, added: 1, most: 1 },
    { what: 'a pod comes first', at: 0, deleted: 0, added: 1, most: 1 },
    { what: 'a pod goes', at: 500, deleted: 1, added: 0, most: 1 },
    { what: 'the first pod goes', at: 0, deleted: 1, added: 0, most: 1 },
    { what: 'the first pod of a run goes', at: 64, deleted: 1, added: 0, most: 2 },
    { what: 'many come', at: 100, deleted: 0, added: 300, most: 8 },
    { what: 'many go', at: 100, deleted: 300, added: 0, most: 2 },
    { what: 'one takes the place of another', at: 300, deleted: 1, added: 1, most: 1 },
  ])('makes few new runs when $what', ({ at, deleted, added, most }) => {
    const { become, made, runs } = aCache();
    const before = pods(1000);
    become(before);
    runs();
    const madeBefore = made();
    const now = before.toSpliced(at, deleted, ...pods(added, `pod-${String(at).padStart(4, '0')}`));
    become(now);

    const after = runs();

    expect(after.flatMap((run) => run.pods)).toEqual(now);
    expect(made() - madeBefore).toBeLessThanOrEqual(most);
    expect(Math.max(...after.map((run) => run.pods.length))).toBeLessThan(128);
  });

  test('does not fall apart into small runs, however often pods come and go', () => {
    const { become, runs } = aCache();
    let now: readonly PodRecord[] = pods(1000);
    for (let change = 0; change < 2000; change++) {
      const at = (change * 7919) % 900;
      now = now.toSpliced(at, 1).toSpliced((at * 31) % 900, 0, aPod(`new-${change}`));
      become(now);
      runs();
    }

    expect(runs().flatMap((run) => run.pods)).toEqual(now);
    expect(runs().length).toBeLessThan(40);
  });

  test('forgets what no list asks for any more', () => {
    const { made, runs } = aCache();
    runs();
    jest.advanceTimersByTime(19_000);
    runs();
    jest.advanceTimersByTime(15_000);
    runs();
    const madeAtFirst = made();
    jest.advanceTimersByTime(60_000);
    const timersLeft = jest.getTimerCount();
    runs();

    expect(madeAtFirst).toBe(16);
    expect(made()).toBe(32);
    expect(timersLeft).toBe(0);
  });
});

describe('runsOf', () => {
  test('gathers pods that are found one by one, with the same pauses', () => {
    const world = new World();
    const found = pods(100).flatMap((pod) => [undefined, pod]);

    const runs = [...runsOf(found, (some) => world.runOf(some))];

    const sizes = runs.flatMap((run) => (run ? [run.pods.length] : []));
    expect(sizes).toEqual([64, 36]);
    expect(runs.length).toBeGreaterThan(190);
  });
});

describe('pods that were picked', () => {
  /** A question and its pods, and how often they were picked. */
  function picked(question: string, some: readonly PodRecord[], version: number | 'unknown' = 1) {
    const counts = { picked: 0 };
    const give = (): (PodRecord | undefined)[] => {
      counts.picked++;
      return some.flatMap((pod) => [undefined, pod]);
    };
    const known = version === 'unknown' ? undefined : version;
    return { question, version: known, pods: give, counts };
  }

  function readers() {
    const world = new World();
    const cache = new RunCache();
    const make = (some: readonly PodRecord[]): PodRun => world.runOf(some);
    return {
      cache,
      read: (pods: ReturnType<typeof picked>): PodRun[] =>
        [...(cache.known(pods) ?? cache.pick(pods, make))].filter((run) => run !== undefined),
    };
  }

  test('are picked once, as long as none comes or goes', () => {
    const { read } = readers();
    const question = picked('app=a', pods(200));

    const first = read(question);
    const second = read(question);

    expect(first.flatMap((run) => run.pods)).toEqual(pods(200));
    expect(second).toEqual(first);
    expect(second[0]).toBe(first[0]);
    expect(question.counts.picked).toBe(1);
  });

  test('are picked again when something has changed, in the same runs where it has not', () => {
    const { read } = readers();
    const all = pods(200);
    const first = read(picked('app=a', all));
    const changed = picked('app=a', all.slice(0, -1), 2);

    const second = read(changed);

    expect(changed.counts.picked).toBe(1);
    expect(second.flatMap((run) => run.pods)).toEqual(all.slice(0, -1));
    expect(second[0]).toBe(first[0]);
  });

  test('are others for another question, and none for one that nothing answers', () => {
    const { read } = readers();

    read(picked('app=a', pods(100)));

    expect(read(picked('app=b', pods(3, 'b'))).flatMap((run) => run.pods)).toEqual(pods(3, 'b'));
    expect(read(picked('app=c', []))).toEqual([]);
  });

  test.each([
    ['nobody knows whether they stay', 100, 'unknown'],
    ['they are too many', 40_000, 1],
  ] as const)('are picked each time where %s', (_, count, version) => {
    const { cache, read } = readers();
    const question = picked('app=a', pods(count), version);

    const [first, second] = [read(question), read(question)];

    expect(first.flatMap((run) => run.pods)).toHaveLength(count);
    expect(second[0]).not.toBe(first[0]);
    expect(question.counts.picked).toBe(2);
    expect(cache.known(question)).toBeUndefined();
  });

  test('are not kept for more questions than there is room for, whatever the answers', () => {
    const { cache, read } = readers();
    const questions = Array.from({ length: 600 }, (_, at) => picked(`app=${at}`, []));

    for (const question of questions) read(question);

    expect(questions.filter((question) => cache.known(question))).toHaveLength(512);
  });

  test('are forgotten when nobody has asked for a while', () => {
    jest.useFakeTimers();
    try {
      const { cache, read } = readers();
      const question = picked('app=a', pods(100));
      read(question);
      jest.advanceTimersByTime(20_000);
      expect(cache.known(question)).toBeDefined();

      jest.advanceTimersByTime(20_000);
      expect(cache.known(question)).toBeDefined();
      jest.advanceTimersByTime(40_000);

      expect(cache.known(question)).toBeUndefined();
    } finally {
      jest.useRealTimers();
    }
  });
});
