import type { BodyBuffer } from './body-buffer.ts';
import { ExchangeError, type Stage } from './exchange-error.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseReader } from './response-reader.ts';

export interface Request {
  /** As it is written, a character a byte (request-text.ts). */
  readonly text: string;
  /** Of the body of a 200. */
  readonly maxBytes: number;
}

/** One GET and its answer, from the moment it is queued. It ends once, and writes nothing into the buffer then. */
export class Exchange {
  readonly request: Request;
  stage: Stage = 'connecting';
  /** Whether it is on a connection that has served before and may have died since. */
  isOnKept = false;
  reader: ResponseReader;
  readonly #body: BodyBuffer;
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;
  readonly #outcome = Promise.withResolvers<ResponseHead>();

  /** `onAbort` is called when the signal aborts before the end. */
  constructor(
    request: Request,
    body: BodyBuffer,
    signal: AbortSignal,
    onAbort: (exchange: Exchange) => void,
  ) {
    this.request = request;
    this.#body = body;
    this.#signal = signal;
    // Bound, and no closure: what keeps a closure of its own outlives young collections (docs/benchmarks.md).
    this.#onAbort = onAbort.bind(undefined, this);
    this.reader = this.#newReader();
    signal.addEventListener('abort', this.#onAbort);
  }

  /**
   * Resolves when the body is complete in the buffer; of a refusal, its beginning. Rejects with ExchangeError, whose
   * cause is the signal's reason, TooLargeError, HttpError, ClosedError or the transport's error.
   */
  get outcome(): Promise<ResponseHead> {
    return this.#outcome.promise;
  }

  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Begins it, or begins it again. */
  begin(isOnKept: boolean): void {
    this.stage = 'waiting';
    this.isOnKept = isOnKept;
    this.reader = this.#newReader();
  }

  succeed(): void {
    this.#end();
    this.#outcome.resolve(this.reader.head);
  }

  fail(cause: unknown, stage = this.stage): void {
    this.#end();
    this.#outcome.reject(new ExchangeError(cause, stage, this.#body.length));
  }

  #newReader(): ResponseReader {
    this.#body.clear();
    return new ResponseReader(this.#body, this.request.maxBytes);
  }

  #end(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}
