import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logs } from '../../e2e/logs.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logs-'));
  await mkdir(join(folder, 'server'));
  await writeFile(join(folder, 'etcd.log'), 'before\n');
  await writeFile(join(folder, 'server', 'log'), 'before\nbefore\n');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('tells what was written since the mark, of every log below the folder, and of nothing else', async () => {
  const logs = new Logs(folder);
  const mark = await logs.mark();
  await appendFile(join(folder, 'server', 'log'), 'one\ntwo\n');
  await writeFile(join(folder, 'new.log'), 'three\n');
  await writeFile(join(folder, 'figures.json'), '{}\n');

  expect((await logs.since(mark)).split('\n').toSorted()).toEqual(
    ['-- new.log', '-- server/log', 'one', 'three', 'two'].toSorted(),
  );
});

test('a log that was begun anew is told from its beginning', async () => {
  const logs = new Logs(folder);
  const mark = await logs.mark();
  await writeFile(join(folder, 'server', 'log'), 'again\n');

  expect(await logs.since(mark)).toBe('-- server/log\nagain');
});

test('of much only the last lines are told, and of a long line only its beginning', async () => {
  const logs = new Logs(folder);
  const mark = await logs.mark();
  const lines = Array.from({ length: 9_000 }, (_, at) => `line ${at}`);
  await writeFile(join(folder, 'etcd.log'), `${[...lines, 'x'.repeat(1_000)].join('\n')}\n`);
  const news = (await logs.since(mark)).split('\n');

  expect(news).toHaveLength(16);
  expect(news.at(1)).toBe('line 8986');
  expect(news.at(-1)).toBe(`${'x'.repeat(400)} ...`);
});

test('without news there is nothing to tell, also when folders are gone', async () => {
  const logs = new Logs(folder);
  const mark = await logs.mark();
  await rm(join(folder, 'server'), { recursive: true });

  expect(await logs.since(mark)).toBe('');
  await rm(folder, { recursive: true });
  expect(await logs.since(mark)).toBe('');
});
