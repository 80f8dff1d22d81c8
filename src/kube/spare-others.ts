import { setImmediate as nextTurn } from 'node:timers/promises';

/** After so long, and the rest of a chunk, others have their turn. */
const LONGEST_MS = 5;
/** Chunks that are there come sooner one after another, as a rule: others have had a turn then. */
const PAUSE_MS = 1;

/**
 * Passes the chunks of a body on, and lets others have the event loop now and then while there are more. Without that, a
 * list is worked through in one piece as fast as it comes: between two reads of one socket only promises have their turn,
 * and there may be 32 reads of 64 kB.
 */
export async function* sparingOthers(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let beganMs = 0;
  let endedMs = Number.NEGATIVE_INFINITY;
  for await (const chunk of body) {
    const nowMs = performance.now();
    if (nowMs - endedMs > PAUSE_MS) beganMs = nowMs;
    yield chunk;
    endedMs = performance.now();
    if (endedMs - beganMs < LONGEST_MS) continue;
    await nextTurn();
    beganMs = endedMs = performance.now();
  }
}
