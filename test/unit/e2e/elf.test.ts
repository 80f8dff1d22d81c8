import { describe, expect, test } from '@jest/globals';
import { isStatic } from '../../e2e/real-node/elf.ts';

/** A 64-bit, little-endian ELF file with program headers of these kinds. */
function elf(...kinds: readonly number[]): Buffer {
  const [start, size] = [64, 56];
  const file = Buffer.alloc(start + kinds.length * size);
  file.write('\x7fELF\x02\x01', 'latin1');
  file.writeBigUInt64LE(BigInt(start), 32);
  file.writeUInt16LE(size, 54);
  file.writeUInt16LE(kinds.length, 56);
  for (const [at, kind] of kinds.entries()) file.writeUInt32LE(kind, start + at * size);
  return file;
}

describe('isStatic', () => {
  test.each([
    { name: 'a program without a loader is static', file: elf(1, 1, 0x6474e551), is: true },
    { name: 'a program that names a loader is not', file: elf(6, 3, 1), is: false },
    { name: 'a script is none', file: Buffer.from('#!/bin/sh\n'), is: false },
    { name: 'an empty file is none', file: Buffer.alloc(0), is: false },
  ])('$name', ({ file, is }) => {
    expect(isStatic(file)).toBe(is);
  });
});
