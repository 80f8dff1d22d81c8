/** The promise's outcome, or the signal's reason as soon as it aborts: not everything that we wait for knows signals. */
export function untilAborted<Value>(pending: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', giveUp);
      reject(Error.isError(error) ? error : new Error(String(error)));
    };
    const giveUp = (): void => {
      fail(signal.reason);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    pending.then((value) => {
      signal.removeEventListener('abort', giveUp);
      resolve(value);
    }, fail);
  });
}
