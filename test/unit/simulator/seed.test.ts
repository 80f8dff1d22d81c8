import { describe, expect, test } from '@jest/globals';
import {
  between,
  hashNumber,
  hashText,
  hexOf,
  nameSuffix,
  shuffled,
  uuidOf,
} from '../../../src/simulator/seed.ts';

describe('seed', () => {
  test('gives the same chance for the same question, and another for another', () => {
    expect(hashText(1, 'cart')).toBe(hashText(1, 'cart'));
    expect(hashText(1, 'cart')).not.toBe(hashText(2, 'cart'));
    expect(hashText(1, 'cart')).not.toBe(hashText(1, 'card'));
    expect(hashNumber(1, 5)).not.toBe(hashNumber(1, 5 + 2 ** 32));
  });

  test('makes UUIDs of version 4 that do not repeat', () => {
    const uuids = Array.from({ length: 5000 }, (_, index) => uuidOf(1, `pod/shop/cart-${index}`));

    expect(new Set(uuids).size).toBe(5000);
    for (const uuid of uuids) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  test('makes config hashes and name suffixes as Kubernetes does', () => {
    expect(hexOf(1, 'etcd')).toMatch(/^[0-9a-f]{32}$/);
    expect(nameSuffix(1, 'cart')).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(nameSuffix(1, 'cart', 9)).toHaveLength(9);
  });

  test('spreads whole numbers over both ends of a range', () => {
    const drawn = new Set(
      Array.from({ length: 200 }, (_, index) => between(hashNumber(3, index), 4, 6)),
    );

    expect([...drawn].sort()).toEqual([4, 5, 6]);
  });

  test('shuffles into another order by another seed, and loses nothing', () => {
    const items = Array.from({ length: 30 }, (_, index) => index);

    expect(shuffled(items, 1)).toEqual(shuffled(items, 1));
    expect(shuffled(items, 1)).not.toEqual(shuffled(items, 2));
    expect(shuffled(items, 1).sort((a, b) => a - b)).toEqual(items);
  });
});
