import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aNode, answerAfter, aScraper, hang, type HarnessOptions, someNodes } from './harness.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

async function after(seconds: number, options: HarnessOptions) {
  const harness = aScraper(options);
  harness.scraper.start();
  await harness.wait(seconds);
  return harness;
}

describe('the start of many nodes', () => {
  test('asks 32 at a time, and each as soon as there is a place', async () => {
    const nodes = someNodes(200);

    const { inFlight, stored } = await after(0.7, { nodes, kubelets: { '*': answerAfter(100) } });

    expect(inFlight.most).toBe(32);
    expect(stored).toHaveLength(200); // seven times 32 hold them
  });

  test('has all of 1,000 within 8 s though 100 of them are silent', async () => {
    const nodes = someNodes(1_000);
    const silent = nodes.filter((_, at) => at % 10 === 0).map(({ name }) => [name, hang] as const);
    const kubelets = { ...Object.fromEntries(silent), '*': answerAfter(50) };

    const { stored } = await after(8, { nodes, kubelets });

    expect(new Set(stored.map(({ name }) => name)).size).toBe(900);
  });

  test('fills few blocks again and again', async () => {
    const nodes = someNodes(200);

    const { requests } = await after(60, { nodes, kubelets: { '*': answerAfter(20) } });

    expect(requests.length).toBeGreaterThan(900);
    expect(new Set(requests.map(({ block }) => block)).size).toBeLessThanOrEqual(32);
  });

  test('never fills a block of two requests at a time', async () => {
    const nodes = someNodes(50);
    const busy = new Set<object>();
    let shared = 0;

    await after(60, {
      nodes,
      kubelets: {
        '*': async (request) => {
          if (busy.has(request.block)) shared += 1;
          busy.add(request.block);
          await answerAfter(12_000)(request); // the deadline passes, the reader writes on
          busy.delete(request.block);
        },
      },
    });

    expect(shared).toBe(0);
  });
});

describe('the steady load', () => {
  test('asks each of 2,000 nodes once in a resolution, though each takes 400 ms', async () => {
    const nodes = someNodes(2_000);
    const harness = await after(75, { nodes, kubelets: { '*': answerAfter(400) } });
    const { requests, wait } = harness;
    const before = requests.length;

    await wait(60);

    // 32 at a time would be 4,800.
    expect(requests.length - before).toBeGreaterThan(7_950);
    expect(requests.length - before).toBeLessThan(8_050);
  });

  test('is carried as ever when kube-apiserver comes and goes', async () => {
    const nodes = someNodes(2_000);
    const harness = await after(75, { nodes, kubelets: { '*': answerAfter(400) } });
    const { requests, reviewer, wait } = harness;
    const before = requests.length;

    for (let flap = 0; flap < 30; flap++) {
      reviewer.goAway();
      await wait(1);
      reviewer.comeBack();
      await wait(1);
    }

    expect(requests.length - before).toBeGreaterThan(7_950);
  });

  test.each([
    { count: 100, groupsOf: 8 },
    { count: 1_000, groupsOf: 17 },
  ])('spreads $count nodes over the resolution in groups of at most $groupsOf', async (row) => {
    const { count, groupsOf } = row;

    const { requests } = await after(60, { nodes: someNodes(count) });

    const groups = new Map<number, number>();
    for (const { at } of requests) {
      if (at >= 40 && at < 55) groups.set(at, (groups.get(at) ?? 0) + 1);
    }
    const moments = [...groups.keys()].sort((one, other) => one - other);
    const gaps = moments.slice(1).map((moment, at) => moment - (moments[at] ?? 0));
    expect([...groups.values()].reduce((sum, size) => sum + size, 0)).toBe(count);
    expect(Math.max(...groups.values())).toBeLessThanOrEqual(groupsOf);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.25);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2);
  });

  test('asks every node once a resolution', async () => {
    const { requests } = await after(100, { nodes: someNodes(100) });

    const late = requests.filter(({ at }) => at >= 40 && at < 100);

    expect(late).toHaveLength(100 * 4);
  });

  test('leaves 5 s at least between two scrapes of a node, and 20 s at most', async () => {
    const { requests } = await after(100, { nodes: someNodes(300) });

    const gaps = new Set<number>();
    const before = new Map<string, number>();
    for (const { name, at } of requests) {
      const last = before.get(name);
      if (last !== undefined) gaps.add(at - last);
      before.set(name, at);
    }
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(20);
  });

  test('stays in small groups however often nodes come and go', async () => {
    const harness = aScraper({ nodes: someNodes(40) });
    harness.scraper.start();
    for (let change = 0; change < 400; change++) {
      const node = aNode(`node-${String(change % 30).padStart(4, '0')}`);
      harness.source.delete(node.name);
      harness.source.upsert(node);
    }

    await harness.wait(60);

    const groups = new Map<number, number>();
    for (const { at } of harness.requests) {
      if (at >= 40 && at < 55) groups.set(at, (groups.get(at) ?? 0) + 1);
    }
    expect([...groups.values()]).toEqual([8, 8, 8, 8, 8]);
  });
});
