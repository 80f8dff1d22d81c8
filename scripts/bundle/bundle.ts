import { mkdirSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { reducedMap } from './reduced-map.ts';
import { trimming } from './trimming.ts';

/** Enough for a statement, and little enough for a terminal: Node shows the whole line of an uncaught error. */
const LINE_LIMIT = 200;

/** CommonJS packages ask for Node's own modules by `require`, which a module does not have. */
const REQUIRE = `import { createRequire as requireOfBundle } from 'node:module';
const require = requireOfBundle(import.meta.url);`;

export interface Bundle {
  /** The folder of package.json, with a separator at its end. */
  readonly root: string;
  /** The program's first file, below the root. */
  readonly entry: string;
  /** The folder for `main.js`, the files that it loads when it needs them, and their maps. */
  readonly out: string;
}

/**
 * Makes one file of a program and its packages, and another of each part that it imports on demand. Names stay, so
 * that stack traces can be read; comments and white space go, since V8 keeps the text of what it has loaded.
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
    target: 'node26',
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: LINE_LIMIT,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    banner: { js: REQUIRE },
    plugins: [trimming(root)],
    // What Express asks for: less work for each request.
    define: { 'process.env.NODE_ENV': '"production"' },
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  mkdirSync(out, { recursive: true });
  for (const { path, text } of outputFiles) {
    writeFileSync(path, path.endsWith('.map') ? reducedMap(text) : text);
  }
  return Object.keys(metafile.inputs);
}
