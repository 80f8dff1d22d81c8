import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aNode, aScraper } from './harness.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('a kubelet that answers, and whose figures cannot be used', () => {
  test('is told once for each change, with what is missing and where to look', async () => {
    const { scraper, wait, lines } = aScraper({
      usable: ['all', 'none', 'none', 'containers', 'node', 'all', 'all'],
    });
    scraper.start();

    await wait(120);

    expect(lines.map(({ level, message, fields }) => [level, message, fields['reason']])).toEqual([
      [
        'warn',
        'Kubelet answered without usable figures',
        'no CPU counter with a working set, neither of the node nor of a running container',
      ],
      [
        'warn',
        'Kubelet answered without usable figures',
        'no CPU counter with a working set of the node; its pods are served',
      ],
      [
        'warn',
        'Kubelet answered without usable figures',
        'no CPU counter with a working set of any running container; the node is served',
      ],
      ['info', 'Kubelet gives all figures again', undefined],
    ]);
    expect(lines[0]?.fields).toMatchObject({
      node: 'node-1',
      remedy: expect.stringContaining(
        'kubectl get --raw /api/v1/nodes/node-1/proxy/stats/summary',
      ) as unknown,
    });
  });

  test('is forgotten with its node', async () => {
    const { scraper, source, wait, lines } = aScraper({ usable: ['none', 'none'] });
    scraper.start();
    await wait(1);

    source.delete('node-1');
    source.upsert(aNode('node-1'));
    await wait(1);

    expect(lines.map(({ message }) => message)).toEqual([
      'Kubelet answered without usable figures',
      'Kubelet answered without usable figures',
    ]);
  });

  test('is no failure: it is asked as often as the others', async () => {
    const { scraper, wait, stored } = aScraper({ usable: Array<'none'>(20).fill('none') });
    scraper.start();

    await wait(75);

    expect(stored.length).toBe(6);
    expect(scraper.status()).toMatchObject({ failing: 0 });
  });
});
