import { describe, expect, test } from '@jest/globals';
import { asPod, pinned, pinsOf } from '../../bench/launch.ts';

describe('pinsOf', () => {
  test.each([
    { processors: 1, pins: undefined },
    { processors: 2, pins: { server: '0', others: '1' } },
    { processors: 8, pins: { server: '0', others: '1-7' } },
  ])('gives the server one of $processors', ({ processors, pins }) => {
    expect(pinsOf(processors)).toEqual(pins);
  });
});

describe('pinned', () => {
  test('starts the command on its processor', () => {
    expect(pinned(['node', 'main.js'], '0')).toEqual(['taskset', '-c', '0', 'node', 'main.js']);
  });

  test('leaves it as it is where nothing can be pinned', () => {
    expect(pinned(['node', 'main.js'], undefined)).toEqual(['node', 'main.js']);
  });
});

describe('asPod', () => {
  test('hands folder and command over to a shell that becomes the command', () => {
    const words = asPod(['/bin/server', '--flag'], '/tmp/account');

    expect(words[0]).toBe('unshare');
    expect(words.slice(-3)).toEqual(['/tmp/account', '/bin/server', '--flag']);
    expect(words.find((word) => word.includes('exec "$@"'))).toContain(
      'mount --bind "$1" /var/run/secrets/kubernetes.io/serviceaccount',
    );
  });
});
