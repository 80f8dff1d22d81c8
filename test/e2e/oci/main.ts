// `node test/e2e/oci/main.ts [NAME...]`: builds the image without a daemon, tries it, and says where it is.
import process from 'node:process';
import { INTERRUPTED, signalOfUser } from '../interruption.ts';
import { leaveNothingBehind } from '../last-resort.ts';
import type { Check } from '../part.ts';
import { NoImageBuildError } from './carry-out.ts';
import { checkImage } from './image-checks.ts';
import { buildServerImage } from './server-image.ts';

const NO_BUILD = 3;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

leaveNothingBehind();
const signal = signalOfUser(say);

const check: Check = async (name, test) => {
  signal.throwIfAborted();
  try {
    await test();
    say(`ok      ${name}`);
  } catch (error) {
    say(`NOT OK  ${name}\n${(error as Error).message}`);
    process.exitCode = 1;
  }
};

try {
  const [name = 'metrics-server:0.1.0', ...others] = process.argv.slice(2);
  const image = await buildServerImage({ names: [name, ...others], env: process.env, signal, say });
  await checkImage(image, check);
  say([image.tar, ...image.names].join('\n'));
} catch (error) {
  // What was under way says only that it was ended.
  if (!(error instanceof NoImageBuildError) && !signal.aborted) throw error;
  process.stderr.write(`${((signal.aborted ? signal.reason : error) as Error).message}\n`);
  process.exitCode = signal.aborted ? INTERRUPTED : NO_BUILD;
}
