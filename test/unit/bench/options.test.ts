import { describe, expect, test } from '@jest/globals';
import { HELP, UsageError, parseOptions } from '../../bench/options.ts';

describe('parseOptions', () => {
  test('measures the steps where nothing is asked for', () => {
    expect(parseOptions([])).toEqual({
      help: false,
      compare: undefined,
      sizes: [
        { nodes: 3, podsPerNode: 10 },
        { nodes: 100, podsPerNode: 70 },
        { nodes: 1000, podsPerNode: 30 },
        { nodes: 5000, podsPerNode: 30 },
      ],
      rounds: undefined,
      quick: false,
      write: false,
      build: true,
      parts: [],
    });
  });

  test('reads a comparison', () => {
    const words = ['--compare=/bin/peer --flag=a', '--size=3x10, 20x5', '--rounds=2', '--no-build'];

    expect(parseOptions([...words, '--write'])).toMatchObject({
      compare: '/bin/peer --flag=a',
      sizes: [
        { nodes: 3, podsPerNode: 10 },
        { nodes: 20, podsPerNode: 5 },
      ],
      rounds: 2,
      build: false,
      write: true,
    });
  });

  test('reads the names of micro benches', () => {
    expect(parseOptions(['decode', 'list']).parts).toEqual(['decode', 'list']);
  });

  test.each([
    { words: ['--compare='], message: '--compare: names no program' },
    { words: ['--size=100'], message: '--size: "100" is not like 100x70' },
    { words: ['--size=0x10'], message: '--size: "0x10"' },
    { words: ['--size=3x10,6000x1'], message: '--size: "6000x1"' },
    { words: ['--rounds=0'], message: '--rounds: "0"' },
    { words: ['--rounds=1.5'], message: '--rounds: "1.5"' },
    { words: ['--fast'], message: "Unknown option '--fast'" },
    { words: ['decode', 'everything'], message: 'Cannot measure everything' },
  ])('refuses $words', ({ words, message }) => {
    expect(() => parseOptions(words)).toThrow(UsageError);
    expect(() => parseOptions(words)).toThrow(message);
  });

  test.each(['compare', 'size', 'rounds', 'no-build', 'quick', 'write', 'help'])(
    'help tells --%s',
    (flag) => {
      expect(HELP).toContain(`--${flag}`);
    },
  );
});
