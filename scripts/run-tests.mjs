// `npm test`: jest, as ES modules. Some tests let a program judge that we did not write, the real kubectl,
// OpenSSL or promtool; on a machine without one they are left out, aloud. In CI a missing one is a failure.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const NEEDS = new Map([
  ['kubectl', /support\/kubectl\.ts'|'kubectl'/],
  ['openssl', /'openssl'/],
  ['promtool', /'promtool'/],
]);

const testFiles = readdirSync(new URL('test/', root), { recursive: true })
  .map((name) => String(name).replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.test.ts'));

const leftOut = [];
for (const [program, pattern] of NEEDS) {
  if (spawnSync(program, ['version'], { stdio: 'ignore' }).error?.code !== 'ENOENT') continue;
  const files = testFiles.filter((name) =>
    pattern.test(readFileSync(new URL(`test/${name}`, root), 'utf8')),
  );
  process.stderr.write(
    `There is no ${program} on PATH: left out what it judges, ${files.length} test files:\n` +
      files.map((name) => `  test/${name}\n`).join(''),
  );
  leftOut.push(...files);
}
if (leftOut.length > 0 && process.env.CI === 'true') {
  process.stderr.write('In CI every test has to run: install what is missing\n');
  process.exit(1);
}
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(new URL('node_modules/jest/bin/jest.js', root)),
    ...process.argv.slice(2),
    ...leftOut.map((name) => `--testPathIgnorePatterns=/test/${name.replaceAll('.', '\\.')}$`),
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
