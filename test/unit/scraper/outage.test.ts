import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  aNode,
  answerAfter,
  answerAtOnce,
  aScraper,
  failWith,
  type HarnessOptions,
  hang,
  someNodes,
} from './harness.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

/** The kubelets answer no more, each in its way, while kube-apiserver is away. */
async function inAnOutage(seconds: number, options: HarnessOptions) {
  const harness = aScraper(options);
  harness.scraper.start();
  harness.reviewer.goAway();
  await harness.wait(seconds);
  return harness;
}

describe('when kube-apiserver is back', () => {
  test.each(['unauthorized', 'undecided', 'connect', 'timeout'])(
    'a node that failed with %s is asked at once, and then keeps its beat',
    async (kind) => {
      const { reviewer, kubelets, wait, askedAt, storedAt } = await inAnOutage(100, {
        kubelets: { '*': failWith(kind) },
      }); // asked at 0, 5, 15, 35, 75, and then at 135

      kubelets.set('*', answerAtOnce);
      reviewer.comeBack();
      await wait(30);

      expect(askedAt().slice(-4)).toEqual([100, 110, 115, 130]); // its phase is at 10, 25, ...
      expect(storedAt()).toEqual([100, 110, 115, 130]);
    },
  );

  test('a node that just failed is asked a second later', async () => {
    const { reviewer, wait, askedAt } = await inAnOutage(75.2, {
      kubelets: { '*': failWith('unauthorized') },
    });

    reviewer.comeBack();
    await wait(2);

    expect(askedAt().at(-1)).toBe(76);
  });

  test('a node whose request is under way is asked again at once when that fails', async () => {
    const { reviewer, wait, kubelets, askedAt } = await inAnOutage(2, {
      kubelets: { '*': hang },
    });

    reviewer.comeBack();
    kubelets.set('*', answerAtOnce);
    await wait(9.5); // its deadline is at 10

    expect(askedAt()).toEqual([0, 11]);
  });

  test('a node that goes on failing begins with the shortest pause', async () => {
    const { reviewer, wait, askedAt } = await inAnOutage(100, {
      kubelets: { '*': failWith('forbidden') },
    });

    reviewer.comeBack();
    await wait(36);

    expect(askedAt().filter((at) => at >= 100)).toEqual([100, 105, 115, 135]);
  });

  test.each([
    { name: 'answers', behaviour: answerAtOnce },
    { name: 'is answering', behaviour: answerAfter(900) },
  ])('a node that $name is left alone', async ({ behaviour }) => {
    const { reviewer, wait, askedAt } = await inAnOutage(25.5, { kubelets: { '*': behaviour } });

    reviewer.comeBack();
    await wait(30);

    expect(askedAt()).toEqual([0, 10, 25, 40, 55]);
  });

  test('a node that comes and goes with it is not asked more often than once a second', async () => {
    const { reviewer, wait, askedAt } = await inAnOutage(80, {
      kubelets: { '*': failWith('connect') },
    });

    for (let flap = 0; flap < 30; flap++) {
      reviewer.goAway();
      reviewer.comeBack();
      await wait(0.1);
    }

    expect(askedAt().filter((at) => at >= 80)).toEqual([80, 81, 82, 83]);
  });

  test('5,000 nodes are asked 32 at a time, all of them within seconds', async () => {
    const nodes = someNodes(5_000);
    const harness = await inAnOutage(100, { nodes, kubelets: { '*': failWith('unauthorized') } });
    const { reviewer, kubelets, inFlight, requests, stored, wait } = harness;
    kubelets.set('*', answerAfter(50));
    const before = requests.length;
    inFlight.most = 0;

    reviewer.comeBack();
    await wait(9); // 5,000 / 32 times 50 ms are 7.8 s

    expect(inFlight.most).toBe(32);
    expect(new Set(stored.map(({ name }) => name)).size).toBe(5_000);
    expect(requests.length - before).toBeLessThan(5_100); // and the second one of the first of them
  });
});

