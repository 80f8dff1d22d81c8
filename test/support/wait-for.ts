/** Until something counts as never: longer than a busy machine stands still, shorter than a test may take. */
const NEVER_MS = 20_000;

/** Waits until the condition holds, looking at it every few ms. Fails when it never does. */
export async function waitFor(condition: () => boolean, timeoutMs = NEVER_MS): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > endMs)
      throw new Error(`Not so within ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Asks again until the answer is right, and returns it. Fails with the last one when it never is. */
export async function until<Answer>(
  ask: () => Promise<Answer>,
  isRight: (answer: Answer) => boolean,
  timeoutMs = NEVER_MS,
): Promise<Answer> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (performance.now() > endMs) {
      const last = JSON.stringify(answer).slice(0, 1_000);
      throw new Error(`Not so within ${timeoutMs} ms: ${isRight.toString()}, last ${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
