import { describe, expect, test } from '@jest/globals';
import { OWN_EXCHANGES } from '../../conformance/exchanges.ts';
import { HELP, parseOptions } from '../../conformance/options.ts';

describe('parseOptions', () => {
  test('replays everything on our own server unless told otherwise', () => {
    expect(parseOptions([])).toEqual({
      help: false,
      clusterOnly: false,
      target: undefined,
      identities: '.conformance/identities',
      exchanges: OWN_EXCHANGES,
      topics: [],
      ids: [],
      sources: ['resource', 'summary'],
      deviations: true,
    });
  });

  test('reads every flag', () => {
    const words =
      '--topic=pods --topic=nodes --id=7 --source=summary --exchanges=x --no-deviations --target=https://[::1]:14443 --identities=y';

    expect(parseOptions(words.split(' '))).toMatchObject({
      topics: ['pods', 'nodes'],
      ids: [7],
      sources: ['summary'],
      exchanges: 'x',
      deviations: false,
      target: { host: '::1', port: 14_443 },
      identities: 'y',
    });
  });

  test.each([
    ['--id=x', '--id: expected a whole number, got "x"'],
    ['--source=auto', '--source: expected resource or summary, got "auto"'],
    ['--target=http://x', '--target: expected https://HOST:PORT'],
    ['--target=https://x/y', '--target: expected https://HOST:PORT'],
    ['--unknown', '--unknown'],
    ['word', 'word'],
    ['--cluster-only --target=https://x', '--cluster-only'],
  ])('refuses %s', (words, problem) => {
    expect(() => parseOptions(words.split(' '))).toThrow(problem);
  });

  test('the help names every flag', () => {
    for (const flag of [
      'topic',
      'id',
      'source',
      'exchanges',
      'no-deviations',
      'target',
      'identities',
      'cluster-only',
      'help',
    ]) {
      expect(HELP).toContain(`--${flag}`);
    }
  });
});
