import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from './clock.ts';
import { sparingCompilers } from './compilers.ts';
import { yieldingWorkers } from './worker-priority.ts';
import type { Config } from './config/config.ts';
import { helpText } from './config/help.ts';
import { parseOptions } from './config/options.ts';
import { toConfig } from './config/to-config.ts';
import { UsageError } from './config/usage-error.ts';
import { createLogger, errorText, isBug, pinoFor } from './log.ts';
import { runServer } from './server.ts';

const EXIT_FAILURE = 1;
/** What the command line names cannot be used; the Go server ends with the same code. */
const EXIT_USAGE = 2;
/**
 * V8 collects its heap when it has grown by so much since the last time. Left alone it lets a heap of this size grow to twice
 * what lives in it, which after some lists of 30,000 pods was 100 MB of garbage; docs/benchmarks.md.
 */
const HEAP_GROWTH_PERCENT = 20;

// No await: a bundle of scripts has none at its top.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

async function main(argv: readonly string[]): Promise<number> {
  let config: Config;
  try {
    const options = parseOptions(argv);
    if (options.help) return print(helpText());
    if (options.version) return print(`v${packageVersion()}\n`);
    config = toConfig(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const lines = error.problems.map((problem) => `Error: ${problem}\n`);
    process.stderr.write(`${lines.join('')}Run with --help for all flags.\n`);
    return EXIT_USAGE;
  }
  return serve(config);
}

async function serve(config: Config): Promise<number> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  // Where a few objects of one place in the code have lived long, V8 makes all of that place old from birth. What belongs to
  // a request and is old keeps the rest of the request alive after its end: each costs nearly twice as much then, for good.
  setFlagsFromString('--no-allocation-site-pretenuring');
  const log = createLogger(
    config.logging,
    (line) => process.stderr.write(line),
    await pinoFor(config.logging),
  );
  const start = { isOver: false };
  const useCompilers = sparingCompilers();
  const lowerWorkers = yieldingWorkers(log);
  try {
    await runServer(
      config,
      {
        log,
        clock: systemClock,
        env: process.env,
        readFile: (path) => readFile(path, 'utf8'),
        platform: { name: process.platform, arch: process.arch, node: process.versions.node },
        version: packageVersion(),
        onListening: () => {
          start.isOver = true;
        },
        onNodes: (nodes) => {
          useCompilers(nodes);
          lowerWorkers(nodes);
        },
      },
      endSignal(),
    );
    return 0;
  } catch (err) {
    if (!start.isOver && !isBug(err)) {
      process.stderr.write(`Error: ${errorText(err)}\n`);
      return EXIT_USAGE;
    }
    log.error({ err }, 'Could not run the server');
    return EXIT_FAILURE;
  }
}

/** Aborts at the first SIGTERM or SIGINT; the second one ends the process at once. */
function endSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT_FAILURE);
      controller.abort();
    });
  }
  return controller.signal;
}

/** package.json stands beside src and beside dist. */
function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
