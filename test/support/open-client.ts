import type { OpenRequest } from '../../src/kube/client.ts';
import { eventText, listEnd } from './watch-script.ts';
import type { EventLine } from './watch-script.ts';

/**
 * Stands in for the client of an informer, without a socket: one watch, into which events are put by hand.
 */
export class OpenClient {
  readonly requests: OpenRequest[] = [];
  /** Every call fails so, as long as it is there. */
  refusal: Error | undefined;
  private readonly waiting: (() => void)[] = [];
  private readonly ready: Uint8Array[] = [];

  open(request: OpenRequest): Promise<AsyncIterable<Uint8Array>> {
    this.requests.push(request);
    if (this.refusal) return Promise.reject(this.refusal);
    return Promise.resolve(this.body(request.signal));
  }

  /** Puts the events into the watch, and a bookmark that ends the list after them. */
  list(...events: readonly EventLine[]): void {
    this.put(...events, listEnd(1));
  }

  put(...events: readonly EventLine[]): void {
    this.ready.push(Buffer.from(eventText(events)));
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Whether everything has been read and the informer waits for more. */
  get idle(): boolean {
    return this.ready.length === 0 && this.waiting.length > 0;
  }

  private async *body(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    while (!signal.aborted) {
      const chunk = this.ready.shift();
      if (chunk) yield chunk;
      else await this.more(signal);
    }
    throw signal.reason;
  }

  private more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
  }
}
