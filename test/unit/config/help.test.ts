import { describe, expect, test } from '@jest/globals';
import { FLAG_BY_NAME } from '../../../src/config/flags.ts';
import { flagsMarkdown, helpText } from '../../../src/config/help.ts';
import { expectGolden } from '../../support/golden.ts';

describe('helpText', () => {
  test('is the golden one', () => {
    expectGolden('test/golden/config/help.txt', helpText());
  });

  test("has upstream's head and its groups in order", () => {
    expect(helpText().split('\n').slice(0, 4)).toEqual([
      'Launch metrics-server',
      '',
      'Usage:',
      '   [flags]',
    ]);
    expect(helpText().match(/^\S.* flags:$/gm)).toEqual([
      'Metrics server flags:',
      'Generic flags:',
      'Kubelet client flags:',
      'Apiserver secure serving flags:',
      'Apiserver authentication flags:',
      'Apiserver authorization flags:',
      'Apiserver audit log flags:',
      'Features flags:',
      'Logging flags:',
    ]);
  });

  test('lists the flags of each group by name, and all of them', () => {
    const groups = helpText()
      .split(/^\S.* flags:$/m)
      .slice(1);
    const names = groups.map((group) =>
      [...group.matchAll(/^ {2}(?:-\w, | {4})--(\S+)/gm)].map(([, name]) => name),
    );

    for (const group of names) expect(group).toEqual([...group].sort());
    expect(names.flat().sort()).toEqual([...FLAG_BY_NAME.keys()].sort());
  });

  test('fits into 100 columns', () => {
    expect(
      helpText()
        .split('\n')
        .filter((line) => line.length > 100),
    ).toEqual([]);
  });
});

describe('flagsMarkdown', () => {
  test('is docs/flags.md', () => {
    expectGolden('docs/flags.md', flagsMarkdown());
  });
});
