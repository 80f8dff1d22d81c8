import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeKeyFolder } from '../../../src/pki/key-folder.ts';

describe('makeKeyFolder', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'key-folder-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  test('makes what is missing of the path, for nobody else to write', async () => {
    await makeKeyFolder(join(root, 'a/b/c'));

    expect(statSync(join(root, 'a/b/c')).mode & 0o022).toBe(0);
  });

  test('leaves alone what is there', async () => {
    writeFileSync(join(root, 'kept'), '');

    await makeKeyFolder(root);
    await makeKeyFolder('/');

    expect(existsSync(join(root, 'kept'))).toBe(true);
  });

  test.each([
    { name: 'a file of that name', path: 'file', code: 'EEXIST' },
    { name: 'a file in its way', path: 'file/a/b', code: 'ENOTDIR' },
  ])('does not get past $name', async ({ path, code }) => {
    writeFileSync(join(root, 'file'), '');

    await expect(makeKeyFolder(join(root, path))).rejects.toMatchObject({ code });
  });

  test('gives up below a folder that takes no new ones', async () => {
    await expect(makeKeyFolder('/proc/metrics-server/certificates')).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
