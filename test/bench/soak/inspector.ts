import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const OPEN_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 120_000;

/** What lives in a process after a garbage collection, in bytes. */
export interface LiveHeap {
  readonly used: number;
  /** Of array buffers, beside the heap. */
  readonly backing: number;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly chunk?: string };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/**
 * The inspector of a running Node, opened by SIGUSR1. It must have been started with `--inspect-port=0`, or the
 * port is Node's own, which somebody else may have. To be closed.
 */
export class Inspector implements Disposable {
  private readonly socket: WebSocket;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private chunkTo: number | undefined;
  private last = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener('message', ({ data }) => {
      this.receive(JSON.parse(String(data)) as Reply);
    });
  }

  /** @param readLog what the process has written to standard error so far: there it tells where it listens */
  static async open(pid: number, readLog: () => Promise<string>): Promise<Inspector> {
    process.kill(pid, 'SIGUSR1');
    const deadlineMs = performance.now() + OPEN_WITHIN_MS;
    for (;;) {
      const [, url] = /Debugger listening on (ws:\S+)/.exec(await readLog()) ?? [];
      if (url !== undefined) return new Inspector(await connected(url));
      if (performance.now() > deadlineMs) throw new Error('Cannot look inside: no inspector');
      await sleep(100);
    }
  }

  /** Collects garbage first, so that only what is still referred to counts. */
  async liveHeap(): Promise<LiveHeap> {
    await this.call('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize } = await this.call('Runtime.getHeapUsage');
    return { used: Number(usedSize), backing: Number(backingStorageSize) };
  }

  /** Writes a heap snapshot, as the developer tools of a browser read it. The process stands still meanwhile. */
  async writeSnapshot(file: number): Promise<void> {
    this.chunkTo = file;
    await this.call('HeapProfiler.enable');
    await this.call('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
    await this.call('HeapProfiler.disable');
    this.chunkTo = undefined;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }

  private call(method: string, params = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.last;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`Cannot look inside: no answer to ${method}`));
      }, ANSWER_WITHIN_MS);
      this.waiting.set(id, ({ result = {}, error }) => {
        clearTimeout(late);
        if (error) reject(new Error(`Cannot look inside: ${method}: ${error.message}`));
        else resolve(result);
      });
    });
  }

  private receive(reply: Reply): void {
    if (reply.method === 'HeapProfiler.addHeapSnapshotChunk' && this.chunkTo !== undefined) {
      writeSync(this.chunkTo, reply.params?.chunk ?? '');
    }
    if (reply.id === undefined) return;
    this.waiting.get(reply.id)?.(reply);
    this.waiting.delete(reply.id);
  }
}

async function connected(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => {
      reject(new Error(`Cannot look inside: nobody answers at ${url}`));
    });
  });
  return socket;
}
