import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  aNode,
  answerAfter,
  answerAtOnce,
  aScraper,
  failWith,
  hang,
  hangForever,
  someNodes,
} from './harness.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('schedule of a node', () => {
  test('asks at once, again as soon as the kubelet has a new sample, then every resolution', async () => {
    const { scraper, wait, askedAt } = aScraper();

    scraper.start();
    await wait(60);

    expect(askedAt()).toEqual([0, 10, 25, 40, 55]);
  });

  test('keeps its beat whatever the answers take', async () => {
    const { scraper, wait, askedAt } = aScraper({ kubelets: { '*': answerAfter(700) } });

    scraper.start();
    await wait(60);

    expect(askedAt()).toEqual([0, 10, 25, 40, 55]);
  });

  test('asks a node at once that appears later', async () => {
    const { scraper, source, wait, askedAt } = aScraper();

    scraper.start();
    await wait(7);
    source.upsert(aNode('node-2'));
    await wait(10);

    expect(askedAt('node-2')).toEqual([7, 17]);
  });

  test('asks a node that is not ready, too', async () => {
    const { scraper, wait, storedAt } = aScraper({ nodes: [aNode('node-1', { ready: false })] });

    scraper.start();
    await wait(1);

    expect(storedAt()).toEqual([0]);
  });

  test('takes a shorter way to the second scrape when the resolution is 10 s', async () => {
    const { scraper, wait, askedAt } = aScraper({ resolution: 10, timeout: 9 });

    scraper.start();
    await wait(35);

    expect(askedAt()).toEqual([0, 10, 20, 30]);
  });

  test('skips the beat that a scrape overran, and never asks a node twice at a time', async () => {
    const { scraper, wait, askedAt, inFlight } = aScraper({
      resolution: 10,
      timeout: 40,
      kubelets: { '*': answerAfter(12_000) },
    });

    scraper.start();
    await wait(75);

    expect(askedAt()).toEqual([0, 12.001, 30, 50, 70]); // a timer of 0 takes 1 ms
    expect(inFlight.most).toBe(1);
  });

  test('plans no more than one timer per node between two scrapes', async () => {
    const { scraper, wait } = aScraper({ nodes: someNodes(20) });

    scraper.start();
    await wait(25.1); // some were asked just now

    expect(jest.getTimerCount()).toBe(20 + 1); // and the turn of the schedule
  });
});

describe('independence of nodes', () => {
  test.each([
    { name: 'hangs until the deadline', behaviour: hang },
    { name: 'hangs for ever', behaviour: hangForever },
    { name: 'needs 9 s', behaviour: answerAfter(9_000) },
    { name: 'fails', behaviour: failWith('status') },
    {
      name: 'throws synchronously',
      behaviour: () => {
        throw new TypeError('no promise at all');
      },
    },
  ])('a kubelet that $name changes nothing for another', async ({ behaviour }) => {
    const { scraper, wait, storedAt } = aScraper({
      nodes: [aNode('bad'), aNode('node-1')],
      kubelets: { bad: behaviour },
    });

    scraper.start();
    await wait(60);

    expect(storedAt()).toEqual([0, 10, 25, 40, 55]);
  });

  test('a storage that throws for one node changes nothing for another', async () => {
    const { scraper, wait, storedAt, lines } = aScraper({
      nodes: [aNode('bad'), aNode('node-1')],
      onStore: (name) => {
        if (name === 'bad') throw new RangeError('Cannot store: bug');
      },
    });

    scraper.start();
    await wait(12);

    expect(storedAt()).toEqual([0, 10]);
    expect(lines).toEqual([
      {
        level: 'error',
        fields: { node: 'bad', reason: 'RangeError', err: expect.stringContaining('bug') },
        message: 'Failed to scrape node',
      },
    ]);
  });

  test('stores an answer when it comes, without waiting for the others', async () => {
    const { scraper, wait, storedAt } = aScraper({
      nodes: [aNode('slow'), aNode('node-1')],
      kubelets: { slow: answerAfter(3_000) },
    });

    scraper.start();
    await wait(4);

    expect(storedAt('node-1')).toEqual([0]);
    expect(storedAt('slow')).toEqual([3]);
  });
});

