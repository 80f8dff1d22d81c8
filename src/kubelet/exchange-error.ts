/** How far it came. `handshaking`: TCP is there, TLS is not; `waiting`: for the first bytes of the answer. */
export type Stage = 'connecting' | 'handshaking' | 'waiting' | 'reading';

/** What broke, and how far the exchange had come by then. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly stage: Stage;
  /** Of the body. */
  readonly receivedBytes: number;

  constructor(cause: unknown, stage: Stage, receivedBytes: number) {
    super(`Broke while ${stage}`, { cause });
    this.stage = stage;
    this.receivedBytes = receivedBytes;
  }
}

/** The body is, or says that it will be, longer than the limit. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** What came is no answer as HTTP/1.1 has it, or could be understood in two ways. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
}

/** The connection ended before the answer did, and nobody said why. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
}
