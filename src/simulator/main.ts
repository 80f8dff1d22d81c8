import { extname, resolve } from 'node:path';
import process from 'node:process';
import { systemClock } from '../clock.ts';
import { type DemoOptions, DemoUsageError, demoHelp, parseDemoOptions } from './demo-options.ts';
import { DemoError, runDemo } from './demo.ts';

/** Wrong words on the command line. */
const EXIT_USAGE = 2;
const EXIT_FAILURE = 1;
/** Everything ends within this time after a signal; the server has 3 s of it. */
const END_WITHIN_MS = 8000;

// No await: a bundle of scripts has none at its top.
void main(process.argv.slice(2)).then((exitCode) => {
  // Connections to clients that keep them open must not keep the demo.
  process.exit(exitCode);
});

async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = parseDemoOptions(argv);
    if (options.help) {
      process.stdout.write(demoHelp());
      return 0;
    }
    return await demo(options);
  } catch (error) {
    if (!(error instanceof DemoUsageError)) throw error;
    for (const problem of error.problems) process.stderr.write(`Error: ${problem}\n`);
    process.stderr.write('See npm run demo -- --help\n');
    return EXIT_USAGE;
  }
}

async function demo(options: DemoOptions): Promise<number> {
  const ending = new AbortController();
  const end = (): void => {
    if (ending.signal.aborted) return; // npm passes on what the terminal has sent already
    process.stderr.write('\nEnding ...\n');
    ending.abort();
    setTimeout(() => {
      process.stderr.write(`Error: the demo did not end within ${END_WITHIN_MS / 1000} s\n`);
      process.exit(EXIT_FAILURE);
    }, END_WITHIN_MS).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  // Whoever read what we show has gone (`npm run demo | head`).
  for (const stream of [process.stdout, process.stderr]) stream.on('error', end);
  try {
    await runDemo(options, {
      out: process.stdout,
      err: process.stderr,
      clock: systemClock,
      env: process.env,
      execPath: process.execPath,
      // Beside us as source or as built, whichever we are.
      serverEntry: resolve(import.meta.dirname, `../main${extname(import.meta.filename)}`),
      signal: ending.signal,
      atExit: (last) => process.on('exit', last),
    });
    return 0;
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    process.stderr.write(`Error: ${error.message}\n`);
    return EXIT_FAILURE;
  }
}
