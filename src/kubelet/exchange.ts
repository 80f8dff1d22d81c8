import type { Dispatcher } from 'undici';
import { KubeletError } from './kubelet-error.ts';

export interface Request {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body, headers not counted. */
  readonly maxBytes: number;
}

export interface Response {
  readonly code: number;
  readonly text: string;
  /** Lower case and without parameters; '' when the kubelet names none. */
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: Buffer;
}

/**
 * One GET and its whole answer. Rejects with the signal's reason as soon as it aborts, also while the
 * connection is being made (undici alone looks at a signal only afterwards).
 *
 * @throws KubeletError `too-large`; the transport's own errors as they are.
 */
export function exchange(
  agent: Dispatcher,
  request: Request,
  signal: AbortSignal,
): Promise<Response> {
  const { origin, path, headers } = request;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(asError(signal.reason));
      return;
    }
    const reading = new Reading(request, signal, { resolve, reject });
    agent.dispatch({ origin, path, method: 'GET', headers }, reading);
  });
}

interface Settlers {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

class Reading implements Dispatcher.DispatchHandler {
  readonly #request: Request;
  readonly #signal: AbortSignal;
  readonly #settlers: Settlers;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #head: Omit<Response, 'body'> | undefined;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(request: Request, signal: AbortSignal, settlers: Settlers) {
    this.#request = request;
    this.#signal = signal;
    this.#settlers = settlers;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) controller.abort(asError(this.#signal.reason));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    code: number,
    headers: Record<string, string | string[] | undefined>,
    text = '',
  ): void {
    this.#head = {
      code,
      text,
      contentType: mediaType(headers['content-type']),
      contentEncoding: mediaType(headers['content-encoding']),
    };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#request.maxBytes) {
      this.#chunks.push(chunk);
      return;
    }
    controller.abort(new KubeletError('too-large', `more than ${this.#request.maxBytes} bytes`));
  }

  onResponseEnd(): void {
    this.#end();
    if (this.#head) this.#settlers.resolve({ ...this.#head, body: Buffer.concat(this.#chunks) });
    else this.#settlers.reject(new KubeletError('decode', 'an answer without a status'));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#settlers.reject(error);
  }

  readonly #onAbort = (): void => {
    const reason = asError(this.#signal.reason);
    this.#controller?.abort(reason);
    this.#settlers.reject(reason);
  };

  #end(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}

function mediaType(header: string | string[] | undefined): string {
  const [line = ''] = [header ?? ''].flat();
  return (line.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
