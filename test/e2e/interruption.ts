import process from 'node:process';

/** What a shell says of a program that was ended by Ctrl-C. */
export const INTERRUPTED = 130;
/** One Ctrl-C may come twice: from the terminal, and from npm, which passes it on. */
const SAME_SIGNAL_MS = 500;
/** Until what is to end in good order is ended in haste. */
const LONGEST_END_MS = 30_000;

/** Somebody wants everything to end. The message is one sentence. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Aborts with the first signal, so that everything ends in good order; the next one ends this process, and what it
 * started, at once. So does patience, and output that nobody takes any more ends everything, too.
 */
export function signalOfUser(say: (line: string) => void): AbortSignal {
  const ending = new AbortController();
  let firstMs = 0;
  const end = (why: string): void => {
    if (ending.signal.aborted) {
      if (performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(INTERRUPTED);
      return;
    }
    firstMs = performance.now();
    setTimeout(() => process.exit(INTERRUPTED), LONGEST_END_MS).unref();
    ending.abort(new Interrupted(`Ended by ${why}`));
    say(`Ending everything after ${why} ...`);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      end(name);
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {
      if (!ending.signal.aborted) end('its output being closed');
    });
  }
  return ending.signal;
}

/** What is under way is left to itself once the signal aborts: everything that it speaks to ends then. */
export async function unlessAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
