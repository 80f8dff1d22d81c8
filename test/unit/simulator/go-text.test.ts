import { describe, expect, test } from '@jest/globals';
import { formatGoFloat, PrintedOnce, printGoJson } from '../../../src/simulator/go-text.ts';

describe('formatGoFloat', () => {
  // The left column is what kubelet 1.36 wrote, or what strconv documents.
  test.each([
    ['0', 0],
    ['212992', 212_992],
    ['999999', 999_999],
    ['1e+06', 1_000_000],
    ['6.7776512e+07', 67_776_512],
    ['1.34217728e+08', 134_217_728],
    ['0.017099058', 0.017099058],
    ['2868.563004335', 2868.563004335],
    ['1.7952276412471075e+09', 1795227641.2471075],
    ['1.79522764398603e+09', 1795227643.98603],
    ['0.0001', 0.0001],
    ['9.9e-05', 0.000099],
    ['1e-09', 1e-9],
    ['1.8446744073709552e+19', 2 ** 64],
    ['1e+100', 1e100],
    ['-1.5', -1.5],
    ['-2.5e+06', -2_500_000],
    ['NaN', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
  ])('writes %s', (text, value) => {
    expect(formatGoFloat(value)).toBe(text);
  });
});

describe('printGoJson', () => {
  test('indents by one blank and keeps the order', () => {
    const value = { b: 'x', a: [1, { c: 2 }], none: undefined, empty: {}, nothing: [] };

    expect(printGoJson(value)).toBe(JSON.stringify(value, null, 1));
  });

  test('writes numbers of 64 bits in full', () => {
    expect(printGoJson({ a: 2n ** 64n - 1n, b: -9007199254740993n })).toBe(
      '{\n "a": 18446744073709551615,\n "b": -9007199254740993\n}',
    );
  });

  test('prints what was printed once at every depth as it stands there', () => {
    const once = new PrintedOnce({ total: 0 });
    const plain = { total: 0 };

    expect(printGoJson({ a: once, b: { c: once }, d: once })).toBe(
      printGoJson({ a: plain, b: { c: plain }, d: plain }),
    );
  });
});
