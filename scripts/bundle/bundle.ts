import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, transform } from 'esbuild';
import { placesOf } from './places.ts';
import { trimming } from './trimming.ts';

const TARGET = 'node26';
/** Enough for a statement, and little enough for a terminal: Node shows the whole line of an uncaught error. */
const LINE_LIMIT = 200;

const DEFINED = {
  // What Express asks for: less work for each request.
  'process.env.NODE_ENV': '"production"',
  // undici's own word for a bundle: its second, experimental parser stays out.
  esbuildDetection: 'true',
};

/** What a module is told of itself, in the words of a script. */
const OF_SCRIPT = {
  'import.meta.dirname': '__dirname',
  'import.meta.filename': '__filename',
  'import.meta.url': 'urlOfScript',
};
const URL_OF_SCRIPT = "const urlOfScript = require('node:url').pathToFileURL(__filename).href;";

export interface Bundle {
  /** The folder of package.json, with a separator at its end. */
  readonly root: string;
  /** The program's first file, below the root. */
  readonly entry: string;
  /** The folder for `main.js`, the files that it loads when it needs them, and the places of both. */
  readonly out: string;
}

/**
 * Makes one file of a program and its packages, and another of each part that it imports on demand. Names stay, so
 * that stack traces can be read; comments and white space go, since V8 keeps the text of what it has loaded.
 *
 * They are scripts and no modules: a module that imports `node:http` makes Node load all that this could ever give
 * (fetch, HTTP/2, WebSocket), 14 MB more than what a script loads by `require`. esbuild splits modules only, so it makes
 * modules first.
 * @returns the files that it was made of, below the root
 */
export async function bundle({ root, entry, out }: Bundle): Promise<string[]> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir: out,
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: TARGET,
    minifySyntax: true,
    sourcemap: 'inline',
    sourcesContent: false,
    define: DEFINED,
    plugins: [trimming(root)],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  mkdirSync(out, { recursive: true });
  // package.json above says that scripts are modules.
  writeFileSync(join(out, 'package.json'), '{"type":"commonjs"}\n');
  for (const { path, text } of outputFiles) {
    const script = await scriptOf(text, basename(path));
    writeFileSync(path, script.code);
    writeFileSync(`${path}.places`, placesOf(script.map));
  }
  return Object.keys(metafile.inputs);
}

/** @param text a module with its map */
function scriptOf(text: string, name: string): Promise<{ code: string; map: string }> {
  return transform(text, {
    sourcefile: name,
    platform: 'node',
    format: 'cjs',
    target: TARGET,
    supported: { 'dynamic-import': false },
    define: OF_SCRIPT,
    banner: text.includes('import.meta.url') ? URL_OF_SCRIPT : '',
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: LINE_LIMIT,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'warning',
  });
}
