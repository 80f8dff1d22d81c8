import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Children } from './children.ts';
import type { ClusterAddress } from './cluster-address.ts';
import type { FetchResult, Load, LoadResult, Question, Reply } from './load.ts';

/** The load client as we see it: a process of its own, which is asked one thing after the other. */
export class LoadClient {
  readonly #child: ChildProcess;
  /** Settles with the question before. */
  #former: Promise<unknown> = Promise.resolve();

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(
    children: Children,
    port: number,
    { admin }: Pick<ClusterAddress, 'admin'>,
  ): Promise<LoadClient> {
    const client = new LoadClient(children.startScript('load-client.ts', [], 'ipc'));
    await client.#ask({ kind: 'target', port, ...admin });
    return client;
  }

  /** Rejects when too much of it failed. */
  async load(load: Omit<Load, 'kind'>): Promise<LoadResult> {
    const reply = await this.#ask({ kind: 'load', ...load });
    if (reply.kind !== 'load') throw new Error(`Cannot measure: got an answer to ${reply.kind}`);
    return reply.result;
  }

  async fetch(path: string): Promise<FetchResult> {
    const reply = await this.#ask({ kind: 'fetch', path });
    if (reply.kind !== 'fetch') throw new Error(`Cannot measure: got an answer to ${reply.kind}`);
    return reply.result;
  }

  /** Of a list in JSON: names of nodes, and `namespace/name` of pods. Empty when it was not to be had. */
  async names(path: string): Promise<ReadonlySet<string>> {
    const reply = await this.#ask({ kind: 'names', path });
    if (reply.kind !== 'names') throw new Error(`Cannot measure: got an answer to ${reply.kind}`);
    return new Set(reply.result);
  }

  #ask(question: Question): Promise<Reply> {
    const reply = this.#former.then(() => this.#askNow(question));
    this.#former = reply.catch(() => undefined);
    return reply;
  }

  async #askNow(question: Question): Promise<Reply> {
    const ended = new AbortController();
    const gone = once(this.#child, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('Cannot measure: the load client ended early');
    });
    const message = once(this.#child, 'message', { signal: ended.signal }) as Promise<[Reply]>;
    // Whichever is not waited for any more is given up below.
    gone.catch(() => undefined);
    message.catch(() => undefined);
    this.#child.send(question);
    try {
      const [reply] = await Promise.race([message, gone]);
      if (reply.kind === 'failed') throw new Error(`Cannot measure: ${reply.message}`);
      return reply;
    } finally {
      ended.abort();
    }
  }
}
