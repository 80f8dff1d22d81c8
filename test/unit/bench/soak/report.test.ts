import { describe, expect, test } from '@jest/globals';
import { soakText } from '../../../bench/soak/report.ts';
import type { SoakReport } from '../../../bench/soak/soak.ts';

const REPORT: SoakReport = {
  rows: [
    {
      what: 'resident, MB',
      middle: 100,
      end: 101,
      bound: { share: 0.05, absolute: 2 },
      isKept: true,
    },
    { what: 'anonymous, MB', middle: 60, end: 61, bound: undefined, isKept: true },
  ],
  exact: {
    ...{ checks: 2, checked: 1_200, wrong: 0, complaints: [] },
    ...{ medianError: 0.001, worstError: 0.04 },
  },
  tallies: [{ kind: 'pods as JSON', requests: 3, codes: new Map([[200, 3]]) }],
  wrong: [],
  last: undefined,
  longestDelayMs: 30,
  isPassed: true,
};

describe('soakText', () => {
  test('tells what was seen, its bound and the verdict', () => {
    const text = soakText(REPORT, 'Here');

    expect(text).toContain('| resident, MB | 100 | 101 | <= middle x 1.05 + 2 | kept |');
    expect(text).toContain('| answers that were not due | 0 of 3 | kept |');
    expect(text).toContain(
      '| nodes and pods with wrong figures | 0 (1,200 figures checked) | kept |',
    );
    expect(text).toContain(
      '| CPU against the true load, median and worst error | 0.1 %, 4 % | kept |',
    );
    expect(text).toContain('| pods as JSON | 3 | 200: 3 |');
    expect(text.split('\n').at(-1)).toBe('Soak: all bounds are kept.');
  });

  test('says what broke, and does not take no check for a good one', () => {
    const exact = { ...REPORT.exact, checked: 0, wrong: 1, complaints: ['pod a/b: odd'] };
    const wrong = [{ kind: 'nodes', code: 500, atMs: 0, text: 'oh' }];
    const text = soakText({ ...REPORT, exact, wrong, isPassed: false }, 'Here');

    expect(text).toContain('| answers that were not due | 1 of 3 | **broken** |');
    expect(text).toContain('1 (0 figures checked) | **broken** |');
    expect(text).toContain('- 1970-01-01T00:00:00.000Z nodes: 500: oh\n- pod a/b: odd');
    expect(text.split('\n').at(-1)).toBe('Soak: **bounds are broken**.');
  });
});
