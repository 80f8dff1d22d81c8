import { describe, expect, test } from '@jest/globals';
import { DEVIATIONS } from '../../conformance/deviations.ts';
import { type Exchange, OWN_EXCHANGES, readExchanges } from '../../conformance/exchanges.ts';
import { lineDifference } from '../../conformance/line-difference.ts';
import { outcomeTable, unusedDeviations, wrongAnswer } from '../../conformance/report.ts';

const [first, second] = readExchanges(OWN_EXCHANGES) as [Exchange, Exchange];
const [reset, idle] = DEVIATIONS as [(typeof DEVIATIONS)[0], (typeof DEVIATIONS)[0]];

describe('the report', () => {
  test('counts outcomes by topic', () => {
    const table = outcomeTable([
      { exchange: first, outcome: 'equal', deviations: [], problems: [] },
      { exchange: first, outcome: 'wrong', deviations: [], problems: ['x'] },
      {
        exchange: { ...second, topic: 'pods' },
        outcome: 'on purpose',
        deviations: [],
        problems: [],
      },
    ]);

    expect(table.split('\n')).toEqual([
      'topic      equal  on purpose  wrong',
      'discovery      1           0      1',
      'pods           0           1      0',
      'all            1           1      1',
    ]);
  });

  test('says of a wrong answer who asked what, and what differs', () => {
    const exchange = { ...first, headers: { accept: 'x'.repeat(200) } };

    const text = wrongAnswer({
      exchange,
      outcome: 'wrong',
      deviations: [reset],
      problems: ['- a', '+ b'],
    });

    expect(text.split('\n')).toEqual([
      `WRONG  discovery ${first.id}: GET /  (as admin)`,
      `    accept: ${'x'.repeat(160)}...`,
      '    meant with the deviations: reset',
      '    - a',
      '    + b',
    ]);
  });

  test('names deviations that nothing shows, but for those of which it is said', () => {
    const unseen = { ...idle, name: 'unseen', isUnrecorded: true } as const;
    const verdicts = [
      { exchange: first, outcome: 'on purpose', deviations: [reset], problems: [] },
    ] as const;

    expect(unusedDeviations([reset, idle, unseen], verdicts)).toEqual(['idle']);
  });
});

describe('lineDifference', () => {
  test.each([
    ['equal texts', 'a\nb', 'a\nb', []],
    ['a changed line', 'a\nb\nc', 'a\nx\nc', ['  a', '- b', '+ x', '  c']],
    ['a line more', 'a\nc', 'a\nb\nc', ['  a', '+ b', '  c']],
    ['a line less', 'a\nb\nc', 'a\nc', ['  a', '- b', '  c']],
    ['lines that moved', 'a\nb\nc\nd', 'c\nd\na\nb', ['+ c', '+ d', '  a', '  b', '- c', '- d']],
    ['a line break at the end', 'a\n', 'a', ['  a', '- ']],
    ['nothing in common', 'a', 'b', ['- a', '+ b']],
  ])('of %s', (_, left, right, expected) => {
    expect(lineDifference(left, right)).toEqual(expected);
  });

  test('leaves out what is far from any change, and says how much was too much', () => {
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    const changed = lines.map((line, index) => (index < 100 ? line : `${line}!`));

    const shown = lineDifference(lines.join('\n'), changed.join('\n'));

    expect(shown.slice(0, 4)).toEqual(['  ...', '  line 98', '  line 99', '- line 100']);
    expect(shown.at(-1)).toMatch(/^ {2}\.\.\. and \d+ more lines$/);
    expect(shown).toHaveLength(61);
  });
});
