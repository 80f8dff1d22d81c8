import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bundle } from '../../../scripts/bundle/bundle.ts';
import { layDownTerms } from '../../../scripts/bundle/packages.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCE_PLACES = readFileSync(join(REPOSITORY, 'src/source-places.ts'), 'utf8');

/** Parts of Express that the server does not use. */
const LEFT_OUT = /^node_modules\/(?:body-parser|mime-db|qs|send|serve-static)\//;

let root: string;

/** Files by their paths below the root. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

async function run(...words: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, words, { cwd: root })).stdout;
}

beforeEach(() => {
  root = `${mkdtempSync(join(tmpdir(), 'metrics-server-bundle-'))}/`;
  write({ 'package.json': '{"type":"module"}' });
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

describe('bundle', () => {
  test('makes one file of a program, and another of what it imports on demand', async () => {
    write({
      'src/main.ts': `import { greet } from './greet.ts';
        void import('./bye.ts').then(({ bye }) => console.log(greet('you'), bye));`,
      'src/greet.ts': 'export const greet = (name: string): string => `Hello ${name}.`;',
      'src/bye.ts': "export const bye = 'Bye.';",
    });

    const files = await bundle({ root, entry: 'src/main.ts', out: `${root}dist` });
    rmSync(`${root}src`, { recursive: true });

    expect(files.toSorted()).toEqual(['src/bye.ts', 'src/greet.ts', 'src/main.ts']);
    expect(await run('dist/main.js')).toBe('Hello you. Bye.\n');
  });

  test('knows of each place of the program where the sources have it', async () => {
    write({
      'src/source-places.ts': SOURCE_PLACES,
      'src/main.ts': [
        "import { SourcePlaces } from './source-places.ts';",
        "import { ask } from './deep/ask.ts';",
        'interface Unused { readonly left: string }',
        'const stack = ask();',
        'console.log(new SourcePlaces().inStack(stack));',
      ].join('\n'),
      'src/deep/ask.ts': [
        '// a comment',
        'export function ask(): string {',
        '  const unused: number[] = [];',
        '  unused.push(1);',
        "  return new Error('why').stack ?? '';",
        '}',
      ].join('\n'),
    });

    await bundle({ root, entry: 'src/main.ts', out: `${root}dist` });

    const [, first, second] = (await run('dist/main.js')).split('\n');
    expect(first?.trim()).toBe('at ask (src/deep/ask.ts:5)');
    expect(second).toMatch(/\(src\/main\.ts:4\)$/);
  });

  test('makes of the server a program that needs no package beside it', async () => {
    const files = await bundle({ root: REPOSITORY, entry: 'src/main.ts', out: `${root}dist` });

    const help = readFileSync(join(REPOSITORY, 'test/golden/config/help.txt'), 'utf8');
    expect(await run('dist/main.js', '--help')).toBe(help);
    expect(files.filter((file) => LEFT_OUT.test(file))).toEqual([]);
  });
});

describe('layDownTerms', () => {
  test('copies what a package is and on what terms, and none of its code', () => {
    write({
      'node_modules/one/package.json': '{"name":"one","version":"1.0.0","license":"MIT"}',
      'node_modules/one/LICENSE.md': 'Do.',
      'node_modules/one/index.js': '',
      'node_modules/@a/two/package.json': '{"license":"Unlicense"}',
      'node_modules/@a/two/lib/x.js': '',
    });

    const files = ['src/main.ts', 'node_modules/one/index.js', 'node_modules/@a/two/lib/x.js'];
    const packages = layDownTerms({ root, files, out: `${root}dist` });

    expect(packages).toEqual([
      { folder: 'node_modules/@a/two', terms: [] },
      { folder: 'node_modules/one', terms: ['LICENSE.md'] },
    ]);
    expect(readFileSync(`${root}dist/node_modules/one/LICENSE.md`, 'utf8')).toBe('Do.');
    expect(() => readFileSync(`${root}dist/node_modules/one/index.js`)).toThrow('ENOENT');
  });

  test('refuses a package that does not say on what terms', () => {
    write({ 'node_modules/one/package.json': '{"name":"one"}', 'node_modules/one/index.js': '' });

    expect(() =>
      layDownTerms({ root, files: ['node_modules/one/index.js'], out: `${root}dist` }),
    ).toThrow('Cannot pass on node_modules/one: it has no licence, neither as a file nor by name');
  });
});
