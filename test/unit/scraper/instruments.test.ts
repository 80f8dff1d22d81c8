import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock } from '../../../src/clock.ts';
import { scraperInstruments } from '../../../src/scraper/instruments.ts';

const DEFAULTS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'];

describe('scraperInstruments', () => {
  test.each([
    { resolution: 10, beyond: [] },
    { resolution: 15, beyond: ['12.5', '15', '22.5', '30'] },
    { resolution: 60, beyond: ['35', '60', '90', '120'] },
  ])('has upstream’s buckets for a resolution of $resolution s', async (row) => {
    const registry = new Registry();
    const instruments = scraperInstruments(registry, row.resolution * 1000, systemClock);

    instruments.observeRound(11.5);

    const page = await registry.getSingleMetricAsString(
      'metrics_server_manager_tick_duration_seconds',
    );
    expect([...page.matchAll(/le="([^"]+)"/g)].map(([, bound]) => bound)).toEqual([
      ...DEFAULTS,
      ...row.beyond,
      '+Inf',
    ]);
    expect(page).toContain('metrics_server_manager_tick_duration_seconds_sum 11.5');
    expect(page).toContain('metrics_server_manager_tick_duration_seconds_count 1');
  });
});

describe('the queue of nodes that are due', () => {
  async function linesOf(registry: Registry, name: string): Promise<string[]> {
    const page = await registry.getSingleMetricAsString(name);
    return page.split('\n').filter((line) => !line.startsWith('#') && !line.includes('_bucket'));
  }

  test('is told in the words of work queues: waiting, at work, over', async () => {
    const registry = new Registry();
    let nowMs = 0;
    const { queue } = scraperInstruments(registry, 15_000, {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
    });

    const [first, second, third] = [queue.added(false), queue.added(false), queue.added(true)];
    nowMs = 2000;
    first.begun();
    nowMs = 3000;
    second.begun();
    nowMs = 5000;

    expect(await linesOf(registry, 'workqueue_adds_total')).toEqual([
      'workqueue_adds_total{name="scrapes"} 3',
    ]);
    expect(await linesOf(registry, 'workqueue_retries_total')).toEqual([
      'workqueue_retries_total{name="scrapes"} 1',
    ]);
    expect(await linesOf(registry, 'workqueue_depth')).toEqual([
      'workqueue_depth{name="scrapes"} 1',
    ]);
    expect(await linesOf(registry, 'workqueue_queue_duration_seconds')).toEqual([
      'workqueue_queue_duration_seconds_sum{name="scrapes"} 5',
      'workqueue_queue_duration_seconds_count{name="scrapes"} 2',
    ]);
    expect(await linesOf(registry, 'workqueue_unfinished_work_seconds')).toEqual([
      'workqueue_unfinished_work_seconds{name="scrapes"} 5',
    ]);
    expect(await linesOf(registry, 'workqueue_longest_running_processor_seconds')).toEqual([
      'workqueue_longest_running_processor_seconds{name="scrapes"} 3',
    ]);

    for (const scrape of [first, second, third]) scrape.ended();

    expect(await linesOf(registry, 'workqueue_work_duration_seconds')).toEqual([
      'workqueue_work_duration_seconds_sum{name="scrapes"} 5',
      'workqueue_work_duration_seconds_count{name="scrapes"} 2',
    ]);
    expect(await linesOf(registry, 'workqueue_depth')).toEqual([
      'workqueue_depth{name="scrapes"} 0',
    ]);
    expect(await linesOf(registry, 'workqueue_longest_running_processor_seconds')).toEqual([
      'workqueue_longest_running_processor_seconds{name="scrapes"} 0',
    ]);
  });

  test('counts a scrape that ends twice, or never began, once', async () => {
    const registry = new Registry();
    const { queue } = scraperInstruments(registry, 15_000, systemClock);
    const [waiting, begun, other] = [queue.added(false), queue.added(false), queue.added(false)];
    for (const scrape of [begun, other]) scrape.begun();

    for (const scrape of [waiting, waiting, begun, begun]) scrape.ended();
    queue.added(false).begun();
    const unfinished = await registry.getSingleMetric('workqueue_unfinished_work_seconds')?.get();

    expect(await linesOf(registry, 'workqueue_depth')).toEqual([
      'workqueue_depth{name="scrapes"} 0',
    ]);
    expect(await linesOf(registry, 'workqueue_work_duration_seconds')).toContain(
      'workqueue_work_duration_seconds_count{name="scrapes"} 1',
    );
    expect(unfinished?.values[0]?.value).toBeGreaterThanOrEqual(0);
  });
});
