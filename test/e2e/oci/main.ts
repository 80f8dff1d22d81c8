// `node test/e2e/oci/main.ts [NAME...]`: builds the image without a daemon, tries it, and says where it is.
import process from 'node:process';
import { Tally } from '../tally.ts';
import { NoImageBuildError } from './carry-out.ts';
import { checkImage } from './image-checks.ts';
import { buildServerImage } from './server-image.ts';

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    ending.abort(new Error(`Ended by ${name}`));
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  const [name = 'metrics-server:0.1.0', ...others] = process.argv.slice(2);
  const { env } = process;
  const { signal } = ending;
  const image = await buildServerImage({ names: [name, ...others], env, signal, say });
  const tally = new Tally(say, signal);
  await checkImage(image, tally.check);
  say([image.tar, ...image.names].join('\n'));
  process.exitCode = tally.failed === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof NoImageBuildError) && !ending.signal.aborted) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 3;
}
