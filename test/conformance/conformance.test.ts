import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { DEVIATIONS } from './deviations.ts';
import { OWN_EXCHANGES, readExchanges } from './exchanges.ts';
import { makeSecrets, writeSecrets } from './identities.ts';
import { replayOnOwnServers } from './own-servers.ts';
import type { Replay } from './replay.ts';
import { unusedDeviations } from './report.ts';
import { OwnServer, startRecordedCluster } from './surroundings.ts';

const SOURCES = ['resource', 'summary'];
/** The second scrape comes after 10 s; the rest is for a machine that has other things to do. */
const REPLAY_WITHIN_MS = 120_000;
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program as `npm run conformance` does. */
async function run(...words: readonly string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...words]);
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

/** The program on a server that runs already: as it is meant to be, and without anything that is meant. */
async function runOnTarget(): Promise<{ readonly good: Ended; readonly bad: Ended }> {
  await using cluster = await startRecordedCluster();
  await using server = await OwnServer.start(cluster, 'auto');
  const folder = await mkdtemp(join(tmpdir(), 'identities-'));
  try {
    await writeSecrets(folder, makeSecrets(cluster, Date.now()));
    const target = `--target=https://127.0.0.1:${server.port}`;
    const words = [target, `--identities=${folder}`, '--topic=pods'];
    return { good: await run(...words), bad: await run(...words, '--no-deviations') };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const exchanges = readExchanges(OWN_EXCHANGES);
let replays: ReadonlyMap<string, Replay>;
let onTarget: { readonly good: Ended; readonly bad: Ended };

// Side by side: most of the time is waiting for second scrapes.
beforeAll(async () => {
  [replays, onTarget] = await Promise.all([
    replayOnOwnServers(SOURCES, { exchanges, deviations: DEVIATIONS }),
    runOnTarget(),
  ]);
}, REPLAY_WITHIN_MS);

describe.each(SOURCES)('with figures from %s', (source) => {
  test.each(exchanges)('$topic $id as $as: $method $path', ({ id }) => {
    const verdict = replays.get(source)?.verdicts.find(({ exchange }) => exchange.id === id);

    expect(verdict?.problems).toEqual([]);
    expect(verdict?.outcome).not.toBe('wrong');
  });

  test('every deviation is seen somewhere', () => {
    expect(unusedDeviations(DEVIATIONS, replays.get(source)?.verdicts ?? [])).toEqual([]);
  });
});

describe('npm run conformance', () => {
  test('asks a server that runs already, and says what is wrong with it', () => {
    const { good, bad } = onTarget;

    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toMatch(/^pods +\d+ +[1-9]\d* +0$/m);
    expect(good.out).toMatch(/\n\d+ passed, 0 failed\n$/);
    expect(bad).toMatchObject({ code: 1, err: '' });
    expect(bad.out).toMatch(/^WRONG {2}pods 31: GET .*\/idle {2}\(as admin\)\n.*\n +- status 404/m);
    expect(bad.out).toMatch(/\n\d+ passed, [1-9]\d* failed\n$/);
  });

  test.each([
    ['a flag that it does not know', ['--nope'], /nope/],
    ['a topic that is not there', ['--topic=nope'], /there is no topic or id nope; the topics are/],
    ['exchanges that cannot be read', ['--exchanges=/nowhere'], /\/nowhere.*ENOENT/],
    [
      'identities that cannot be read',
      ['--target=https://127.0.0.1:1', '--identities=/nowhere'],
      /^--identities: ENOENT.*'\/nowhere\/admin\.(?:crt|key)'\n$/,
    ],
  ])('refuses %s with exit code 2', async (_, words, problem) => {
    const { code, err } = await run(...words);

    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(problem) });
  });

  test('explains itself', async () => {
    const { code, out } = await run('--help');

    expect(code).toBe(0);
    expect(out).toContain('--no-deviations');
  });
});
