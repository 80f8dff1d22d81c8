import type { Clock } from '../clock.ts';
import { Deadline, pause } from './deadline.ts';
import { KubeError } from './kube-error.ts';

/** What asking for a review needs of the client. */
export interface ReviewClient {
  post(
    path: string,
    object: object,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<unknown>;
}

/** Counts single attempts. `code` is the HTTP status, or `<error>` without one. */
export interface ReviewInstruments {
  reviewed(code: string, seconds: number): void;
}

export interface ReviewOptions {
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive), as Math.random. */
  readonly random: () => number;
  readonly instruments: ReviewInstruments;
}

interface Question {
  readonly path: string;
  readonly body: object;
  /** For one attempt. */
  readonly attemptTimeoutMs: number;
  /** For all of them and the pauses in between. */
  readonly timeoutMs: number;
  /** When nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined;
}

/** As upstream's webhooks: five attempts, 4 to 5 s in all. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
const PAUSE_FACTOR = 1.5;
const PAUSE_JITTER = 0.2;

/**
 * Creates a review and returns it as answered. Asks again when the failure says that it may pass: an internal
 * error, a timeout of the server, too many requests, a Retry-After, or a connection that broke.
 *
 * @throws KubeError of the last attempt.
 */
export async function askReview(
  client: ReviewClient,
  question: Question,
  options: ReviewOptions,
): Promise<unknown> {
  const { path, body, attemptTimeoutMs, timeoutMs } = question;
  using deadline = new Deadline(
    timeoutMs,
    question.signal,
    () =>
      new KubeError(`kube-apiserver gave no review within ${timeoutMs} ms`, { kind: 'timeout' }),
  );
  const { signal } = deadline;
  for (let attempt = 1; ; attempt++) {
    try {
      return await counted(options, () =>
        client.post(path, body, { timeoutMs: attemptTimeoutMs, signal }),
      );
    } catch (error) {
      if (attempt === ATTEMPTS || signal.aborted || !mayPass(error)) throw error;
      await pause(pauseMs(attempt, error, options.random), signal);
      signal.throwIfAborted();
    }
  }
}

function pauseMs(attempt: number, error: KubeError, random: () => number): number {
  const ownMs = FIRST_PAUSE_MS * PAUSE_FACTOR ** (attempt - 1) * (1 + random() * PAUSE_JITTER);
  return Math.max(ownMs, error.retryAfterMs ?? 0);
}

function mayPass(error: unknown): error is KubeError {
  if (!(error instanceof KubeError)) return false;
  if (error.kind === 'reset' || error.retryAfterMs !== undefined) return true;
  return (
    error.kind === 'status' &&
    (error.reason === 'InternalError' || [500, 504, 429].includes(error.status))
  );
}

async function counted<Answer>(
  { clock, instruments }: ReviewOptions,
  attempt: () => Promise<Answer>,
): Promise<Answer> {
  const startMs = clock.monotonicMs();
  let code = '<error>';
  try {
    const answer = await attempt();
    code = '201';
    return answer;
  } catch (error) {
    if (error instanceof KubeError && error.status !== 0) code = String(error.status);
    throw error;
  } finally {
    instruments.reviewed(code, (clock.monotonicMs() - startMs) / 1000);
  }
}
