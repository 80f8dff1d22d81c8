import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logs } from '../../e2e/logs.ts';
import { Tally } from '../../e2e/tally.ts';

let folder: string;
let said: string[];
let ending: AbortController;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tally-'));
  said = [];
  ending = new AbortController();
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function createTally(isCi = false): Tally {
  const say = (line: string): number => said.push(line);
  return new Tally({ say, signal: ending.signal, logs: new Logs(folder), isCi });
}

/** Without durations, which differ. */
function table(tally: Tally): string[] {
  return tally.table().map((line) => line.replaceAll(/ +\d+\.\d/g, ''));
}

const fine = (): Promise<void> => Promise.resolve();
const wrong = (): Promise<void> => {
  appendFileSync(join(folder, 'server.log'), 'it went wrong\n');
  return Promise.reject(new Error('first line\nsecond line'));
};

test('counts tests part by part, and tells a failure with the logs that it left', async () => {
  const tally = createTally();
  await tally.during('first', async () => {
    await tally.check('goes well', fine);
    await tally.check('goes wrong', wrong);
  });
  await tally.during('second', () => tally.check('goes well, too', fine));

  expect([tally.passed, tally.failed]).toEqual([2, 1]);
  expect(table(tally)).toEqual([
    'part    passed  failed  seconds',
    'first        1       1',
    'second       1       0',
    'total        2       1',
  ]);
  expect(said).toEqual([
    '== first',
    expect.stringMatching(/^ok {6}goes well \(\d+\.\d s\)$/),
    expect.stringMatching(/^NOT OK {2}goes wrong \(\d+\.\d s\)\n {8}first line\n {8}second line$/),
    expect.stringMatching(/The last lines of the logs meanwhile:\n {8}-- server.log\n {8}it went/),
    '== second',
    expect.stringMatching(/^ok/),
  ]);
});

test('what a part throws by itself goes to the caller, who counts it there', async () => {
  const tally = createTally();
  const error = new Error('no scene');

  await expect(tally.during('first', () => Promise.reject(error))).rejects.toBe(error);
  await tally.fail('first', error);

  expect(table(tally)).toContain('first       0       1');
});

test('the logs of the first failures are told, and not those of hundreds', async () => {
  const tally = createTally();
  await tally.during('first', async () => {
    for (let at = 0; at < 20; at += 1) await tally.check(`test ${at}`, wrong);
  });

  expect(tally.failed).toBe(20);
  expect(said.filter((line) => line.includes('The last lines'))).toHaveLength(6);
});

describe('what failed, repeated at the end', () => {
  test('is nothing when nothing failed', async () => {
    const tally = createTally();
    await tally.check('goes well', fine);

    expect(tally.failedTests()).toEqual([]);
  });

  test('is told without logs, in few lines that are not long, of not too many', async () => {
    const tally = createTally();
    await tally.check('goes wrong', wrong);
    const long = `${'a line\n'.repeat(100)}the last one`;
    await tally.check('says much', () => Promise.reject(new Error(long)));
    for (let at = 0; at < 20; at += 1) {
      await tally.check(`test ${at}`, () => Promise.reject(new Error('x'.repeat(10_000))));
    }

    const lines = tally.failedTests().join('\n').split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'What failed:',
      expect.stringMatching(/^NOT OK {2}goes wrong \(\d+\.\d s\)$/),
      '        first line',
      '        second line',
    ]);
    expect(lines.slice(5, 11)).toEqual([
      ...Array.from({ length: 5 }, () => '        a line'),
      '        ...',
    ]);
    expect(lines.at(-1)).toBe('and 12 more');
    expect(lines.length).toBeLessThan(40);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(260);
  });
});

describe('a part that cannot run', () => {
  test('is skipped aloud', () => {
    const tally = createTally();
    tally.skip('etcd', ['own plane', 'controllers']);

    expect(said).toEqual([
      'SKIPPED etcd: it needs own plane and controllers, which this cluster or machine has not',
    ]);
    expect(tally.failed).toBe(0);
    expect(table(tally)[1]).toMatch(/^etcd +0 +0 {2}skipped: it needs own plane/);
  });

  test('is a failure in CI', () => {
    const tally = createTally(true);
    tally.skip('etcd', ['controllers']);

    expect(tally.failed).toBe(1);
  });
});

test('of tests side by side each tells what was written since its own beginning', async () => {
  const tally = createTally();
  const second = Promise.withResolvers<undefined>();
  const write = (line: string): void => {
    appendFileSync(join(folder, 'server.log'), `${line}\n`);
  };
  const slow = tally.check('slow', async () => {
    write('one');
    await second.promise;
    throw new Error('wrong');
  });
  await tally.check('fast', async () => {
    write('two');
    await wrong();
  });
  second.resolve(undefined);
  await slow;

  const told = said.filter((line) => line.includes('-- server.log'));
  expect(told).toHaveLength(2);
  expect(told[0]).toMatch(/-- server.log(\n +one)?\n +two\n +it went wrong$/);
  expect(told[1]).toMatch(/-- server.log\n +one\n +two\n +it went wrong$/);
});

describe('an end from outside', () => {
  test('makes no failures of the tests that it meets, and lets no other one begin', async () => {
    const tally = createTally();
    const begun = jest.fn(fine);
    const part = tally.during('first', async () => {
      await tally.check('under way', () => {
        ending.abort(new Error('Ended by SIGINT'));
        return Promise.reject(new Error('connection refused'));
      });
      await tally.check('next', begun);
    });

    await expect(part).rejects.toThrow('Ended by SIGINT');
    expect(tally.failed).toBe(0);
    expect(begun).not.toHaveBeenCalled();
  });

  test('can be counted, by the name of the test that hung', async () => {
    const tally = createTally(true);
    const hanging = Promise.withResolvers<undefined>();
    const underWay = Promise.withResolvers<undefined>();
    const part = tally.during('first', () =>
      tally.check('hangs', async () => {
        underWay.resolve(undefined);
        await hanging.promise;
      }),
    );
    await underWay.promise;
    await tally.interrupted('Ended by SIGTERM');

    expect(said.at(-1)).toMatch(/^NOT OK {2}hangs \(\d\.\d s\)\n {8}Ended by SIGTERM$/);
    expect(table(tally)[1]).toMatch(/^first +0 +1 {2}Ended by SIGTERM$/);
    hanging.resolve(undefined);
    await part;
  });

  test('says every 20 s what has been under way for so long', async () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick'] });
    try {
      const tally = createTally();
      const waiting = Promise.withResolvers<undefined>();
      const underWay = Promise.withResolvers<undefined>();
      const part = tally.check('waits', async () => {
        underWay.resolve(undefined);
        await waiting.promise;
      });
      await underWay.promise;
      jest.advanceTimersByTime(40_000);

      expect(said).toEqual([
        expect.stringMatching(/^ {8}\d+\.\d s so far: waits$/),
        expect.stringMatching(/^ {8}\d+\.\d s so far: waits$/),
      ]);
      waiting.resolve(undefined);
      await part;
    } finally {
      jest.useRealTimers();
    }
  });
});
