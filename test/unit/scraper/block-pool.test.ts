import { describe, expect, test } from '@jest/globals';
import { NodeBlock } from '../../../src/model/node-block.ts';
import { BlockPool } from '../../../src/scraper/block-pool.ts';

describe('BlockPool', () => {
  test('hands out again what it was given', () => {
    const pool = new BlockPool();
    const block = pool.take();

    pool.give(block);

    expect(pool.take()).toBe(block);
    expect(pool.take()).not.toBe(block);
  });

  test('keeps no more than 32', () => {
    const pool = new BlockPool();
    const given = Array.from({ length: 100 }, () => new NodeBlock());

    for (const block of given) pool.give(block);
    const taken = Array.from({ length: 100 }, () => pool.take());

    expect(taken.filter((block) => given.includes(block))).toHaveLength(32);
  });
});