describe('deadline', () => {
  test('aborts a request at its own deadline, counted from its own start', async () => {
    const { scraper, source, wait, requests } = aScraper({ kubelets: { '*': hang } });
    scraper.start();
    await wait(4);
    source.upsert(aNode('node-2'));

    await wait(6);
    const aborted = requests.map(({ signal }) => signal.aborted);
    await wait(4);

    expect(aborted).toEqual([true, false]);
    expect(requests.find(({ name }) => name === 'node-2')?.signal.aborted).toBe(true);
  });

  test('says why it aborts', async () => {
    const { scraper, wait, requests } = aScraper({ kubelets: { '*': hang } });

    scraper.start();
    await wait(10);

    expect(requests[0]?.signal.reason).toMatchObject({
      name: 'TimeoutError',
      message: 'Cannot scrape node "node-1": no answer within 10s',
    });
  });

  test('drops an answer that comes after the deadline', async () => {
    const { scraper, wait, stored } = aScraper({ kubelets: { '*': answerAfter(10_050) } });

    scraper.start();
    await wait(12);

    expect(stored).toEqual([]);
  });

  test('goes on with a node whose reader never lets go, with another block', async () => {
    const { scraper, wait, kubelets, requests, storedAt } = aScraper({
      kubelets: { '*': hangForever },
    });

    scraper.start();
    await wait(11);
    kubelets.set('*', answerAtOnce);
    await wait(5);

    expect(storedAt()).toEqual([15.1]);
    expect(requests[1]?.block).not.toBe(requests[0]?.block);
  });

  test('logs a timeout in the words of the reader when it has some', async () => {
    const { scraper, wait, lines } = aScraper({
      kubelets: {
        '*': ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              reject(Object.assign(new Error('its own words'), { kind: 'timeout' }));
            });
          }),
      },
    });

    scraper.start();
    await wait(11);

    expect(lines.map(({ fields }) => fields)).toEqual([
      { node: 'node-1', reason: 'timeout', err: 'its own words' },
    ]);
  });
});

