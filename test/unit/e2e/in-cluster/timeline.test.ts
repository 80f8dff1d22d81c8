import { describe, expect, test } from '@jest/globals';
import {
  type Outcome,
  countOf,
  errorsOf,
  longestDarkMs,
} from '../../../e2e/in-cluster/timeline.ts';

/** One question each 100 ms, answered after 20 ms; `x` stands for an error, `.` for a good answer. */
function outcomesOf(marks: string): Outcome[] {
  return marks.split('').map((mark, at) => ({
    about: 'nodes',
    askedMs: at * 100,
    endedMs: at * 100 + 20,
    error: mark === 'x' ? `error ${at}` : undefined,
  }));
}

describe('countOf', () => {
  test.each([
    ['', '0 questions, 0 errors'],
    ['..x', '3 questions, 1 error'],
    ['x.x', '3 questions, 2 errors'],
  ])('counts "%s" as %s', (marks, count) => {
    expect(countOf(outcomesOf(marks))).toBe(count);
  });
});

describe('errorsOf', () => {
  test('is empty without errors', () => {
    expect(errorsOf(outcomesOf('...'))).toBe('');
  });

  test('names all of a few, each with the moment of its question', () => {
    expect(errorsOf(outcomesOf('.xx'))).toBe(
      '1970-01-01T00:00:00.100Z error 1\n1970-01-01T00:00:00.200Z error 2',
    );
  });

  test('names the first two and the last two of many', () => {
    const lines = errorsOf(outcomesOf('xxxxxxxx')).split('\n');
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'error 0',
      'error 1',
      'error 6',
      'error 7',
    ]);
  });
});

describe('longestDarkMs', () => {
  test.each([
    ['....', 0],
    ['.x..', 120],
    ['.xxx.x.', 320],
    ['x.xx.', 220],
    ['..x', Number.POSITIVE_INFINITY],
  ])('of "%s" is %d ms', (marks, ms) => {
    expect(longestDarkMs(outcomesOf(marks))).toBe(ms);
  });

  test('goes by when questions were asked, not by when they ended', () => {
    const outcomes = outcomesOf('.xx.').toReversed();
    expect(longestDarkMs(outcomes)).toBe(220);
  });
});
