import { describe, expect, test } from '@jest/globals';
import type { FigureName, Figures } from '../../bench/figures.ts';
import { figure, table, withBlock } from '../../bench/markdown.ts';
import { compareReport } from '../../bench/report.ts';
import { judge, medianOf } from '../../bench/targets.ts';

const LARGE = { nodes: 1000, podsPerNode: 30 };

function round(figures: Partial<Record<FigureName, number>>): Figures {
  return new Map(Object.entries(figures) as [FigureName, number][]);
}

describe('figure', () => {
  test.each([
    [0.12345, '0.123'],
    [1234.5, '1,230'],
    [0, '0'],
    [Number.NaN, 'n/a'],
    [Number.POSITIVE_INFINITY, 'n/a'],
  ])('writes %d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

describe('table', () => {
  test('aligns text to the left and figures to the right', () => {
    expect(table(['name', 'ms'], [['a', 1]])).toBe('| name | ms |\n| --- | ---: |\n| a | 1 |');
  });
});

describe('withBlock', () => {
  const document =
    'Before.\n<!-- generated: a -->\nold\n<!-- end: a -->\nBetween.\n<!-- generated: b -->\nkept\n<!-- end: b -->\n';

  test('replaces one block and leaves every other byte', () => {
    expect(withBlock(document, 'a', 'new\n')).toBe(
      'Before.\n<!-- generated: a -->\n\nnew\n\n<!-- end: a -->\nBetween.\n<!-- generated: b -->\nkept\n<!-- end: b -->\n',
    );
  });

  test('refuses a block that is not there', () => {
    expect(() => withBlock(document, 'c', 'new')).toThrow('Cannot find the block "c"');
  });
});

describe('medianOf', () => {
  test('leaves rounds out that do not have the figure', () => {
    const rounds = [round({ millicores: 5 }), round({}), round({ millicores: 7 })];

    expect(medianOf(rounds, 'millicores')).toBe(6);
    expect(medianOf(undefined, 'millicores')).toBeNaN();
  });
});

describe('judge', () => {
  test('judges the medians of the rounds by the bound of their size', () => {
    const ours = [1, 30, 2].map((cpuMsPerScrape) => round({ cpuMsPerScrape }));
    const theirs = [10, 8, 8].map((cpuMsPerScrape) => round({ cpuMsPerScrape }));
    const [cpu] = judge([{ size: LARGE, ours, theirs, problems: [], reference: undefined }]);

    expect(cpu).toEqual({
      target: 'CPU',
      size: '1000x30',
      bound: "at most 0.35 of the other's",
      value: 0.25,
      isReached: true,
    });
  });

  test.each([
    { own: 4, other: 10, isReached: false },
    { own: 3.5, other: 10, isReached: true },
  ])('$own of $other is reached: $isReached', ({ own, other, isReached }) => {
    const ours = [round({ cpuMsPerScrape: own })];
    const theirs = [round({ cpuMsPerScrape: other })];

    expect(
      judge([{ size: LARGE, ours, theirs, problems: [], reference: undefined }])[0]?.isReached,
    ).toBe(isReached);
  });

  test('wants more, not less, of what is counted by the second', () => {
    const ours = [round({ podPerSecond: 4000 })];
    const theirs = [round({ podPerSecond: 1000 })];
    const verdicts = judge([{ size: LARGE, ours, theirs, problems: [], reference: undefined }]);

    expect(verdicts.find(({ target }) => target === 'one pod, requests/s')).toMatchObject({
      value: 4,
      isReached: false,
    });
  });

  test('judges what is absolute alone without the other server', () => {
    const verdicts = judge([
      {
        size: LARGE,
        ours: [round({ secondsToPods: 4, cpuMsPerScrape: 1 })],
        theirs: undefined,
        problems: [],
        reference: undefined,
      },
    ]);

    expect(verdicts.map(({ target }) => target)).not.toContain('CPU');
    expect(verdicts.find(({ target }) => target.startsWith('first figures'))?.isReached).toBe(true);
  });

  test('compares the cost of sizes that differ in their nodes only', () => {
    const at = (nodes: number, podsPerNode: number, cpuMsPerScrape: number) => ({
      size: { nodes, podsPerNode },
      ours: [round({ cpuMsPerScrape })],
      theirs: undefined,
      problems: [],
      reference: undefined,
    });
    const verdicts = judge([at(3, 30, 9), at(100, 70, 2), at(1000, 30, 0.5), at(5000, 30, 0.65)]);

    expect(verdicts.at(-1)).toMatchObject({
      size: '1000x30, 5000x30',
      value: 1.3,
      isReached: false,
    });
  });

  test('has no verdict for a size without targets', () => {
    expect(
      judge([
        {
          size: { nodes: 7, podsPerNode: 7 },
          ours: [],
          theirs: [],
          problems: [],
          reference: undefined,
        },
      ]),
    ).toEqual([]);
  });
});

describe('compareReport', () => {
  test('shows medians, spreads and ratios, and leaves out what nobody measured', () => {
    const ours = [round({ millicores: 10, loopDelayRest: 4 }), round({ millicores: 20 })];
    const theirs = [round({ millicores: 60 }), round({ millicores: 60 })];
    const report = compareReport(
      [{ size: { nodes: 7, podsPerNode: 5 }, ours, theirs, problems: [], reference: undefined }],
      'Heading',
    );

    expect(report.split('\n')).toEqual([
      'Heading',
      '',
      '### 7 nodes x 5 pods, 2 rounds',
      '',
      '|  | ours | theirs | ratio |',
      '| --- | ---: | ---: | ---: |',
      '| CPU at rest, after lists, millicores | 15 (10 to 20) | 60 | 0.25 |',
      '| event-loop delay, longest of one a second at rest, ms | 4 |  |  |',
    ]);
  });

  test('tells which lives ended early', () => {
    const size = { nodes: 7, podsPerNode: 5 };
    const problems = ['theirs, round 1: node-1 was not served after 180 s'];
    const result = { size, ours: [], theirs: [], problems, reference: undefined };

    expect(compareReport([result], 'Heading')).toContain(
      'Ended early: theirs, round 1: node-1 was not served after 180 s.',
    );
  });

  test('tells a missed target', () => {
    const ours = [round({ secondsToPods: 9 })];
    const report = compareReport(
      [{ size: LARGE, ours, theirs: [round({})], problems: [], reference: undefined }],
      'Heading',
    );

    expect(report).toContain(
      '| first figures of all pods | 1000 x 30 | at most 8 s | 9 | **missed** |',
    );
    expect(report).toContain('| not measured |');
  });
});
