import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/**
 * Tries again until it no longer throws, and returns what it returned. Rejects with its last complaint, or with the
 * reason of the signal.
 */
export async function eventually<Result>(
  withinMs: number,
  attempt: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      signal?.throwIfAborted();
      if (performance.now() > endMs) {
        const message = Error.isError(cause) ? cause.message : String(cause);
        throw new Error(`Not so within ${withinMs / 1000} s: ${message}`, { cause });
      }
    }
    await sleep(POLL_MS);
  }
}
