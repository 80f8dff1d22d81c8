import { describe, expect, test } from '@jest/globals';
import { DemoUsageError, demoHelp, parseDemoOptions } from '../../../src/simulator/demo-options.ts';

function problemsOf(...argv: string[]): readonly string[] {
  try {
    parseDemoOptions(argv);
    return [];
  } catch (error) {
    if (error instanceof DemoUsageError) return error.problems;
    throw error;
  }
}

describe('parseDemoOptions', () => {
  test('has a default for everything', () => {
    expect(parseDemoOptions([])).toMatchObject({
      help: false,
      nodes: 5,
      podsPerNode: undefined,
      port: 0,
      faults: [],
      replay: [],
      world: undefined,
      folder: '.demo',
    });
  });

  test('reads values after an equals sign and after a blank', () => {
    expect(
      parseDemoOptions(['--nodes=3', '--pods-per-node', '7', '--port=8443', '--folder', 'x']),
    ).toMatchObject({ nodes: 3, podsPerNode: 7, port: 8443, folder: 'x' });
  });

  test('reads several faults, with value and node', () => {
    expect(parseDemoOptions(['--fault=slow=500:node-2', '--fault', 'html']).faults).toEqual([
      { fault: { kind: 'slow', value: 500 }, nodeName: 'node-2' },
      { fault: { kind: 'html', value: 0 }, nodeName: undefined },
    ]);
  });

  test('takes all files up to the next flag', () => {
    expect(parseDemoOptions(['--replay', 'a.json', 'b.json', '--port=1'])).toMatchObject({
      replay: ['a.json', 'b.json'],
      port: 1,
    });
  });

  test('takes all files after an equals sign as well, as its help says', () => {
    expect(parseDemoOptions(['--replay=a.json', 'b.json', 'c.json', '--nodes=2'])).toMatchObject({
      replay: ['a.json', 'b.json', 'c.json'],
      nodes: 2,
    });
    expect(problemsOf('--folder=x', 'y')).toEqual([
      expect.stringMatching(/^unknown word "y": expected one of /),
    ]);
  });

  test('names every mistake at once', () => {
    expect(
      problemsOf(
        '--nodes=0',
        '--what',
        '--port=99999',
        '--fault=bad',
        '--world',
        '--pods-per-node=x',
      ),
    ).toEqual([
      '--nodes: expected a whole number from 1 to 5000, got "0"',
      expect.stringMatching(/^unknown word "--what": expected one of --nodes, /),
      '--port: expected a whole number from 0 to 65535, got "99999"',
      expect.stringMatching(/^--fault: Cannot read the fault "bad": expected /),
      '--world: expected FOLDER',
      '--pods-per-node: expected a whole number from 0 to 500, got "x"',
    ]);
  });

  test('refuses a size for a given world', () => {
    expect(problemsOf('--world=w', '--nodes=2')).toEqual([
      '--nodes: a given world (--world) brings its own nodes and pods',
    ]);
  });

  test('lets --help through whatever else is wrong', () => {
    expect(parseDemoOptions(['--nope', '--help']).help).toBe(true);
    expect(problemsOf('--help=yes')).toEqual([]);
  });

  test('has every flag and every fault in its help', () => {
    for (const word of [
      '--nodes=N',
      '--pods-per-node=M',
      '--port=P',
      '--replay=FILE...',
      '--world=FOLDER',
      'silent',
      'not-ready',
    ]) {
      expect(demoHelp()).toContain(word);
    }
  });
});
