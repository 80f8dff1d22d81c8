// `node test/e2e/oci/main.ts [NAME...]`: builds the image without a daemon, tries it, and says where it is.
import process from 'node:process';
import type { Check } from '../part.ts';
import { NoImageBuildError } from './carry-out.ts';
import { checkImage } from './image-checks.ts';
import { buildServerImage } from './server-image.ts';

const NO_BUILD = 3;
/** What a shell says of a program that was ended by Ctrl-C. */
const INTERRUPTED = 130;
const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    ending.abort(new Error(`Ended by ${name}`));
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const check: Check = async (name, test) => {
  try {
    await test();
    say(`ok      ${name}`);
  } catch (error) {
    ending.signal.throwIfAborted();
    say(`NOT OK  ${name}\n${(error as Error).message}`);
    process.exitCode = 1;
  }
};

try {
  const [name = 'metrics-server:0.1.0', ...others] = process.argv.slice(2);
  const { env } = process;
  const { signal } = ending;
  const image = await buildServerImage({ names: [name, ...others], env, signal, say });
  await checkImage(image, check);
  say([image.tar, ...image.names].join('\n'));
} catch (error) {
  // What was under way says only that it was ended.
  const { aborted } = ending.signal;
  if (!(error instanceof NoImageBuildError) && !aborted) throw error;
  process.stderr.write(`${((aborted ? ending.signal.reason : error) as Error).message}\n`);
  process.exitCode = aborted ? INTERRUPTED : NO_BUILD;
}
