import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aNode, answerAfter, answerAtOnce, aScraper, failWith, hang } from './harness.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('status', () => {
  test('is of nothing scraped, and turning, before the start', () => {
    const { scraper } = aScraper();

    expect(scraper.status()).toEqual({
      nodes: 0,
      failing: 0,
      failingByReason: new Map(),
      everyReachableNodeScrapedOnce: false,
      firstResolutionOver: false,
      lastTurnMs: undefined,
      turning: true,
    });
  });

  test('has every node scraped when all have answered', async () => {
    const { scraper, wait } = aScraper({
      nodes: [aNode('node-1'), aNode('node-2')],
      kubelets: { 'node-2': answerAfter(1_000) },
    });
    scraper.start();

    await wait(0.9);
    const before = scraper.status().everyReachableNodeScrapedOnce;
    await wait(0.2);
    const after = scraper.status().everyReachableNodeScrapedOnce;

    expect([before, after]).toEqual([false, true]);
  });

  test.each([
    { name: 'that is silent for 2 s', behaviour: hang, pending: 1.9, settled: 2 },
    { name: 'that fails', behaviour: failWith('connect'), pending: undefined, settled: 0 },
  ])('does not wait for a node $name', async ({ behaviour, pending, settled }) => {
    const { scraper, wait } = aScraper({
      nodes: [aNode('node-1'), aNode('node-2')],
      kubelets: { 'node-2': behaviour },
    });
    scraper.start();
    await wait(pending ?? 0);
    const before = pending !== undefined && scraper.status().everyReachableNodeScrapedOnce;

    await wait(settled - (pending ?? 0));

    expect(before).toBe(false);
    expect(scraper.status().everyReachableNodeScrapedOnce).toBe(true);
  });

  test('has not scraped every reachable node when none could be reached', async () => {
    const { scraper, wait, kubelets } = aScraper({ kubelets: { '*': failWith('connect') } });
    scraper.start();
    await wait(60);
    const before = scraper.status().everyReachableNodeScrapedOnce;

    kubelets.set('*', answerAtOnce);
    await wait(60);

    expect(before).toBe(false);
    expect(scraper.status().everyReachableNodeScrapedOnce).toBe(true);
  });

  test('has nothing to wait for in a cluster without nodes', () => {
    const { scraper } = aScraper({ nodes: [] });

    scraper.start();

    expect(scraper.status().everyReachableNodeScrapedOnce).toBe(true);
  });

  test('stays so when nodes come later', async () => {
    const { scraper, source, wait } = aScraper();
    scraper.start();
    await wait(1);
    const before = scraper.status().everyReachableNodeScrapedOnce;

    source.upsert(aNode('node-2'));

    expect(before).toBe(true);
    expect(scraper.status().everyReachableNodeScrapedOnce).toBe(true);
  });

  test('knows when the first resolution is over', async () => {
    const { scraper, wait } = aScraper();
    scraper.start();
    await wait(14.9);
    const before = scraper.status().firstResolutionOver;

    await wait(0.1);

    expect(before).toBe(false);
    expect(scraper.status().firstResolutionOver).toBe(true);
  });

  test('counts failing nodes by reason', async () => {
    const { scraper, wait } = aScraper({
      nodes: [aNode('node-1'), aNode('node-2'), aNode('node-3'), aNode('node-4')],
      kubelets: {
        'node-2': failWith('tls'),
        'node-3': failWith('tls'),
        'node-4': failWith('status'),
      },
    });

    scraper.start();
    await wait(1);

    expect(scraper.status()).toMatchObject({
      nodes: 4,
      failing: 3,
      failingByReason: new Map([
        ['tls', 2],
        ['status', 1],
      ]),
    });
  });

  test('does not count a failing node that was deleted', async () => {
    const { scraper, source, wait } = aScraper({ kubelets: { '*': failWith('tls') } });
    scraper.start();
    await wait(1);

    source.delete('node-1');

    expect(scraper.status()).toMatchObject({ nodes: 0, failing: 0, failingByReason: new Map() });
  });

  test('turns on however slow the kubelets are', async () => {
    const { scraper, wait } = aScraper({ kubelets: { '*': hang } });

    scraper.start();
    await wait(600);

    expect(scraper.status().turning).toBe(true);
  });

  test('does not turn when its timers stand still', async () => {
    const { scraper, wait, stall } = aScraper();
    scraper.start();
    await wait(15);
    const turnedAt = scraper.status().lastTurnMs;

    stall(22.5);
    const still = scraper.status().turning;
    stall(0.1);

    expect(still).toBe(true);
    expect(scraper.status()).toMatchObject({ turning: false, lastTurnMs: turnedAt });
  });
});

