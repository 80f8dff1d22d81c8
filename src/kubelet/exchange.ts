import type { Dispatcher } from 'undici';
import type { BodyBuffer } from './body-buffer.ts';

export interface Request {
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body of a 200. */
  readonly maxBytes: number;
}

export interface ResponseHead {
  readonly code: number;
  /** The words behind the code; '' when there are none. */
  readonly text: string;
  /** Lower case and without parameters; '' when the kubelet names none. */
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** How far it came. `handshaking`: TCP is there, TLS is not; `waiting`: for the first bytes of the answer. */
export type Stage = 'connecting' | 'handshaking' | 'waiting' | 'reading';

/** The body is, or says that it will be, longer than the limit. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** Of a refusal, which is only quoted. */
const REFUSAL_BYTES = 4096;

/**
 * One GET and its whole answer, from the moment it is queued. A signal that aborts ends it wherever it is;
 * undici alone would look at it only once it is connected.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  stage: Stage = 'connecting';
  readonly #request: Request;
  readonly #body: BodyBuffer;
  readonly #signal: AbortSignal;
  readonly #outcome = Promise.withResolvers<ResponseHead>();
  #isOver = false;
  #head: ResponseHead | undefined;
  #maxBytes = 0;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(request: Request, body: BodyBuffer, signal: AbortSignal) {
    this.#request = request;
    this.#body = body;
    this.#signal = signal;
  }

  /**
   * Resolves when the body is complete in the buffer; of a refusal, its beginning. Rejects with the
   * signal's reason, with TooLargeError, or with the transport's error. Nothing is written to the buffer afterwards.
   */
  run(dispatcher: Dispatcher): Promise<ResponseHead> {
    const { path, headers } = this.#request;
    if (this.#signal.aborted) this.#onAbort();
    else {
      this.#signal.addEventListener('abort', this.#onAbort, { once: true });
      dispatcher.dispatch({ path, method: 'GET', headers }, this);
    }
    return this.#outcome.promise;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up while another exchange held the connection.
    if (this.#isOver) controller.abort(new Error('given up'));
    else this.stage = 'waiting';
  }

  /** Called for 1xx as well; the last one counts. */
  onResponseStart(
    _controller: Dispatcher.DispatchController,
    code: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    text = '',
  ): void {
    if (this.#isOver) return;
    this.stage = 'reading';
    this.#head = {
      code,
      text,
      contentType: mediaType(headers['content-type']),
      contentEncoding: mediaType(headers['content-encoding']),
    };
    const { maxBytes } = this.#request;
    this.#maxBytes = code === 200 ? maxBytes : REFUSAL_BYTES;
    const announced = Number(first(headers['content-length']));
    if (code === 200 && announced > maxBytes) this.#fail(new TooLargeError('Too large'));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    const room = this.#maxBytes - this.#body.length;
    if (chunk.length <= room) {
      this.#body.append(chunk);
    } else if (this.#head?.code === 200) {
      this.#fail(new TooLargeError('Too large'));
    } else {
      this.#body.append(chunk.subarray(0, room));
      this.#succeed();
      this.#controller?.abort(new Error('read enough'));
    }
  }

  onResponseEnd(): void {
    if (!this.#isOver) this.#succeed();
  }

  /** undici gives its own errors and the reasons that we aborted with. */
  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(error);
  }

  #succeed(): void {
    if (!this.#head) {
      this.#fail(new Error('an answer without a status'));
      return;
    }
    this.#end();
    this.#outcome.resolve(this.#head);
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end();
    const reason = Error.isError(error) ? error : new Error(String(error));
    this.#outcome.reject(reason);
    this.#controller?.abort(reason); // which breaks the connection off: more may be under way
  }

  #end(): void {
    this.#isOver = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal.reason);
  };
}

function mediaType(header: string | string[] | undefined): string {
  const line = first(header);
  const end = line.indexOf(';');
  return (end < 0 ? line : line.slice(0, end)).trim().toLowerCase();
}

function first(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