describe('failing nodes', () => {
  test('backs off to one minute at most', async () => {
    const { scraper, wait, askedAt } = aScraper({ kubelets: { '*': failWith('status') } });

    scraper.start();
    await wait(260);

    expect(askedAt()).toEqual([0, 5, 15, 35, 75, 135, 195, 255]);
  });

  test('returns to its beat after a failure', async () => {
    const { scraper, wait, kubelets, storedAt, askedAt } = aScraper();
    scraper.start();
    await wait(20);
    kubelets.set('*', failWith('status'));
    await wait(6);
    kubelets.set('*', answerAtOnce);

    await wait(30);

    expect(askedAt()).toEqual([0, 10, 25, 30, 40, 55]);
    expect(storedAt()).toEqual([0, 10, 30, 40, 55]);
  });

  test('begins with a short pause when it fails again after it had recovered', async () => {
    const { scraper, wait, kubelets, askedAt } = aScraper({ kubelets: { '*': failWith('tls') } });
    scraper.start();
    await wait(20); // failed at 0, 5 and 15
    kubelets.set('*', answerAtOnce);
    await wait(20); // answered at 35
    kubelets.set('*', failWith('tls'));

    await wait(15);

    expect(askedAt()).toEqual([0, 5, 15, 35, 45, 50]);
  });

  test('has its second scrape 10 s after its first answer, whenever that was', async () => {
    const { scraper, wait, kubelets, storedAt } = aScraper({ kubelets: { '*': failWith('tls') } });
    scraper.start();
    await wait(1);
    kubelets.set('*', answerAtOnce);

    await wait(16);

    expect(storedAt()).toEqual([5, 15]);
  });

  test.each([
    { name: 'becomes ready', before: { ready: false }, after: { ready: true } },
    {
      name: 'has another address',
      before: {},
      after: { addresses: [{ type: 'InternalIP', address: '10.0.0.2' }] },
    },
    { name: 'has one more address', before: { addresses: [] }, after: {} },
    { name: 'has another port', before: {}, after: { kubeletPort: 10251 } },
    { name: 'has another path', before: {}, after: { resourceMetricsPath: '/metrics/resource' } },
  ])('is asked early when it $name', async ({ before, after }) => {
    const { scraper, source, wait, askedAt } = aScraper({
      nodes: [aNode('node-1', before)],
      kubelets: { '*': failWith('connect') },
    });
    scraper.start();
    await wait(80); // asked at 0, 5, 15, 35, 75

    source.upsert(aNode('node-1', after));
    await wait(1);

    expect(askedAt().at(-1)).toBe(80);
  });

  test('is not asked early for a heartbeat', async () => {
    const { scraper, source, wait, askedAt } = aScraper({
      kubelets: { '*': failWith('connect') },
    });
    scraper.start();
    await wait(80);

    source.upsert(aNode('node-1'));
    await wait(1);

    expect(askedAt().at(-1)).toBe(75);
  });

  test('is not asked more often than once a second however often it changes', async () => {
    const { scraper, source, wait, askedAt } = aScraper({
      kubelets: { '*': failWith('connect') },
    });
    scraper.start();
    await wait(80);

    for (let change = 0; change < 30; change++) {
      source.upsert(aNode('node-1', { ready: change % 2 === 1 }));
      await wait(0.1);
    }

    expect(askedAt().filter((at) => at >= 80)).toEqual([80.1, 81.1, 82.1]);
  });

  test('is asked again at once when it becomes ready during a request that fails', async () => {
    const { scraper, source, wait, askedAt } = aScraper({
      nodes: [aNode('node-1', { ready: false })],
      kubelets: { '*': hang },
    });
    scraper.start();
    await wait(5);

    source.upsert(aNode('node-1', { ready: true }));
    await wait(7);

    expect(askedAt()).toEqual([0, 11]);
  });

  test('backs off as ever when it became ready during a request that was answered', async () => {
    const { scraper, source, wait, kubelets, askedAt } = aScraper({
      nodes: [aNode('node-1', { ready: false })],
      kubelets: { '*': answerAfter(500) },
    });
    scraper.start();
    await wait(0.1);
    source.upsert(aNode('node-1', { ready: true }));
    await wait(5);
    kubelets.set('*', failWith('status'));

    await wait(11);

    expect(askedAt()).toEqual([0, 10, 15]);
  });

  test('gives up a request to an address that is no longer the node’s, and asks the new one', async () => {
    const { scraper, source, wait, requests, lines } = aScraper({ kubelets: { '*': hang } });
    scraper.start();
    await wait(3);

    source.upsert(aNode('node-1', { addresses: [{ type: 'InternalIP', address: '10.0.0.2' }] }));
    await wait(1);

    expect(requests.map(({ at, node }) => [at, node.addresses[0]?.address])).toEqual([
      [0, '10.0.0.1'],
      [3, '10.0.0.2'],
    ]);
    expect(lines).toEqual([]);
  });

  test('leaves the beat of a node that answers alone when its conditions change', async () => {
    const { scraper, source, wait, askedAt } = aScraper();
    scraper.start();
    await wait(12);

    source.upsert(aNode('node-1', { ready: false }));
    source.upsert(aNode('node-1', { ready: true }));
    await wait(20);

    expect(askedAt()).toEqual([0, 10, 25]);
  });
});

