import { describe, expect, test } from '@jest/globals';
import { UnderWay } from '../../../src/scraper/under-way.ts';

async function isOver(ended: Promise<void>): Promise<boolean> {
  return Promise.race([
    ended.then(() => true),
    new Promise<boolean>((resolve) => {
      setImmediate(() => {
        resolve(false);
      });
    }),
  ]);
}

describe('UnderWay.ended', () => {
  test('waits for nothing when nothing has begun', async () => {
    expect(await isOver(new UnderWay().ended())).toBe(true);
  });

  test('waits for nothing when all has ended before', async () => {
    const running = new UnderWay();
    running.begin();
    running.end();

    expect(await isOver(running.ended())).toBe(true);
  });

  test('waits until the last has ended', async () => {
    const running = new UnderWay();
    running.begin();
    running.begin();
    const ended = running.ended();

    running.end();
    const afterOne = await isOver(ended);
    running.end();

    expect([afterOne, await isOver(ended)]).toEqual([false, true]);
  });
});
