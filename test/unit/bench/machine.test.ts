import { describe, expect, test } from '@jest/globals';
import { moduleIn, percentBusyBetween, surroundingsText } from '../../bench/machine.ts';

describe('moduleIn', () => {
  test("finds a Go program's own module among its bytes", () => {
    const text =
      '\u0000\u0001path\texample.org/a/cmd\nmod\texample.org/a\tv1.2.3\th1:abc=\ndep\tb\tv2.0.0\t';

    expect(moduleIn(text)).toBe('example.org/a v1.2.3');
  });

  test('finds nothing in another program', () => {
    expect(moduleIn('mod\texample.org/a\tv1.2.3\t')).toBeUndefined();
  });
});

describe('percentBusyBetween', () => {
  const times = (user: number, idle: number) => ({
    times: { user, idle, nice: 0, sys: 0, irq: 0 },
  });

  test('counts all processors together', () => {
    const before = [times(100, 100), times(0, 0)];
    const after = [times(150, 150), times(0, 100)];

    expect(percentBusyBetween(before, after)).toBe(25);
  });

  test('knows nothing of no time', () => {
    expect(percentBusyBetween([times(1, 1)], [times(1, 1)])).toBeNaN();
  });
});

describe('surroundingsText', () => {
  test('says what was done', () => {
    const text = surroundingsText({ pins: { server: '0', others: '1' }, canBePod: true });

    expect(text).toContain('Each server had processor 0 for itself');
    expect(text).toContain('a service account as in a pod');
  });

  test('says what was not', () => {
    const text = surroundingsText({ pins: undefined, canBePod: false });

    expect(text).toContain('Nothing was pinned');
    expect(text).toContain('a kubeconfig');
  });
});