describe('deleted nodes', () => {
  test('are removed at once, and their request is aborted', async () => {
    const { scraper, source, wait, requests, removed } = aScraper({ kubelets: { '*': hang } });
    scraper.start();
    await wait(1);

    source.delete('node-1');

    expect(removed).toEqual(['node-1']);
    expect(requests[0]?.signal.aborted).toBe(true);
  });

  test('are not stored by an answer that was under way, nor asked again, nor logged', async () => {
    const { scraper, source, wait, stored, askedAt, lines } = aScraper({
      kubelets: { '*': answerAfter(2_000) },
    });
    scraper.start();
    await wait(1);

    source.delete('node-1');
    await wait(60);

    expect(stored).toEqual([]);
    expect(askedAt()).toEqual([0]);
    expect(lines).toEqual([]);
  });

  test('come back as new ones', async () => {
    const { scraper, source, wait, storedAt } = aScraper({
      kubelets: { '*': answerAfter(2_000) },
    });
    scraper.start();
    await wait(1);

    source.delete('node-1');
    source.upsert(aNode('node-1'));
    await wait(12);

    expect(storedAt()).toEqual([3, 13]);
  });

  test('leave the queue when their turn has not come yet', async () => {
    const { scraper, source, wait, requests } = aScraper({
      nodes: someNodes(33),
      kubelets: { '*': answerAfter(100) },
    });
    scraper.start();

    source.delete('node-0032');
    await wait(1);

    expect(requests).toHaveLength(32);
  });
});

describe('disposal', () => {
  test('ends all timers, requests and the subscriptions', async () => {
    const { scraper, source, reviewer, wait, requests } = aScraper({
      nodes: [aNode('node-1'), aNode('node-2'), aNode('node-3')],
      kubelets: { 'node-2': hang, 'node-3': hangForever },
    });
    scraper.start();
    await wait(5);

    const disposal = scraper[Symbol.asyncDispose]();
    await wait(1);
    await disposal;

    expect(jest.getTimerCount()).toBe(0);
    expect([source.isWatched, reviewer.isWatched]).toEqual([false, false]);
    expect(requests.filter(({ signal }) => signal.aborted).map(({ name }) => name)).toEqual([
      'node-2',
      'node-3',
    ]);
  });

  test('is over as soon as the readers have let go', async () => {
    const { scraper, wait } = aScraper({ kubelets: { '*': hang } });
    scraper.start();
    await wait(5);

    await scraper[Symbol.asyncDispose]();

    expect(jest.getTimerCount()).toBe(0);
  });

  test('may come before the start, and a start twice is one', async () => {
    const idle = aScraper();
    await idle.scraper[Symbol.asyncDispose]();

    const { scraper, wait, askedAt } = aScraper();
    scraper.start();
    scraper.start();
    await wait(1);

    expect(idle.requests).toEqual([]);
    expect(askedAt()).toEqual([0]);
  });
});

describe('very many nodes at the start', () => {
  test('are taken up some at a time, as they are by then, and are not all settled before', async () => {
    const { scraper, source, wait, requests, askedAt } = aScraper({ nodes: someNodes(1_000) });

    scraper.start();
    const atOnce = requests.length;
    const before = scraper.status();
    source.delete('node-0998');
    source.upsert(aNode('node-0999', { kubeletPort: 10_251 }));
    await wait(2);

    expect(atOnce).toBeLessThan(1_000);
    expect(before).toMatchObject({ nodes: 1_000, everyReachableNodeScrapedOnce: false });
    expect(scraper.status()).toMatchObject({ nodes: 999, everyReachableNodeScrapedOnce: true });
    expect(askedAt('node-0998')).toEqual([]);
    expect(askedAt('node-0999')).toHaveLength(1);
    const last = requests.find(({ node }) => node.name === 'node-0999');
    expect(last?.node.kubeletPort).toBe(10_251);
  });

  test('are not taken up any more once it has ended', async () => {
    const { scraper, wait, askedAt } = aScraper({ nodes: someNodes(1_000) });
    scraper.start();

    await scraper[Symbol.asyncDispose]();
    await wait(2);

    expect(askedAt('node-0999')).toEqual([]);
  });
});
