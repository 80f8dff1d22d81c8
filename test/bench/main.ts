// `npm run bench`: see options.ts, or --help.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { Interrupted, INTERRUPTED, signalOfUser, unlessAborted } from '../e2e/interruption.ts';
import { leaveNothingBehind } from '../e2e/last-resort.ts';
import { takeResults } from '../support/results.ts';
import { isKept, sentenceOf } from './bounds.ts';
import { machine } from './machine.ts';
import { withBlock } from './markdown.ts';
import { MICRO_BENCHES } from './micro.ts';
import { HELP, type Options, PARTS, UsageError, parseOptions } from './options.ts';
import { runCompare, runQuick } from './run-compare.ts';
import { runSoak } from './soak/run-soak.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
/** A bound, or a figure that was served. */
const EXIT_BROKEN = 1;
const EXIT_CODES = [
  [UsageError, 2],
  [Interrupted, INTERRUPTED],
] as const;

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
  else if (line !== '' && !/, \d+ s left$/.test(line)) process.stderr.write(`${line}\n`);
}

function say(text: string): void {
  progress('');
  process.stdout.write(text);
}

/** Tells the report, and puts it into the document where that is asked for, in the form that the project's check wants. */
async function publish(block: string, report: string, { write }: Options): Promise<void> {
  say(`${report}\n`);
  if (!write) return;
  const text = withBlock(readFileSync(DOCUMENT, 'utf8'), block, report);
  const style = await resolveConfig(DOCUMENT);
  writeFileSync(DOCUMENT, await format(text, { ...style, filepath: DOCUMENT }));
}

async function microBenches({ parts }: Options): Promise<string> {
  const sections = [machine()];
  for (const name of parts.length === 0 ? PARTS : parts) {
    sections.push((await MICRO_BENCHES.get(name)?.(progress)) ?? '');
  }
  return sections.join('\n\n');
}

/** Whether all bounds were kept. */
async function quickBench(options: Options, signal: AbortSignal): Promise<boolean> {
  const leaveResults = takeResults(process.env);
  const { report, bounds } = await unlessAborted(runQuick(options, progress), signal);
  say(`${report}\n\n`);
  const broken = bounds.filter((bound) => !isKept(bound));
  for (const bound of broken) say(`Broken at ${bound.size}: ${sentenceOf(bound)}\n`);
  const counts = { passed: bounds.length - broken.length, failed: broken.length };
  leaveResults(counts);
  say(`${counts.passed} passed, ${counts.failed} failed\n`);
  return broken.length === 0;
}

async function main([first, ...words]: readonly string[]): Promise<number> {
  if (first === 'soak') {
    leaveNothingBehind();
    return (await unlessAborted(runSoak(words, progress, say), signalOfUser(progress))) ? 0 : 1;
  }
  const options = parseOptions(first === undefined ? words : [first, ...words]);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  leaveNothingBehind();
  const signal = signalOfUser((line) => {
    progress(line);
  });
  if (options.quick) return (await quickBench(options, signal)) ? 0 : EXIT_BROKEN;
  if (options.compare !== undefined) {
    const compared = await unlessAborted(runCompare(options, progress, say), signal);
    await publish('compare', compared.report, options);
    if (compared.hasWrongFigures) return EXIT_BROKEN;
  }
  if (options.compare === undefined || options.parts.length > 0) {
    await publish('bench', await unlessAborted(microBenches(options), signal), options);
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const code = EXIT_CODES.find(([kind]) => error instanceof kind)?.[1];
  process.stderr.write(
    `${code === undefined && error instanceof Error ? (error.stack ?? '') : (error as Error).message}\n`,
  );
  // What was left to itself may still wait for something.
  process.exit(code ?? 1);
}
