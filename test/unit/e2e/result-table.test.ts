import { expect, test } from '@jest/globals';
import { resultTable } from '../../e2e/result-table.ts';

test('numbers stand under each other, remarks at the end, and the sum below', () => {
  const lines = resultTable([
    { name: 'setting up', passed: 0, failed: 0, durationMs: 11_240, remark: '' },
    { name: 'kubectl top', passed: 10, failed: 1, durationMs: 25_400, remark: '' },
    { name: 'etcd', passed: 0, failed: 0, durationMs: 0, remark: 'skipped: it needs controllers' },
  ]);

  expect(lines).toEqual([
    'part         passed  failed  seconds',
    'setting up        0       0     11.2',
    'kubectl top      10       1     25.4',
    'etcd              0       0      0.0  skipped: it needs controllers',
    'total            10       1     36.6',
  ]);
});