describe('log', () => {
  test('tells a failure once, and its end once', async () => {
    const { scraper, wait, kubelets, lines } = aScraper({
      kubelets: { '*': failWith('connect') },
    });
    scraper.start();
    await wait(20);
    kubelets.set('*', answerAtOnce);

    await wait(60);

    expect(lines).toEqual([
      {
        level: 'error',
        fields: { node: 'node-1', reason: 'connect', err: 'Cannot scrape node "node-1": connect' },
        message: 'Failed to scrape node',
      },
      expect.objectContaining({ level: 'warn', message: 'Nodes could not be scraped' }),
      { level: 'info', fields: { node: 'node-1' }, message: 'Scraped node again' },
    ]);
  });

  test('tells of another reason', async () => {
    const { scraper, wait, kubelets, lines } = aScraper({
      kubelets: { '*': failWith('connect') },
    });
    scraper.start();
    await wait(1);
    kubelets.set('*', failWith('tls'));

    await wait(10);

    expect(lines.map(({ fields }) => fields['reason'])).toEqual(['connect', 'tls']);
  });

  test('is quieter about a node that is not ready', async () => {
    const { scraper, wait, messages } = aScraper({
      nodes: [aNode('node-1', { ready: false })],
      kubelets: { '*': failWith('connect') },
    });

    scraper.start();
    await wait(1);

    expect(messages()).toEqual(['info: Failed to scrape node that is not ready']);
  });

  test('sums up once a minute what still fails, with some names', async () => {
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => aNode(name));
    const { scraper, wait, lines } = aScraper({
      nodes,
      kubelets: { '*': failWith('status'), g: failWith('tls') },
    });

    scraper.start();
    await wait(140);

    const summaries = lines.filter(({ level }) => level === 'warn');
    expect(summaries.map(({ fields }) => fields)).toEqual(
      Array.from({ length: 3 }, () => ({
        failing: 7,
        nodes: 7,
        reasons: 'status: 6, tls: 1',
        among: 'a, b, c, d, e',
      })),
    );
  });

  test('says nothing when all is well', async () => {
    const { scraper, wait, lines } = aScraper();

    scraper.start();
    await wait(200);

    expect(lines).toEqual([]);
  });
});

describe('round metric', () => {
  test('is the time from the first scrape of a resolution to the end of its last', async () => {
    const { scraper, wait, rounds } = aScraper({ kubelets: { '*': answerAfter(1_500) } });

    scraper.start();
    await wait(46);

    // asked at 0 and 10, at 25, at 40; each took 1.5 s
    expect(rounds).toEqual([
      { at: 15, seconds: 11.5 },
      { at: 30, seconds: 1.5 },
      { at: 45, seconds: 1.5 },
    ]);
  });

  test('waits for a scrape that ends after its resolution', async () => {
    const { scraper, wait, rounds } = aScraper({ kubelets: { '*': answerAfter(9_000) } });

    scraper.start();
    await wait(35);

    expect(rounds).toEqual([
      { at: 19, seconds: 19 },
      { at: 34, seconds: 9 },
    ]);
  });

  test('counts the rounds of a cluster without nodes, too', async () => {
    const { scraper, wait, rounds } = aScraper({ nodes: [] });

    scraper.start();
    await wait(30);

    expect(rounds.map(({ seconds }) => seconds)).toEqual([0, 0]);
  });
});
