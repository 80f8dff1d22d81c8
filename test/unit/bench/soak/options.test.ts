import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../../bench/options.ts';
import { SOAK_HELP, parseSoakWords } from '../../../bench/soak/options.ts';

describe('parseSoakWords', () => {
  test('soaks for twenty minutes unless told otherwise', () => {
    expect(parseSoakWords([])).toEqual({
      help: false,
      minutes: 20,
      nodes: 250,
      podsPerNode: 30,
      build: true,
      snapshotFolder: undefined,
    });
  });

  test('reads what it is told', () => {
    const words = ['--minutes=5', '--size=20x10', '--no-build', '--heap-snapshots=heaps'];

    expect(parseSoakWords(words)).toEqual({
      help: false,
      minutes: 5,
      nodes: 20,
      podsPerNode: 10,
      build: false,
      snapshotFolder: 'heaps',
    });
  });

  test.each([
    { words: ['--minutes=0'], message: '--minutes: "0"' },
    { words: ['--minutes=1.5'], message: '--minutes: "1.5"' },
    { words: ['--minutes=241'], message: '--minutes: "241"' },
    { words: ['--size=many'], message: '--size: "many"' },
    { words: ['--size=2000x1'], message: '--size: "2000x1"' },
    { words: ['--fast'], message: "Unknown option '--fast'" },
    { words: ['long'], message: 'long' },
  ])('refuses $words', ({ words, message }) => {
    expect(() => parseSoakWords(words)).toThrow(UsageError);
    expect(() => parseSoakWords(words)).toThrow(message);
  });

  test.each(['minutes', 'size', 'no-build', 'heap-snapshots', 'help'])(
    'help tells --%s',
    (flag) => {
      expect(SOAK_HELP).toContain(`--${flag}`);
    },
  );
});
