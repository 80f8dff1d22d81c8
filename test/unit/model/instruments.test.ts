import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { SeriesCounter } from '../../../src/model/instruments.ts';

describe('SeriesCounter', () => {
  test('shows what was counted, the same however often it is shown, and no series before', async () => {
    const registry = new Registry();
    const counter = new SeriesCounter<'hit' | 'miss'>(registry, {
      name: 'looks_total',
      help: 'Looks.',
      label: 'status',
    });
    const head = '# HELP looks_total Looks.\n# TYPE looks_total counter\n';

    expect(await registry.metrics()).toBe(head);
    counter.inc('miss');
    counter.inc('miss');
    counter.inc('hit');
    const lines = `${head}looks_total{status="miss"} 2\nlooks_total{status="hit"} 1\n`;
    expect(await registry.metrics()).toBe(lines);
    expect(await registry.metrics()).toBe(lines);
  });
});
