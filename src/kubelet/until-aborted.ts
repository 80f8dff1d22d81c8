/** The promise's outcome, or the signal's reason as soon as it aborts: not everything that we wait for knows signals. */
export function untilAborted<Value>(pending: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    // Bound, and no closure, as in exchange.ts.
    const giveUp = rejectFor.bind(undefined, signal, reject);
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', giveUp);
      reject(asError(error));
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    pending.then((value) => {
      signal.removeEventListener('abort', giveUp);
      resolve(value);
    }, fail);
  });
}

function rejectFor({ reason }: AbortSignal, reject: (error: Error) => void): void {
  reject(asError(reason));
}

function asError(reason: unknown): Error {
  return Error.isError(reason) ? reason : new Error(String(reason));
}
