import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { scraperInstruments } from '../../../src/scraper/instruments.ts';

const DEFAULTS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'];

describe('scraperInstruments', () => {
  test.each([
    { resolution: 10, beyond: [] },
    { resolution: 15, beyond: ['12.5', '15', '22.5', '30'] },
    { resolution: 60, beyond: ['35', '60', '90', '120'] },
  ])('has upstream’s buckets for a resolution of $resolution s', async (row) => {
    const registry = new Registry();
    const instruments = scraperInstruments(registry, row.resolution * 1000);

    instruments.observeRound(11.5);

    const page = await registry.metrics();
    expect([...page.matchAll(/le="([^"]+)"/g)].map(([, bound]) => bound)).toEqual([
      ...DEFAULTS,
      ...row.beyond,
      '+Inf',
    ]);
    expect(page).toContain('metrics_server_manager_tick_duration_seconds_sum 11.5\n');
    expect(page).toContain('metrics_server_manager_tick_duration_seconds_count 1\n');
    expect(page).toContain(
      '# HELP metrics_server_manager_tick_duration_seconds [ALPHA] The total time spent',
    );
  });
});
