import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';

const ROOT = new URL('../../', import.meta.url);
const updating = process.env['UPDATE_GOLDEN'] === '1';

/**
 * Compares a whole output with the file of that name (relative to the project's root). `UPDATE_GOLDEN=1`
 * writes the file first, for a person to read in the diff.
 */
export function expectGolden(path: string, actual: string): void {
  const file = fileURLToPath(new URL(path, ROOT));
  if (updating) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
  }
  expect(actual).toBe(readFileSync(file, 'utf8'));
}

/** The same for the part between two marker lines of a document that people write around it. */
export function expectGoldenBlock(path: string, name: string, actual: string): void {
  const file = fileURLToPath(new URL(path, ROOT));
  const begin = `<!-- generated: ${name} -->\n`;
  const end = `<!-- end: ${name} -->`;
  const [before, rest] = split(readFileSync(file, 'utf8'), begin);
  const [block, after] = split(rest, end);
  // Empty lines around it, as the formatter wants them.
  const wanted = `\n${actual.trim()}\n\n`;
  if (updating) writeFileSync(file, before + begin + wanted + end + after);
  else expect(block).toBe(wanted);
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  if (index < 0) throw new Error(`Cannot find the line "${at.trim()}"`);
  return [text.slice(0, index), text.slice(index + at.length)];
}
