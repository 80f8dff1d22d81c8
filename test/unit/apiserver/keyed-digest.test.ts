import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { keyedDigest } from '../../../src/apiserver/keyed-digest.ts';

test('keyedDigest tells texts apart, in few bytes, and nobody else can compute it', () => {
  const digest = keyedDigest();
  const long = 'x'.repeat(1_000_000);

  expect(digest('a')).toBe(digest('a'));
  expect(new Set(['', 'a', 'b', long, `${long}y`].map(digest)).size).toBe(5);
  expect(digest('token \udcff')).not.toBe(digest('token \udcfe'));
  expect(digest(long)).toHaveLength(44);
  expect(keyedDigest()('a')).not.toBe(digest('a'));
  expect(digest('a')).not.toBe(createHash('sha256').update('a').digest('base64'));
});