describe('the excuse of a node', () => {
  const excuses = ({ missed }: { missed: { at: number; isExcused: boolean }[] }) =>
    missed.map(({ at, isExcused }) => [at, isExcused]);

  test.each([
    { kind: 'unauthorized', isExcused: true },
    { kind: 'undecided', isExcused: true },
    { kind: 'forbidden', isExcused: true },
    { kind: 'status', isExcused: false },
    { kind: 'timeout', isExcused: false },
    { kind: 'connect', isExcused: false },
    { kind: 'reset', isExcused: false },
    { kind: 'tls', isExcused: false },
    { kind: 'decode', isExcused: false },
    { kind: 'not-found', isExcused: false },
    { kind: 'credentials', isExcused: false },
  ])('of $kind while kube-apiserver is away: $isExcused', async ({ kind, isExcused }) => {
    const harness = await inAnOutage(1, { kubelets: { '*': failWith(kind) } });

    expect(excuses(harness)).toEqual([[0, isExcused]]);
  });

  test.each(['unauthorized', 'undecided', 'forbidden'])(
    'of %s is none while kube-apiserver answers',
    async (kind) => {
      const harness = aScraper({ kubelets: { '*': failWith(kind) } });

      harness.scraper.start();
      await harness.wait(6);

      expect(excuses(harness)).toEqual([
        [0, false],
        [5, false],
      ]);
    },
  );

  test('holds for a minute after kube-apiserver is back, and no longer', async () => {
    const harness = await inAnOutage(100, { kubelets: { '*': failWith('unauthorized') } });

    harness.reviewer.comeBack();
    await harness.wait(80);

    expect(excuses(harness).slice(-5)).toEqual([
      [100, true],
      [105, true],
      [115, true],
      [135, true],
      [175, false],
    ]);
  });

  test('ends with another failure', async () => {
    const harness = await inAnOutage(1, { kubelets: { '*': failWith('unauthorized') } });

    harness.kubelets.set('*', failWith('timeout'));
    await harness.wait(5);

    expect(excuses(harness)).toEqual([
      [0, true],
      [5, false],
    ]);
  });

  test('is not asked for when the node has only moved', async () => {
    const harness = await inAnOutage(1, { kubelets: { '*': hang } });

    harness.source.upsert(aNode('node-1', { kubeletPort: 10251 }));
    await harness.wait(1);

    expect(harness.missed).toEqual([]);
  });
});

describe('log', () => {
  const SEEN = new Set(['error', 'warn', 'info']);
  const told = ({ lines }: { lines: { level: string; message: string }[] }) =>
    lines
      .filter(({ level, message }) => SEEN.has(level) && message !== 'Nodes could not be scraped')
      .map(({ level, message }) => `${level}: ${message}`);

  test('tells once for all nodes that they refuse us, with a remedy, and once that it is over', async () => {
    const nodes = [aNode('node-1'), aNode('node-2'), aNode('node-3')];
    const harness = await inAnOutage(100, { nodes, kubelets: { '*': failWith('unauthorized') } });

    harness.kubelets.set('*', answerAtOnce);
    harness.reviewer.comeBack();
    await harness.wait(5);

    expect(told(harness)).toEqual([
      'warn: Kubelets refuse us while kube-apiserver is away',
      'info: No kubelet refuses us for want of kube-apiserver any more',
    ]);
    expect(harness.lines.find(({ level }) => level === 'warn')?.fields).toEqual({
      node: 'node-1',
      reason: 'unauthorized',
      err: 'Cannot scrape node "node-1": unauthorized',
      remedy: expect.stringContaining('Bring kube-apiserver back'),
    });
    expect(harness.lines.filter(({ level }) => level === 'info').at(-1)?.fields).toEqual({
      nodes: 3,
    });
    // Whoever wants to know it of each node looks closer.
    expect(harness.lines.filter(({ level }) => level === 'debug')).toHaveLength(6);
  });

  test('tells of a node that fails for another reason meanwhile, and of one that stays refused', async () => {
    const nodes = [aNode('node-1'), aNode('node-2')];
    const harness = await inAnOutage(1, { nodes, kubelets: { '*': failWith('unauthorized') } });
    harness.kubelets.set('node-1', failWith('connect'));
    await harness.wait(5);

    harness.reviewer.comeBack();
    await harness.wait(80);

    expect(told(harness)).toEqual([
      'warn: Kubelets refuse us while kube-apiserver is away',
      'error: Failed to scrape node',
      'info: No kubelet refuses us for want of kube-apiserver any more',
      'error: Failed to scrape node',
    ]);
    const reasons = harness.lines
      .filter(({ level }) => level === 'error')
      .map(({ fields }) => [fields['node'], fields['reason']]);
    expect(reasons).toEqual([
      ['node-1', 'connect'],
      ['node-2', 'unauthorized'],
    ]);
  });

  test('tells of a node that answered again and is refused again in another outage', async () => {
    const harness = await inAnOutage(1, { kubelets: { '*': failWith('undecided') } });
    for (const behaviour of [answerAtOnce, failWith('undecided')]) {
      harness.kubelets.set('*', behaviour);
      await harness.wait(15);
    }

    expect(told(harness)).toEqual([
      'warn: Kubelets refuse us while kube-apiserver is away',
      'info: No kubelet refuses us for want of kube-apiserver any more',
      'warn: Kubelets refuse us while kube-apiserver is away',
    ]);
  });

  test('forgets an excused node that is deleted', async () => {
    const harness = await inAnOutage(1, { kubelets: { '*': failWith('unauthorized') } });

    harness.source.delete('node-1');

    expect(harness.scraper.status()).toMatchObject({ failing: 0, failingByReason: new Map() });
    expect(told(harness).at(-1)).toBe(
      'info: No kubelet refuses us for want of kube-apiserver any more',
    );
  });
});
