// `npm run build`: makes of the sources what an image holds. `dist/main.js` is the server, `dist/simulator/main.js` the
// demo, each in a few files with all that it needs of its packages; `dist/node_modules` says which packages
// these are and on what terms.
import { rmSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle/bundle.ts';
import { layDownTerms } from './bundle/packages.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const out = `${root}dist`;

rmSync(out, { recursive: true, force: true });
const files = [
  ...(await bundle({ root, entry: 'src/main.ts', out })),
  ...(await bundle({ root, entry: 'src/simulator/main.ts', out: `${out}/simulator` })),
];
const packages = layDownTerms({ root, files, out });
process.stdout.write(
  `Built dist from ${files.length} files, ${packages.length} packages among them\n`,
);
